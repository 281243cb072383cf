"""What the knowledge costs the chat: `python -m bench.indexing [--jobs 500] [--rounds 8]`.

Customers are answered with passages to rest on while several hundred passages wait for their
vectors. In every other round the indexer is held still, so that both halves meet the same weather
on the machine. What counts is how long a customer waits for the first text. The processes share
the cores as they do on a small machine; only the load generator has one to itself.
"""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

import psycopg

from bench import relay, run, servers
from bench.load import percentiles, run_loop
from deploy import services

STREAMS = 20
SECONDS = 6.0

FILL = """
from accounts.models import Role, User
from accounts.viewer import Viewer
from llm.knowledge import actions
ada, _ = User.objects.get_or_create(username="bench-admin", defaults={{"role": Role.ADMIN}})
viewer, passages = Viewer.of(ada), {jobs}
words = "parcel refund tent boots delivery invoice exchange warranty size colour stock".split()
def section(n):
    said = " ".join(words[(n * k) % len(words)] for k in range(1, 60))
    return f"## Part {{n}}\\n\\nAbout {{said}} number {{n}}.\\n\\n"
for start in range(0, passages, 100):
    body = "".join(section(n) for n in range(start, min(start + 100, passages)))
    made = actions.create_article(viewer=viewer, title=f"Volume {{start}}", body=body)
    actions.publish_article(viewer=viewer, article_id=made.pk)
"""
WAITING = "SELECT count(*) FROM knowledge_indexjob"


def waiting(on: run.Stage) -> int:
    """How many passages have no vector yet."""
    with psycopg.connect(on.own.database_url) as database:
        row = database.execute(WAITING).fetchone()
    return int(row[0]) if row else 0


def main() -> None:
    """Measure and print; exit status 1 when an answer did not end well or the jobs ran out."""
    parser = argparse.ArgumentParser(prog="python -m bench.indexing", description=__doc__)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the servers are ended too
    with run.stage() as on:
        index = services.Chroma(Path(on.home) / "chroma")
        index.start()
        try:
            faults = measure(on, {**on.env, "CHROMA_URL": index.url}, options.jobs, options.rounds)
        finally:
            index.stop()
    sys.exit(1 if faults else 0)


def measure(on: run.Stage, env: dict[str, str], jobs: int, rounds: int) -> int:
    """Run both halves in turn; returns the faults."""
    argv = [sys.executable, "-m", "bench.upstream", str(on.endpoint)]
    embed = [*servers.CELERY, "worker", "--pool", "threads", "--concurrency", "1"]
    embed += ["--queues", "embed", "--hostname", "indexer@%h", "--loglevel", "INFO"]
    endpoint = servers.Process("endpoint", argv, home=on.home, env={}, core=on.other_core)
    web = servers.product("web", home=on.home, env=env)
    worker = servers.worker("worker", home=on.home, env=env)
    indexer = servers.Worker("indexer", embed, home=on.home, env=env)
    servers.manage("knowledge_seed", env=env)
    halves: dict[str, list[float]] = {"in peace": [], "busy": []}
    faults = 0
    with run.started(endpoint, web, worker, indexer):
        if on.other_core is not None:
            os.sched_setaffinity(0, {on.other_core})
        seats = on.seats(STREAMS, "assistant")
        while waiting(on):
            time.sleep(0.5)
        run_loop(relay.through_platform(web.ws, seats, seconds=2))
        run.row("indexer", "passages waiting", "answers/s", "first text ms p50/p95/p99")
        for number in range(2 * rounds):
            half = "busy" if number % 2 else "in peace"
            indexer.kill(signal.SIGSTOP)
            servers.manage("shell", "-v", "0", "-c", FILL.format(jobs=jobs - waiting(on)), env=env)
            if half == "busy":
                indexer.kill(signal.SIGCONT)
            found = run_loop(relay.through_platform(web.ws, seats, seconds=SECONDS))
            left = waiting(on)
            run.row(half, f"{jobs} to {left}", f"{found.rate:.1f}", run.triple(found.of("first")))
            halves[half] += found.first
            faults += sum(found.faults.values())
            if not left:
                run.say("  (the jobs ran out before the end)")
                faults += 1
        indexer.kill(signal.SIGCONT)
    peace, busy = (percentiles(first) for first in halves.values())
    for half, first in (("in peace", peace), ("busy", busy)):
        run.row(f"all rounds, {half}", len(halves[half]), "", run.triple(first))
    run.say(f"  (p95 of the busy half: {(busy[1] / peace[1] - 1) * 100:+.1f} %)")
    return faults


if __name__ == "__main__":
    main()

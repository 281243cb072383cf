"""What the knowledge costs the chat: `python -m bench.indexing [--jobs 500]`.

Customers are answered with passages to rest on, first in peace and then while several hundred
passages wait for their vectors. What counts is how long a customer waits for the first text. The
processes share the cores as they do on a small machine; only the load generator has one to itself.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from bench import relay, run, servers
from bench.load import run_loop
from deploy import services

STREAMS = 20
ROUNDS = 3
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
WAITING = "from llm.knowledge import outbox; print('waiting', outbox.pending())"


def waiting(env: dict[str, str]) -> int:
    """How many passages have no vector yet."""
    printed = servers.manage("shell", "-v", "0", "-c", WAITING, env=env)
    return int(printed.split("waiting ")[1].split()[0])


def main() -> None:
    """Measure and print; exit status 1 when an answer did not end well or the jobs ran out."""
    parser = argparse.ArgumentParser(prog="python -m bench.indexing", description=__doc__)
    parser.add_argument("--jobs", type=int, default=500)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the servers are ended too
    with run.stage() as on:
        index = services.Chroma(Path(on.home) / "chroma")
        index.start()
        try:
            faults = measure(on, {**on.env, "CHROMA_URL": index.url}, options.jobs)
        finally:
            index.stop()
    sys.exit(1 if faults else 0)


def measure(on: run.Stage, env: dict[str, str], jobs: int) -> int:
    """Run both halves; returns the faults."""
    argv = [sys.executable, "-m", "bench.upstream", str(on.endpoint)]
    embed = [*servers.CELERY, "worker", "--pool", "threads", "--concurrency", "1"]
    embed += ["--queues", "embed", "--hostname", "indexer@%h", "--loglevel", "INFO"]
    processes = [
        servers.Process("endpoint", argv, home=on.home, env={}, core=on.other_core),
        servers.product("web", home=on.home, env=env),
        servers.worker("worker", home=on.home, env=env),
        servers.Worker("indexer", embed, home=on.home, env=env),
    ]
    servers.manage("knowledge_seed", env=env)
    faults = 0
    with run.started(*processes):
        if on.other_core is not None:
            os.sched_setaffinity(0, {on.other_core})
        web = processes[1]
        assert isinstance(web, servers.Web)
        seats = on.seats(STREAMS, "assistant")
        while waiting(env):
            pass
        run_loop(relay.through_platform(web.ws, seats, seconds=2))
        run.row("passages waiting", "answers/s", "first text ms p50/p95/p99")
        for half in ("in peace", "busy"):
            if half == "busy":
                servers.manage("shell", "-v", "0", "-c", FILL.format(jobs=jobs), env=env)
            for _ in range(ROUNDS):
                left = waiting(env)
                found = run_loop(relay.through_platform(web.ws, seats, seconds=SECONDS))
                run.row(left, f"{found.rate:.1f}", run.triple(found.of("first")))
                faults += sum(found.faults.values())
        if not waiting(env):
            run.say("  (the jobs ran out before the end)")
            faults += 1
    return faults


if __name__ == "__main__":
    main()

"""`make bench`: the product beside the bare limit of its own parts, on servers of its own.

The application has one core: the web process (or the baseline, in turn) runs on the first one;
PostgreSQL, Redis, the model endpoint and the load generator share the last one. Rounds of product
and baseline alternate and the best round of each counts, because other work on a machine only takes
away. Trust factors, not percentages; processor time per message is the steadiest figure.
Nothing is written but the table.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import idle, load, relay, servers, turns, upstream
from bench.load import Result, Seat, run_loop
from deploy import services

CELLS = ((1, 0.0), (50, 0.0), (200, 0.0), (50, 500.0))
STREAMS = (1, 50, 200)
TURNS = ((1, 1), (50, 1), (10, 5), (200, 1), (40, 5))
"""Turns at once, and slots of each."""
PARTS = ("delivery", "idle", "relay")
REST_S = 2
ALONE_S = 20.0
"""How long one answer at a time is watched: in five seconds there are four of them, or five."""
"""Between rows, so that what one left behind (late ends, a sweep) is none of the next."""


@dataclass(frozen=True)
class Stage:
    """What is running: one core for the application, one for everything else."""

    home: Path
    env: dict[str, str]
    own: services.Servers
    app_core: int | None
    other_core: int | None
    endpoint: int

    def seats(self, count: int, mode: str, slots: int = 1) -> list[Seat]:
        """New sessions with tokens for their people."""
        argv = [sys.executable, "-m", "bench.seats", str(count), "--mode", mode]
        done = subprocess.run(
            [*argv, "--slots", str(slots)],
            env={**os.environ, **self.env},
            cwd=servers.ROOT,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise servers.NotReady(done.stderr[-2000:])
        return [Seat(**seat) for seat in json.loads(done.stdout)]


@contextmanager
def stage() -> Iterator[Stage]:
    """Start PostgreSQL and Redis, and bring the database up to date."""
    cores = servers.cores()
    app_core, other_core = (cores[0], cores[-1]) if len(cores) > 1 else (None, None)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cland-bench-")))
        own = stack.enter_context(services.running())
        for server in (own.postgresql, own.redis):
            if server:
                servers.pin(server.pid, other_core)
        endpoint = services.free_port()
        env = {
            "DATABASE_URL": own.database_url,
            "REDIS_URL": own.redis_url,
            "DATA_DIR": str(home / "data"),
            "RATE_LIMIT_SCALE": "100000",
            "LOG_LEVEL": "warning",
            "LLM_API_URL": f"http://127.0.0.1:{endpoint}/v1",
            "LLM_API_KEY": "bench",
            "LLM_MODEL": "bench",
            "REPLY_DEBOUNCE_S": "0",
        }
        servers.manage("migrate", "--verbosity", "0", env=env)
        yield Stage(home, env, own, app_core, other_core, endpoint)


@contextmanager
def started(*processes: servers.Process) -> Iterator[None]:
    """Run processes for the length of the block."""
    try:
        for process in processes:
            process.start()
        for process in processes:
            process.wait_ready()
        yield
    finally:
        for process in processes:
            process.stop(5)


def say(text: str = "") -> None:
    print(text, flush=True)


def row(*cells: object) -> None:
    """One line of a table: a wide first column, narrow others."""
    first, *others = (str(cell) for cell in cells)
    say(f"{first:<20}" + "".join(f"  {cell:>16}" for cell in others))


def triple(values: Sequence[float]) -> str:
    return "/".join(f"{value:.1f}" for value in values)


def fsync_ms(folder: Path, seconds: float = 0.5) -> tuple[float, float, float]:
    """p50, p95 and p99 of writing and syncing 8 KiB, in milliseconds."""
    spent = []
    end = time.perf_counter() + seconds
    with (folder / "fsync").open("wb") as file:
        while time.perf_counter() < end:
            begin = time.perf_counter()
            file.write(b"x" * 8192)
            file.flush()
            os.fdatasync(file.fileno())
            spent.append((time.perf_counter() - begin) * 1000)
    return load.percentiles(spent)


def delivery(on: Stage, *, rounds: int, seconds: float) -> int:
    """Durable delivery; returns how many faults the generator saw."""
    web = servers.product("web", home=on.home, env=on.env, core=on.app_core)
    bare = servers.baseline(home=on.home, database_url=on.own.database_url, core=on.app_core)
    seats = on.seats(max(count for count, _ in CELLS), "claimed")
    faults = 0
    say("\nDurable delivery: committed, acked and on the other side's socket (ms p50/p95/p99)")
    row("sessions, offered", "baseline msg/s", "product msg/s", "ratio", "CPU ratio", "baseline ms",
        "product ms", "product ack ms")  # fmt: skip
    with started(web, bare):
        for count, rate in CELLS:
            best: dict[str, Result] = {}
            for _ in range(rounds):
                fresh = [Seat(str(uuid.uuid4()), "a", "b") for _ in range(count)]
                for name, server, places in (("bare", bare, fresh), ("web", web, seats[:count])):
                    result = run_loop(
                        load.measure(
                            server.ws, places, rate=rate, seconds=seconds, server_pid=server.pid
                        )
                    )
                    faults += _complain(name, result)
                    best[name] = _better(best.get(name), result)
            _delivery_row(count, rate, best["bare"], best["web"])
    return faults


def _better(one: Result | None, other: Result) -> Result:
    if one is None:
        return other
    if other.rate:
        return min(one, other, key=lambda result: result.deliver[2])
    return max(one, other, key=lambda result: result.throughput)


def _complain(name: str, result: Result) -> int:
    if result.faults:
        say(f"  {name}: FAULTS {dict(result.faults)}")
    return sum(result.faults.values())


def _delivery_row(count: int, rate: float, bare: Result, web: Result) -> None:
    factor = web.deliver[2] / bare.deliver[2] if rate else web.throughput / bare.throughput
    row(
        f"{count}, " + (f"{rate:.0f}/s" if rate else "closed loop"),
        f"{bare.throughput:.0f}",
        f"{web.throughput:.0f}",
        f"p99 {factor:.2f}x" if rate else f"{factor:.2f}",
        f"{web.server_cpu_us:.0f}/{bare.server_cpu_us:.0f} us",
        triple(bare.deliver),
        triple(web.deliver),
        triple(web.ack),
    )
    own = max(bare.own_cpu_us, web.own_cpu_us)
    late = f", {max(bare.late_ms, web.late_ms):.1f} ms late at p99" if rate else ""
    say(f"  (generator: {own:.0f} us a message{late})")


def idle_sockets(on: Stage, *, count: int) -> int:
    """Memory of idle sockets; returns how many were lost."""
    web = servers.product("web", home=on.home, env=on.env, core=on.app_core)
    seats = on.seats(100, "claimed")
    with started(web):
        run_loop(idle.measure(web.ws, seats, web.pid, count=100))
        found = run_loop(idle.measure(web.ws, seats, web.pid, count=count))
    say(f"\nIdle sockets, with the compression offer of browsers ({found.compressed} accepted)")
    row("sockets", "KB each (PSS)", "process MB", "opened/s", "lost")
    row(
        found.sockets,
        f"{found.kb_each:.1f}",
        f"{found.base_mb:.0f}",
        f"{found.opens:.0f}",
        found.lost,
    )
    return found.lost


def relayed_answers(on: Stage, *, seconds: float) -> int:
    """Answers to customers and to questions; returns how many did not end well."""

    def watched(at_once: int) -> float:
        return seconds if at_once > 1 else max(seconds, ALONE_S)

    argv = [sys.executable, "-m", "bench.upstream", str(on.endpoint)]
    endpoint = servers.Process("endpoint", argv, home=on.home, env={}, core=on.other_core)
    web = servers.product("web", home=on.home, env=on.env, core=on.app_core)
    worker = servers.worker("worker", home=on.home, env=on.env, core=on.app_core)
    url = f"http://127.0.0.1:{on.endpoint}/v1/chat/completions"
    bare = servers.bare_relay(home=on.home, upstream=url, core=on.app_core)
    say(
        f"\nAnswers streamed (the source takes {upstream.LENGTH_S:.2f} s, first token after"
        f" {upstream.FIRST_S * 1000:.0f} ms)"
    )
    row("streams", "done/s", "of direct", "first ms p50/p95", "added by it", "token age all",
        "CPU ms an answer")  # fmt: skip
    sources: dict[int, relay.Streams] = {}
    with started(endpoint, bare):
        for count in STREAMS:
            length = watched(count)
            source = run_loop(relay.direct(on.endpoint, count, seconds=length))
            through = run_loop(relay.direct(bare.port, count, seconds=length, pids=[bare.pid]))
            sources[count] = source
            _relay_row(f"{count} direct", source, source)
            _relay_row(f"{count} bare relay", through, source)
    faults = 0
    with started(endpoint, web, worker):
        pids = [web.pid, worker.pid]
        seats = on.seats(max(STREAMS) + 1, "assistant")
        run_loop(relay.through_platform(web.ws, seats[-1:], seconds=1))
        for count in STREAMS:
            some = seats[:count]
            ours = run_loop(relay.through_platform(web.ws, some, seconds=watched(count), pids=pids))
            faults += _relay_row(f"{count} customers", ours, sources[count])
            time.sleep(REST_S)
        talks = {
            slots: on.seats(max(asked for asked, of in TURNS if of == slots), "compare", slots)
            for slots in {slots for _, slots in TURNS}
        }
        for asked, slots in TURNS:
            some = talks[slots][:asked]
            ours = run_loop(
                turns.through_streams(web.port, some, slots, seconds=watched(asked), pids=pids)
            )
            faults += _relay_row(f"{asked} turns of {slots}", ours, sources[asked * slots])
            time.sleep(REST_S)
    say("  (customers: by WebSocket; turns: by REST and event stream, from posting the question.")
    say("   Token age: from the source writing a token to the reader having it; tokens are merged")
    say("   for 50 ms, so 25 to 50 is by design. CPU: web and worker, or the bare relay)")
    return faults


def _relay_row(name: str, seen: relay.Streams, source: relay.Streams) -> int:
    first, direct = seen.of("first"), source.of("first")
    row(
        name,
        f"{seen.rate:.1f}",
        f"{seen.rate / max(source.rate, 0.01):.2f}",
        triple(first[:2]),
        triple([first[0] - direct[0], first[1] - direct[1]]),
        triple(seen.of("age")[:2]),
        triple(seen.cpu_ms()) or "-",
    )
    if seen.faults:
        say(f"  FAULTS {dict(seen.faults)}")
    return sum(seen.faults.values())


def main() -> None:
    """Measure and print; exit status 1 when anything was lost, doubled or out of order."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--long", action="store_true", help="longer and more rounds (10 minutes)")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part (repeatable)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the servers are ended too
    parts = options.only or PARTS
    rounds, seconds, sockets = (5, 5.0, 5000) if options.long else (2, 2.5, 1000)
    faults = 0
    cores = servers.cores()
    with stage() as on:
        if on.other_core is not None:
            os.sched_setaffinity(0, {on.other_core})
        load_average = f"{os.getloadavg()[0]:.1f}"
        say(f"Cores {cores} of {os.cpu_count()}, load average {load_average}")
        say(f"fsync of 8 KiB {triple(fsync_ms(on.home))} ms (p50/p95/p99)")
        if "delivery" in parts:
            faults += delivery(on, rounds=rounds, seconds=seconds)
        if "idle" in parts:
            faults += idle_sockets(on, count=sockets)
        if "relay" in parts:
            faults += relayed_answers(on, seconds=10.0 if options.long else 5.0)
        say(f"\nfsync afterwards {triple(fsync_ms(on.home))} ms, load {os.getloadavg()[0]:.1f}")
    sys.exit(1 if faults else 0)

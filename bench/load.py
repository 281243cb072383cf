"""Load on the durable path: N pairs, customer and agent, writing to each other over the socket.

Closed loop: one message of a pair is on its way at a time, and whoever received it writes next.
Open loop: messages are due at a fixed rate whatever the server does, and latency counts from the
time a message was due, so a server that falls behind cannot hide it.

Every frame is checked while measuring: seq dense and in order at each socket, every message once at
the other side, every send acked once with the number the other side saw.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import sys
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import orjson
import uvloop

from bench.wire import Socket, connect

TEXT = "My tent arrived with a torn seam. Could you send me a new one before Friday, please?"
T = TypeVar("T")
PING = b'{"type":"ping","content":"ping"}'


@dataclass(slots=True)
class Seat:
    """The two people of one session: its id and an access token for each; `seq` is the cursor."""

    session_id: str
    customer_token: str
    agent_token: str
    seq: int = 0


@dataclass(slots=True)
class Result:
    """What one run measured; latencies in milliseconds, `cpu_us` in microseconds a message."""

    pairs: int
    rate: float
    seconds: float
    messages: int
    deliver: tuple[float, float, float]
    ack: tuple[float, float, float]
    own_cpu_us: float
    late_ms: float
    server_cpu_us: float = 0.0
    server_cpu: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def throughput(self) -> float:
        """Messages a second that were acked and delivered."""
        return self.messages / self.seconds


def percentiles(samples: Sequence[float]) -> tuple[float, float, float]:
    """p50, p95 and p99 of `samples` (zeros when empty)."""
    if not samples:
        return (0.0, 0.0, 0.0)
    ordered = sorted(samples)
    last = len(ordered) - 1
    return (ordered[last // 2], ordered[int(last * 0.95)], ordered[int(last * 0.99)])


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (0 where /proc is missing)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Side:
    """One socket of a pair."""

    def __init__(self, pair: "Pair") -> None:
        self.pair = pair
        self.socket: Socket | None = None
        self.ready = asyncio.get_running_loop().create_future()
        self.last_seq = self.dense_to = pair.seat.seq
        self.ahead: set[int] = set()

    async def open(self, url: str, token: str) -> None:
        self.socket = await connect(url, self.take, token=token)
        self._subscribe()
        await asyncio.wait_for(self.ready, 20)

    def take(self, payload: bytes) -> None:
        """Judge one frame of the server."""
        frame = orjson.loads(payload)
        kind = frame["type"]
        if kind == "message":
            self._message(frame["message"])
        elif kind == "ack":
            self.pair.acked(frame["client_msg_id"], frame["seq"])
        elif kind == "subscribed":
            self._subscribed(frame)
        elif kind == "error":
            self.pair.faults[f"error {frame['code']}"] += 1
            if not self.ready.done():
                self.ready.set_exception(RuntimeError(f"not subscribed: {frame}"))

    def cover(self, seq: int) -> None:
        """Note that this side knows message `seq`, by an ack or by the message itself."""
        if seq == self.dense_to + 1:
            self.dense_to = seq
            while self.dense_to + 1 in self.ahead:
                self.dense_to += 1
                self.ahead.remove(self.dense_to)
        elif seq > self.dense_to:
            self.ahead.add(seq)

    def _subscribe(self) -> None:
        frame = {"type": "subscribe", "session_id": self.pair.session_id}
        assert self.socket
        self.socket.send(orjson.dumps(frame | {"after_seq": self.last_seq}))

    def _subscribed(self, frame: dict[str, Any]) -> None:
        if frame.get("more"):
            self._subscribe()
        elif not self.ready.done():
            self.ready.set_result(None)

    def _message(self, message: dict[str, Any]) -> None:
        seq = message["seq"]
        if seq <= self.last_seq:
            self.pair.faults["seen twice or out of order"] += 1
            return
        if message["prev_seq"] != seq - 1:
            self.pair.faults["prev_seq wrong"] += 1
        self.last_seq = seq
        self.cover(seq)
        if message["client_msg_id"]:
            self.pair.delivered(self, message["client_msg_id"], seq)


class Flight:
    """One message on its way."""

    __slots__ = ("acked", "delivered", "due", "seq", "sender")

    def __init__(self, sender: Side, due: float) -> None:
        self.sender = sender
        self.due = due
        self.seq = 0
        self.acked = 0.0
        self.delivered = 0.0


class Pair:
    """One session with its two sides and the messages on their way."""

    def __init__(self, seat: Seat, run: "Run", number: int) -> None:
        self.session_id = seat.session_id
        self.seat = seat
        self.run = run
        self.customer, self.agent = Side(self), Side(self)
        self.flights: dict[str, Flight] = {}
        self.faults = run.faults
        self._ids = itertools.count()
        self._prefix = f"{random.getrandbits(32):08x}-{number & 0xFFFF:04x}-4000-8000-"
        self._head = (
            f'{{"type":"message.send","session_id":"{self.session_id}","content":"{TEXT}",'
            f'"kind":"text","client_msg_id":"'
        )

    async def open(self, url: str) -> None:
        await self.customer.open(url, self.seat.customer_token)
        await self.agent.open(url, self.seat.agent_token)

    def close(self) -> None:
        self.seat.seq = max(self.customer.dense_to, self.agent.dense_to)
        for side in (self.customer, self.agent):
            if side.socket:
                side.socket.close()

    def send(self, sender: Side, due: float) -> None:
        """Send the next message of `sender`; its latency counts from `due`."""
        client_msg_id = f"{self._prefix}{next(self._ids):012x}"
        self.flights[client_msg_id] = Flight(sender, due)
        assert sender.socket
        sender.socket.send(f'{self._head}{client_msg_id}"}}'.encode())

    def acked(self, client_msg_id: str, seq: int) -> None:
        flight = self.flights.get(client_msg_id)
        if flight is None or flight.acked:
            self.faults["ack without a send or twice"] += 1
            return
        flight.acked = time.perf_counter()
        flight.sender.cover(seq)
        self._both(client_msg_id, flight, seq)

    def delivered(self, side: Side, client_msg_id: str, seq: int) -> None:
        flight = self.flights.get(client_msg_id)
        if flight is None or flight.sender is side:
            return
        if flight.delivered:
            self.faults["delivered twice"] += 1
            return
        flight.delivered = time.perf_counter()
        self._both(client_msg_id, flight, seq)

    def _both(self, client_msg_id: str, flight: Flight, seq: int) -> None:
        if flight.seq and flight.seq != seq:
            self.faults["ack and message disagree on seq"] += 1
        flight.seq = seq
        if flight.acked and flight.delivered:
            del self.flights[client_msg_id]
            self.run.done(self, flight)


class Run:
    """One measured run over open pairs."""

    def __init__(self) -> None:
        self.faults: Counter[str] = Counter()
        self.pairs: list[Pair] = []
        self.deliver = array("d")
        self.ack = array("d")
        self.late = array("d")
        self.counting = False
        self.next: Callable[[Pair, Flight], None] | None = None
        self._pinger: asyncio.Task[None] | None = None

    async def open(self, url: str, seats: Sequence[Seat]) -> None:
        """Open both sockets of every seat, ten pairs at a time."""
        self.pairs = [Pair(seat, self, number) for number, seat in enumerate(seats)]
        self._pinger = asyncio.create_task(self._ping())
        for start in range(0, len(self.pairs), 10):
            await asyncio.gather(*(pair.open(url) for pair in self.pairs[start : start + 10]))

    def close(self) -> None:
        if self._pinger:
            self._pinger.cancel()
        for pair in self.pairs:
            pair.close()

    def done(self, pair: Pair, flight: Flight) -> None:
        """A message was both acked and delivered."""
        if self.counting:
            self.deliver.append((flight.delivered - flight.due) * 1000)
            self.ack.append((flight.acked - flight.due) * 1000)
        if self.next:
            self.next(pair, flight)

    async def closed_loop(self, *, seconds: float, warmup: float, server_pid: int = 0) -> Result:
        """One message on its way in each pair; the receiver writes next."""

        def answer(pair: Pair, flight: Flight) -> None:
            other = pair.agent if flight.sender is pair.customer else pair.customer
            pair.send(other, time.perf_counter())

        self.next = answer
        for pair in self.pairs:
            pair.send(pair.customer, time.perf_counter())
        return await self._measure(0.0, seconds, warmup, server_pid)

    async def open_loop(
        self, *, rate: float, seconds: float, warmup: float, server_pid: int = 0
    ) -> Result:
        """`rate` messages a second, spread over the pairs and both directions."""
        loop = asyncio.get_running_loop()
        stop = threading.Event()
        turns = itertools.cycle(
            [(pair, side) for side in ("customer", "agent") for pair in self.pairs]
        )

        def fire(due: float) -> None:
            if stop.is_set():
                return
            pair, side = next(turns)
            if self.counting:
                self.late.append((time.perf_counter() - due) * 1000)
            pair.send(getattr(pair, side), due)

        def pace() -> None:
            # A thread, because timers of the loop are only as fine as a millisecond.
            begin = time.perf_counter()
            for number in itertools.count():
                due = begin + number / rate
                time.sleep(max(0.0, due - time.perf_counter()))
                if stop.is_set():
                    return
                loop.call_soon_threadsafe(fire, due)

        thread = threading.Thread(target=pace, daemon=True)
        thread.start()
        try:
            return await self._measure(rate, seconds, warmup, server_pid, stop.set)
        finally:
            stop.set()
            thread.join()

    async def _measure(
        self,
        rate: float,
        seconds: float,
        warmup: float,
        server_pid: int,
        stop: Callable[[], None] | None = None,
    ) -> Result:
        await asyncio.sleep(warmup)
        own, server, begin = time.process_time(), cpu_seconds(server_pid), time.perf_counter()
        self.counting = True
        await asyncio.sleep(seconds)
        self.counting = False
        spent = time.perf_counter() - begin
        own, server = time.process_time() - own, cpu_seconds(server_pid) - server
        self.next = None
        if stop:
            stop()
        await self._drain()
        count = len(self.deliver)
        return Result(
            pairs=len(self.pairs),
            rate=rate,
            seconds=spent,
            messages=count,
            deliver=percentiles(self.deliver),
            ack=percentiles(self.ack),
            own_cpu_us=own / max(count, 1) * 1e6,
            late_ms=percentiles(self.late)[2],
            server_cpu_us=server / max(count, 1) * 1e6,
            server_cpu=server / spent,
            faults=+self.faults,
        )

    async def _drain(self, patience: float = 10.0) -> None:
        deadline = time.monotonic() + patience
        while any(pair.flights for pair in self.pairs) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.1)
        for pair in self.pairs:
            for flight in pair.flights.values():
                self.faults["never acked" if not flight.acked else "never delivered"] += 1
            for side in (pair.customer, pair.agent):
                self.faults["hole"] += len(side.ahead)
                if side.socket and side.socket.closed.done():
                    self.faults[f"socket closed {side.socket.close_code}"] += 1

    async def _ping(self) -> None:
        while True:
            for pair in self.pairs:
                for side in (pair.customer, pair.agent):
                    if side.socket:
                        side.socket.send(PING)
            await asyncio.sleep(5)


async def measure(
    url: str,
    seats: Sequence[Seat],
    *,
    rate: float = 0.0,
    seconds: float = 4.0,
    warmup: float = 1.0,
    server_pid: int = 0,
) -> Result:
    """Open the pairs, run one closed loop (`rate` 0) or open loop, close them again."""
    run = Run()
    try:
        await run.open(url, seats)
        if rate:
            return await run.open_loop(
                rate=rate, seconds=seconds, warmup=warmup, server_pid=server_pid
            )
        return await run.closed_loop(seconds=seconds, warmup=warmup, server_pid=server_pid)
    finally:
        run.close()


def line(name: str, result: Result) -> str:
    """One line for people."""
    deliver = "/".join(f"{value:.2f}" for value in result.deliver)
    ack = "/".join(f"{value:.2f}" for value in result.ack)
    offered = f"{result.rate:.0f}/s" if result.rate else "closed"
    return (
        f"{name:<9} N={result.pairs:<4}{offered:<8}{result.throughput:8.0f}/s  "
        f"deliver {deliver} ms  ack {ack} ms  server {result.server_cpu_us:.0f} us/msg "
        f"({result.server_cpu:.2f} core)  generator {result.own_cpu_us:.0f} us/msg"
        + (f"  late {result.late_ms:.2f} ms" if result.rate else "")
        + (f"  FAULTS {dict(result.faults)}" if result.faults else "")
    )


def run_loop(job: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(job)


def main() -> None:
    """Load on a server that runs already; `seats` is what ``bench.seats`` printed."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--url", required=True, help="ws://127.0.0.1:8080/api/v1/ws")
    parser.add_argument("--seats", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--warmup", type=float, default=1.0)
    parser.add_argument("--server-pid", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    seats = [Seat(**seat) for seat in json.loads(options.seats.read_text())][: options.pairs]
    faults = 0
    for _ in range(options.rounds):
        result = run_loop(
            measure(
                options.url,
                seats,
                rate=options.rate,
                seconds=options.seconds,
                warmup=options.warmup,
                server_pid=options.server_pid,
            )
        )
        faults += sum(result.faults.values())
        print(line("server", result), flush=True)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()

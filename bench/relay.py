"""How much later people see an answer than the model says it.

N customers each ask, read the answer on their socket, and ask again (`bench.turns` does so with
questions to several models). Beside it the same number of readers goes to the model endpoint
directly, and through a bare relay. The endpoint (`bench.upstream`) writes the time into
every token, so the age of a token on arrival is what the platform added, whatever it waited for
before it asked.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import orjson

from bench.load import PING, Seat, cpu_seconds, percentiles
from bench.wire import Socket, connect

REQUEST = b'{"model":"bench","stream":true,"messages":[{"role":"user","content":"Hello?"}]}'


@dataclass(slots=True)
class Streams:
    """What one run measured; times in milliseconds."""

    count: int
    seconds: float
    done: int = 0
    first: list[float] = field(default_factory=list)
    age: list[float] = field(default_factory=list)
    first_age: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    cpu: list[float] = field(default_factory=list)
    """Processor seconds of each process that was watched."""

    @property
    def rate(self) -> float:
        """Whole answers a second."""
        return self.done / self.seconds

    def cpu_ms(self) -> list[float]:
        """Processor time of each watched process, milliseconds for each whole answer."""
        return [spent * 1000 / max(self.done, 1) for spent in self.cpu]

    def of(self, what: str) -> tuple[float, float, float]:
        """p50, p95 and p99 of `first`, `age` or `first_age`."""
        return percentiles(getattr(self, what))


class Reader(asyncio.Protocol):
    """Goes to the model endpoint itself or to the bare relay, one answer after the other."""

    def __init__(self, streams: Streams, port: int) -> None:
        self._streams = streams
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        head += "Content-Type: application/json\r\n"
        self._request = f"{head}Content-Length: {len(REQUEST)}\r\n\r\n".encode() + REQUEST
        self._first = False
        self.counting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        self._asked, self._first = time.monotonic(), True
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if b'"content":"' in data:
            stamp = int(data.split(b'"content":"', 1)[1].split(b" ", 1)[0])
            if self.counting:
                self._streams.age.append((now - stamp / 1e9) * 1000)
                if self._first:
                    self._streams.first.append((now - self._asked) * 1000)
                    self._streams.first_age.append((now - stamp / 1e9) * 1000)
            self._first = False
        if b"[DONE]" in data:
            self._streams.done += self.counting
            self._ask()


class Customer:
    """Asks in a session where the assistant has the floor, and reads the answer on the socket."""

    def __init__(self, streams: Streams, seat: Seat) -> None:
        self._streams = streams
        self._seat = seat
        self._number = 0
        self._first = False
        self._socket: Socket | None = None
        self._ready = asyncio.get_running_loop().create_future()
        self.counting = False

    async def open(self, url: str) -> None:
        self._socket = await connect(url, self._take, token=self._seat.customer_token)
        self._send({"type": "subscribe", "after_seq": self._seat.seq})
        await asyncio.wait_for(self._ready, 20)

    def ask(self) -> None:
        """Send the next question."""
        self._number += 1
        self._asked, self._first = time.monotonic(), True
        name = f"{time.monotonic_ns():x}-{self._number}"
        self._send({"type": "message.send", "content": "Hello?", "client_msg_id": name})

    def ping(self) -> None:
        if self._socket:
            self._socket.send(PING)

    def close(self) -> None:
        if self._socket:
            self._socket.close()

    def _send(self, frame: dict[str, Any]) -> None:
        assert self._socket
        self._socket.send(orjson.dumps({**frame, "session_id": self._seat.session_id}))

    def _take(self, payload: bytes) -> None:
        frame = orjson.loads(payload)
        match frame["type"]:
            case "reply.chunk":
                self._chunk(frame["delta_text"])
            case "reply.end":
                if frame["status"] != "done":
                    self._streams.faults[f"reply {frame['status']}"] += 1
                self._streams.done += self.counting and frame["status"] == "done"
                self.ask()
            case "message":
                self._seat.seq = max(self._seat.seq, frame["message"]["seq"])
            case "subscribed":
                if not self._ready.done():
                    self._ready.set_result(None)
            case "error":
                self._streams.faults[f"error {frame['code']}"] += 1

    def _chunk(self, text: str) -> None:
        now = time.monotonic()
        oldest = text.split(" ", 1)[0]
        if not self.counting or not oldest.isdigit():
            return
        age = (now - int(oldest) / 1e9) * 1000
        self._streams.age.append(age)
        if self._first:
            self._first = False
            self._streams.first.append((now - self._asked) * 1000)
            self._streams.first_age.append(age)


async def direct(
    port: int, at_once: int, *, seconds: float, pids: Sequence[int] = (), warmup: float = 1.5
) -> Streams:
    """So many readers at the endpoint itself, or at whatever relays it byte by byte."""
    streams = Streams(at_once, seconds)
    loop = asyncio.get_running_loop()
    readers = []
    for _ in range(at_once):
        _, reader = await loop.create_connection(lambda: Reader(streams, port), "127.0.0.1", port)
        readers.append(reader)
        await asyncio.sleep(1.0 / at_once)
    await count(readers, streams, seconds, warmup, pids)
    for reader in readers:
        reader.transport.abort()
    return streams


async def through_platform(
    url: str,
    seats: Sequence[Seat],
    *,
    seconds: float,
    pids: Sequence[int] = (),
    warmup: float = 2.5,
) -> Streams:
    """One customer for each seat."""
    streams = Streams(len(seats), seconds)
    customers = [Customer(streams, seat) for seat in seats]
    for start in range(0, len(customers), 10):
        await asyncio.gather(*(customer.open(url) for customer in customers[start : start + 10]))
    for customer in customers:
        customer.ask()
        await asyncio.sleep(1.0 / len(customers))
    for customer in customers:
        customer.ping()
    await count(customers, streams, seconds, warmup, pids)
    for customer in customers:
        customer.close()
    return streams


class Source(Protocol):
    """Whoever asks and reads."""

    counting: bool


async def count(
    sources: Sequence[Source],
    streams: Streams,
    seconds: float,
    warmup: float,
    pids: Sequence[int] = (),
) -> None:
    """Let sources run for a while, and count what comes after the warm-up."""
    await asyncio.sleep(warmup)
    begin, before = time.monotonic(), [cpu_seconds(pid) for pid in pids]
    for source in sources:
        source.counting = True
    await asyncio.sleep(seconds)
    for source in sources:
        source.counting = False
    streams.cpu = [cpu_seconds(pid) - spent for pid, spent in zip(pids, before, strict=True)]
    streams.seconds = time.monotonic() - begin

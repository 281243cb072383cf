"""Questions to several models at once, asked over REST and read as one event stream each.

An asker has a conversation of its own. It posts a question, reads the turn's stream until every
slot has ended, and asks again, all on one connection. The time to the first token runs from the
question leaving to the token having come, so it holds the question's commit, the opening of the
stream, and whatever a worker waited for.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import cast

import orjson

from bench.load import Seat
from bench.relay import Streams, count

QUESTION = b'{"content":"Hello?"}'


class Asker(asyncio.Protocol):
    """One person, one conversation, one connection."""

    def __init__(self, streams: Streams, address: str, seat: Seat) -> None:
        self._streams = streams
        head = f"HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {seat.agent_token}\r\n"
        self._ask_bytes = (
            f"POST /api/v1/conversations/{seat.session_id}/messages {head}"
            f"Content-Type: application/json\r\nContent-Length: {len(QUESTION)}\r\n\r\n"
        ).encode() + QUESTION
        self._read_line = f"GET /api/v1/streams/turn/%s {head}\r\n"
        self._buffer = b""
        self._is_reading = False
        self._is_done = False
        self._begun: set[int] = set()
        self.counting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.counting:
            self._streams.faults["connection lost"] += 1

    def _ask(self) -> None:
        self._buffer, self._is_reading, self._is_done = b"", False, False
        self._begun.clear()
        self._asked = time.monotonic()
        self.transport.write(self._ask_bytes)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._is_reading:
            self._read()
            return
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not found or len(body) < int(length):
            return
        if not head.startswith(b"HTTP/1.1 202"):
            self._streams.faults[f"asked: {body[:120].decode(errors='replace')}"] += 1
            self.transport.abort()
            return
        self._buffer, self._is_reading = b"", True
        self.transport.write((self._read_line % orjson.loads(body)["turn_id"]).encode())

    def _read(self) -> None:
        """Take whole events; the framing of the transfer stands between them, never inside one."""
        *events, self._buffer = self._buffer.split(b"\n\n")
        for event in events:
            _, is_event, rest = event.partition(b"event: ")
            if is_event:
                kind, _, rest = rest.partition(b"\n")
                self._take(kind, rest.partition(b"data: ")[2])
        if self._is_done and self._buffer.endswith(b"0\r\n\r\n"):
            self._ask()

    def _take(self, kind: bytes, data: bytes) -> None:
        if kind == b"chunk":
            body = orjson.loads(data)
            self._chunk(body["slot"], body["delta_text"])
        elif kind == b"final":
            self._streams.done += self.counting
        elif kind == b"done":
            self._is_done = True
        else:
            self._streams.faults[f"{kind.decode()}: {data[:200].decode()}"] += 1

    def _chunk(self, slot: int, text: str) -> None:
        is_first = slot not in self._begun
        self._begun.add(slot)
        oldest = text.split(" ", 1)[0]
        if not self.counting or not oldest.isdigit():
            return
        now = time.monotonic()
        age = (now - int(oldest) / 1e9) * 1000
        self._streams.age.append(age)
        if is_first:
            self._streams.first.append((now - self._asked) * 1000)
            self._streams.first_age.append(age)


async def through_streams(
    port: int,
    seats: Sequence[Seat],
    slots: int,
    *,
    seconds: float,
    pids: Sequence[int] = (),
    warmup: float = 2.5,
) -> Streams:
    """One asker for each seat, whose conversation has ``slots`` models."""
    streams = Streams(len(seats) * slots, seconds)
    loop = asyncio.get_running_loop()
    askers = []
    for seat in seats:
        _, asker = await loop.create_connection(
            lambda seat=seat: Asker(streams, f"127.0.0.1:{port}", seat),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
        askers.append(asker)
        await asyncio.sleep(1.0 / len(seats))
    await count(askers, streams, seconds, warmup, pids)
    for asker in askers:
        asker.transport.abort()
    return streams

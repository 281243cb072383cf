"""A crowd follows one answer: `python -m bench.crowd [--readers 1000]`.

Half of the readers have a stream of server-sent events, half a socket; all of them follow the same
turn at one web process, and two more have stopped reading altogether. The endpoint writes the time
into every token, so the age of the newest token in an event is how late the event is. Everyone must
end with the stored text, those who stopped reading included, once they read again.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any, cast

import orjson

from bench import idle, run, servers
from bench.load import percentiles, run_loop
from bench.wire import Socket, connect

TOKENS = 500
"""Of 10 ms each: five seconds of text, in a hundred pieces."""
FIRST_S = 35.0
"""Until the first token: time for everyone to come."""
STALLED = 2
PATIENCE_S = 60.0
PING_S = 10.0


@dataclass(slots=True)
class Reader:
    """What has come, and when; looked at afterwards."""

    kind: str
    got: list[tuple[float, bytes]] = field(default_factory=list)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    is_refused: bool = False

    def pieces(self) -> list[tuple[float, str]]:
        """The pieces of text and the moments they came."""
        if self.kind == "socket":
            frames = [(at, orjson.loads(raw)) for at, raw in self.got]
            return [(at, one["delta_text"]) for at, one in frames if one["type"] == "reply.chunk"]
        found, rest = [], b""
        for at, data in self.got:
            *events, rest = (rest + data).split(b"\n\n")
            for event in events:
                if b"event: chunk" in event:
                    body = event.split(b"data: ", 1)[1].split(b"\r\n", 1)[0]
                    found.append((at, str(orjson.loads(body)["delta_text"])))
        return found


class Stream(asyncio.Protocol):
    """A stream of server-sent events, as lean as a generator needs; its chunks are unpacked."""

    def __init__(self, reader: Reader, request: bytes) -> None:
        self._reader, self._request = reader, request
        self._buffer, self._in_body = b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._in_body:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            self._reader.is_refused = b" 200 " not in head.split(b"\r\n", 1)[0]
            self._reader.opened.set()
            if self._reader.is_refused:
                self.transport.abort()
                return
            self._buffer, self._in_body = rest, True
        now = time.monotonic()
        while True:
            size, found, rest = self._buffer.partition(b"\r\n")
            length = int(size, 16) if found else 0
            if not found or len(rest) < length + 2:
                return
            self._buffer = rest[length + 2 :]
            if length == 0:
                self._reader.ended.set()
                return
            self._reader.got.append((now, rest[:length]))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._reader.is_refused:
            self._reader.ended.set()


class Crowd:
    """Everybody who follows one turn."""

    def __init__(self, web: servers.Web, session: str, turn: str, token: str) -> None:
        self.web, self.session, self.turn, self.token = web, session, turn, token
        self.readers: list[Reader] = []
        self._held: list[Stream | Socket] = []

    async def stream(self, *, stalled: bool = False) -> None:
        """One more stream."""
        reader = self._add("stalled" if stalled else "stream")
        request = (
            f"GET /api/v1/streams/turn/{self.turn} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self.token}\r\n\r\n"
        ).encode()
        loop = asyncio.get_running_loop()
        while True:
            line = socket.socket()
            if stalled:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.setblocking(False)
            await loop.sock_connect(line, ("127.0.0.1", self.web.port))
            _, stream = await loop.create_connection(lambda: Stream(reader, request), sock=line)
            await asyncio.wait_for(reader.opened.wait(), PATIENCE_S)
            if not reader.is_refused:
                break
            reader.opened.clear()  # told to come back: the house is full for a moment
            await asyncio.sleep(1.0)
        if stalled:
            stream.transport.pause_reading()
        self._held.append(stream)

    async def socket(self) -> None:
        """One more socket, which has subscribed to the conversation."""
        reader = self._add("socket")
        ready = asyncio.Event()

        def take(payload: bytes) -> None:
            if b'"reply.chunk"' in payload:
                reader.got.append((time.monotonic(), payload))
            elif b'"reply.end"' in payload:
                reader.ended.set()
            elif b'"subscribed"' in payload:
                ready.set()

        opened = await connect(self.web.ws, take, token=self.token)
        frame = {"type": "subscribe", "session_id": self.session, "after_seq": 0}
        opened.send(orjson.dumps(frame))
        await asyncio.wait_for(ready.wait(), PATIENCE_S)
        self._held.append(opened)

    async def gather(self, count: int) -> None:
        """Half streams, half sockets, and the stalled ones; twenty at a time."""
        for _ in range(STALLED):
            await self.stream(stalled=True)
        for start in range(0, count, 20):
            some = range(start, min(start + 20, count))
            await asyncio.gather(*(self.stream() if at % 2 else self.socket() for at in some))

    async def ping(self) -> None:
        """Keep the sockets alive: who says nothing for two heartbeats is taken for gone."""
        while True:
            await asyncio.sleep(PING_S)
            for held in self._held:
                if isinstance(held, Socket):
                    held.send(b'{"type":"ping","content":"ping"}')

    async def end(self) -> None:
        """Wait until everyone who reads has seen the end, then let the stalled ones read."""
        reading = [one for one in self.readers if one.kind != "stalled"]
        await asyncio.wait_for(asyncio.gather(*(one.ended.wait() for one in reading)), PATIENCE_S)
        for held in self._held:
            if isinstance(held, Stream):
                held.transport.resume_reading()
        stalled = [one for one in self.readers if one.kind == "stalled"]
        await asyncio.wait_for(asyncio.gather(*(one.ended.wait() for one in stalled)), PATIENCE_S)

    def leave(self) -> None:
        """Hang up."""
        for held in self._held:
            held.close() if isinstance(held, Socket) else held.transport.abort()

    def _add(self, kind: str) -> Reader:
        self.readers.append(Reader(kind))
        return self.readers[-1]


def call(web: servers.Web, token: str, path: str, body: Any = None) -> Any:
    """REST."""
    request = urllib.request.Request(
        f"{web.base}/api/v1{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


async def measure(on: run.Stage, web: servers.Web, token: str, count: int) -> int:
    """Ask, gather everybody before the first word, and see what each got; returns the faults."""
    (model,) = (await asyncio.to_thread(call, web, token, "/models"))["results"]
    chosen = {"model_ids": [model["id"]]}
    talk = await asyncio.to_thread(call, web, token, "/conversations", chosen)
    path = f"/conversations/{talk['id']}/messages"
    before, began = idle.pss_kb(web.pid), time.monotonic()
    asked = await asyncio.to_thread(call, web, token, path, {"content": "Tell me everything."})
    crowd = Crowd(web, talk["id"], asked["turn_id"], token)
    pings = asyncio.create_task(crowd.ping())
    await crowd.gather(count)
    late = time.monotonic() - began - FIRST_S
    if late > 0:
        run.say(f"  (the crowd was {late:.1f} s late for the first word)")
    everyone = asyncio.create_task(crowd.end())
    most = before
    while not everyone.done():
        most = max(most, await asyncio.to_thread(idle.pss_kb, web.pid))
        await asyncio.sleep(0.5)
    await everyone
    pings.cancel()
    turn = await asyncio.to_thread(call, web, token, f"/turns/{asked['turn_id']}")
    crowd.leave()
    return report(crowd, str(turn["results"][0]["text"]), (before, most))


def report(crowd: Crowd, text: str, memory_kb: tuple[int, int]) -> int:
    """Print what was seen; returns how many readers have not the whole text, once."""
    faults = 0
    run.row("", "readers", "whole", "age ms p50/p95/p99", "pieces each")
    for kind in ("stream", "socket", "stalled"):
        some = [one for one in crowd.readers if one.kind == kind]
        found = [one.pieces() for one in some]
        whole = sum("".join(piece for _, piece in pieces).strip() == text for pieces in found)
        faults += len(some) - whole
        ages = [
            (at - int(piece.split()[-1]) / 1e9) * 1000
            for pieces in found
            for at, piece in pieces
            if piece.strip()
        ]
        shown = run.triple(percentiles(ages)) if kind != "stalled" else "-"
        run.row(kind, len(some), whole, shown, f"{sum(map(len, found)) / max(1, len(some)):.0f}")
    run.say(
        f"  (web process: {memory_kb[0] / 1024:.0f} MB before, {memory_kb[1] / 1024:.0f} at most)"
    )
    return faults


def main() -> None:
    """Measure and print; exit status 1 when anybody has not the whole text."""
    parser = argparse.ArgumentParser(prog="python -m bench.crowd", description=__doc__)
    parser.add_argument("--readers", type=int, default=1000)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the servers are ended too
    with run.stage() as on:
        env = {**on.env, "LLM_FIRST_CONTENT_S": "60"}
        argv = [sys.executable, "-m", "bench.upstream", str(on.endpoint), str(TOKENS), str(FIRST_S)]
        endpoint = servers.Process("endpoint", argv, home=on.home, env={}, core=on.other_core)
        web = servers.product("web", home=on.home, env=env, core=on.app_core)
        worker = servers.worker("worker", home=on.home, env=env, core=on.other_core)
        if on.other_core is not None:
            os.sched_setaffinity(0, {on.other_core})
        with run.started(endpoint, web, worker):
            (seat,) = on.seats(1, "claimed")
            faults = run_loop(measure(on, web, seat.agent_token, options.readers))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()

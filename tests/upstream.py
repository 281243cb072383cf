"""A scripted OpenAI-compatible server: byte-exact faults on demand.

    async with Upstream() as upstream:
        upstream.script(say("Hello"), STALL)
        ... ask upstream.base_url ...
        await upstream.disconnected.wait()

Each request takes the next script; when none is left, its model's, or the default one.  A script
is a list of steps: bytes to send, seconds (float) to wait, an ``asyncio.Event`` to wait for, or a
control word.
Speaks HTTP/1.1 by hand, because a server library would repair what we want to break.

`python -m tests.upstream PORT PAUSE WORDS…` is one that can be killed: it says the words, with a
pause (seconds) after each, until its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self

import orjson

Step = bytes | float | asyncio.Event | str

STALL: Final = "stall"
"""Send nothing more until the client goes away."""
CUT: Final = "cut"
"""Reset the connection."""
END: Final = "end"
"""End the body cleanly (also implied at the end of a script)."""


def event(payload: dict[str, Any]) -> bytes:
    """Return one server-sent event."""
    return b"data: " + orjson.dumps(payload) + b"\n\n"


def delta(content: str | None = None, *, finish: str | None = None, **more: Any) -> bytes:
    """Return one completion chunk."""
    body: dict[str, Any] = dict(more)
    if content is not None:
        body["content"] = content
    choice = {"index": 0, "delta": body, "finish_reason": finish}
    return event({"object": "chat.completion.chunk", "choices": [choice]})


def usage(prompt: int = 12, completion: int = 5, *, choices: object = ()) -> bytes:
    """Return a usage chunk; ``choices`` may be any of the shapes seen in the wild."""
    counts = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    return event({"choices": choices, "usage": counts})


DONE: Final = b"data: [DONE]\n\n"
ROLE: Final = delta("", role="assistant")


def say(*parts: str, pause: float = 0.0) -> list[Step]:
    """Return the steps of a well-behaved answer in the given pieces."""
    steps: list[Step] = [ROLE]
    for part in parts:
        steps.append(delta(part))
        if pause:
            steps.append(pause)
    return [*steps, delta(finish="stop"), usage(), DONE]


def call_for_human(reason: str = "asked") -> list[Step]:
    """Return the steps of a tool call that asks for a person, in two pieces as servers send it."""
    arguments = orjson.dumps({"reason": reason}).decode()
    first = {"index": 0, "id": "c1", "function": {"name": "request_human", "arguments": ""}}
    rest = {"index": 0, "function": {"arguments": arguments}}
    calls = [delta(tool_calls=[first]), delta(tool_calls=[rest])]
    return [ROLE, *calls, delta(finish="tool_calls"), DONE]


class Reply:
    """One scripted answer: status line, headers, steps."""

    def __init__(
        self,
        steps: list[Step],
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        before: list[Step] | None = None,
    ) -> None:
        self.steps = steps
        self.before = before or []
        self.status = status
        self.headers = {"Content-Type": "text/event-stream", **(headers or {})}


def refuse(status: int, message: str = "no", *, code: str = "", **headers: str) -> Reply:
    """Return an HTTP error in OpenAI's shape."""
    body = orjson.dumps({"error": {"message": message, "type": "error", "code": code or None}})
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply([body], status=status, headers={"Content-Type": "application/json", **shown})


class Upstream:
    """The server.  ``requests`` holds the JSON bodies seen, ``headers`` their headers."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.default = Reply(say("Hello", " there."))
        self.by_model: dict[str, Reply] = {}
        self.open = 0
        self.most_open = 0
        self.connections = 0
        self.aborted = 0
        self.asked = asyncio.Event()
        self.disconnected = asyncio.Event()
        self._replies: deque[Reply] = deque()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.base_url = ""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop it runs in."""
        assert self._server is not None
        return self._server.get_loop()

    def script(self, *replies: Reply | list[Step]) -> None:
        """Queue answers for the next requests."""
        self._replies.extend(r if isinstance(r, Reply) else Reply(r) for r in replies)

    async def start(self, port: int = 0) -> None:
        """Listen on a loopback port, by default a free one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}/v1"

    async def stop(self) -> None:
        """Cut every connection and stop listening."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        early = b""
        try:
            while request := await _read_request(reader, early):
                headers, body = request
                self.headers.append(headers)
                self.requests.append(orjson.loads(body) if body else {})
                self.asked.set()
                early = await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, _Over):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Play one answer; return what the client already sent of its next request."""
        model = str(self.requests[-1].get("model"))
        reply = self.by_model.get(model)  # whoever asks first, the queue is for the others
        if reply is None:
            reply = self._replies.popleft() if self._replies else self.default
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        # The client sends nothing while it reads an answer: input that ends means that it left.
        heard = asyncio.ensure_future(reader.read(1))
        play = asyncio.ensure_future(self._play(reply, writer))
        try:
            await asyncio.wait({heard, play}, return_when=asyncio.FIRST_COMPLETED)
            if not play.done() and not _bytes_of(heard):
                self.aborted += 1
                self.disconnected.set()
                raise _Over
            if not await play:
                raise _Over
            return _bytes_of(heard) if heard.done() else b""
        finally:
            self.open -= 1
            for pending in (heard, play):
                pending.cancel()
            await asyncio.gather(heard, play, return_exceptions=True)

    async def _play(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        for step in reply.before:
            if not await self._step(step, writer, raw=True):
                return False
        lines = [f"HTTP/1.1 {reply.status} Scripted", "Transfer-Encoding: chunked"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        for step in reply.steps:
            if step == END:
                break
            if not await self._step(step, writer, raw=False):
                return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _step(self, step: Step, writer: asyncio.StreamWriter, *, raw: bool) -> bool:
        if isinstance(step, bytes):
            writer.write(step if raw else b"%x\r\n%s\r\n" % (len(step), step))
            await writer.drain()
        elif isinstance(step, asyncio.Event):
            await step.wait()
        elif isinstance(step, float | int):
            await asyncio.sleep(step)
        elif step == STALL:
            await asyncio.Event().wait()
        elif step == CUT:
            writer.transport.abort()
            return False
        return True


class _Over(Exception):
    """This connection is done with."""


def _bytes_of(heard: asyncio.Future[bytes]) -> bytes:
    return b"" if heard.cancelled() or heard.exception() else heard.result()


async def _read_request(
    reader: asyncio.StreamReader, early: bytes = b""
) -> tuple[dict[str, str], bytes] | None:
    if not early + await reader.readline():
        return None
    headers: dict[str, str] = {}
    while (line := (await reader.readline()).strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    return headers, await reader.readexactly(length)


@contextlib.contextmanager
def upstream_thread() -> Iterator[Upstream]:
    """Run an upstream in a loop and thread of its own, for tests that are not asynchronous."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def build() -> Upstream:
        upstream = Upstream()
        await upstream.start()
        return upstream

    upstream = asyncio.run_coroutine_threadsafe(build(), loop).result(5)
    try:
        yield upstream
    finally:
        asyncio.run_coroutine_threadsafe(upstream.stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _serve_until_killed(port: int, pause: float, words: list[str]) -> None:
    upstream = Upstream()
    upstream.default = Reply(say(*(f"{word} " for word in words), pause=pause))
    await upstream.start(port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve_until_killed(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))

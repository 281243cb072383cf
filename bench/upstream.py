"""A model endpoint for the relay measurement: first token after 50 ms, then 99 more at 10 ms each.

Every token is the moment it was written (monotonic nanoseconds), so whoever reads it knows how old
it is. Speaks just enough HTTP by hand to cost almost nothing.
Run as `python -m bench.upstream PORT [TOKENS [FIRST_S]]` for longer answers, or later ones.
"""

import asyncio
import itertools
import sys
import time
from typing import cast

import uvloop

FIRST_S, GAP_S, TOKENS = 0.05, 0.01, 100
LENGTH_S = FIRST_S + GAP_S * (TOKENS - 1)
"""How long a whole answer takes at the source."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = (
    b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},'
    b'"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":100,'
    b'"total_tokens":109}}\n\ndata: [DONE]\n\n'
)


def chunk(body: bytes) -> bytes:
    """One chunk of the transfer coding."""
    return b"%x\r\n%s\r\n" % (len(body), body)


class Endpoint(asyncio.Protocol):
    """One connection; each whole request starts an answer."""

    tokens = TOKENS
    first_s = FIRST_S

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._buffer = b""
        self._timer: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lengths = [
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ]
        if lengths and len(body) < lengths[0]:
            return
        self._buffer = body[lengths[0] :] if lengths else b""
        loop = asyncio.get_running_loop()
        self._due = loop.time() + self.first_s
        self._left = itertools.count(self.tokens - 1, -1)
        self._transport.write(HEAD)
        self._timer = loop.call_at(self._due, self._token)

    def _token(self) -> None:
        body = (
            b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":'
            b'"%d "},"finish_reason":null}]}\n\n' % time.monotonic_ns()
        )
        self._transport.write(chunk(body))
        if next(self._left):
            self._due += GAP_S
            self._timer = asyncio.get_running_loop().call_at(self._due, self._token)
        else:
            self._transport.write(chunk(END) + b"0\r\n\r\n")


async def serve(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Endpoint, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    Endpoint.tokens = int(sys.argv[2]) if len(sys.argv) > 2 else TOKENS
    Endpoint.first_s = float(sys.argv[3]) if len(sys.argv) > 3 else FIRST_S
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))

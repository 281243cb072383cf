"""How the web process speaks HTTP and WebSocket: as uvicorn does, held to our contract, leaner."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from chatsite.lib.asgi import SEND_NOW

STALLED_S, STALLED_HTTP_S = 20, 60
READ_AHEAD = 16
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
MESSAGE_TOO_BIG, FRAME_TOO_LARGE = 1009, 4413
TEXT, BINARY = 0x1, 0x2


def server_frame(opcode: int, payload: bytes) -> bytes:
    """Return a whole message as one frame from a server: unmasked (RFC 6455, section 5.2)."""
    size, first = len(payload), 0x80 | opcode
    if size < 126:
        return bytes((first, size)) + payload
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


class HangsUp(asyncio.Protocol):
    """Hangs up on a client that takes nothing for a while, which no application code can.

    A close frame, or the end of a stream, would wait behind what it does not read.
    """

    patience = STALLED_S
    loop: asyncio.AbstractEventLoop
    transport: Any
    stalled: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """The client does not read."""
        super().pause_writing()
        self.stalled = self.loop.call_later(self.patience, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self.unstall()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self.unstall()
        super().connection_lost(exc)

    def unstall(self) -> None:
        """Stop the clock."""
        if self.stalled:
            self.stalled.cancel()
            self.stalled = None


class HttpProtocol(HangsUp, HttpToolsProtocol):
    """HTTP; a slow line may take its time over a file."""

    patience = STALLED_HTTP_S


class SocketProtocol(HangsUp, WebSocketsSansIOProtocol):
    """Ends what no application code can: frames too large, bad handshakes; and writes leanly.

    A frame's size is checked before it is read into memory, and the socket closed with the code
    our contract names.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        fail = self.conn.fail

        def fail_with_our_code(code: int, reason: str = "") -> None:
            fail(FRAME_TOO_LARGE if code == MESSAGE_TOO_BIG else code, reason)

        self.conn.fail = fail_with_our_code  # type: ignore[method-assign]

    def data_received(self, data: bytes) -> None:
        """Take bytes; a handshake that cannot be read (an endless address) is refused at once."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(BAD_REQUEST)
            self.transport.close()

    def handle_parser_exception(self) -> None:
        """Say what was wrong, and take what still comes without looking at it, until they hang up.

        To hang up on someone who is still sending resets the connection, and the code is lost.
        """
        if self.close_sent:
            return
        assert self.conn.close_sent is not None
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.write_eof()
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.patience, self.transport.close)

    def handle_connect(self, event: Request) -> None:
        """Begin; the application may write texts without waiting, where the extension is known."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            scope = cast(dict[str, Any], self.scope)
            scope["extensions"] |= {SEND_NOW: self.send_now}

    def send_now(self, text: str) -> bool:
        """Write a text at once; say if that was possible, that is, without waiting for anything."""
        ready = self.is_open() and self.writable.is_set() and not self.disconnected
        if ready:
            self.transport.write(server_frame(TEXT, text.encode()))
        return ready

    async def send(self, message: Any) -> None:
        """Send; a text on an open connection is framed here, without the library's machinery."""
        if message["type"] != "websocket.send" or not self.is_open():
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected or not self.is_open():
            raise ClientDisconnected
        text = message.get("text")
        self.transport.write(
            server_frame(BINARY, message["bytes"])
            if text is None
            else server_frame(TEXT, text.encode())
        )

    def is_open(self) -> bool:
        """Say whether the handshake is over and no close frame has gone either way."""
        return self.handshake_complete and not self.close_sent and self.conn.state is State.OPEN

    def send_receive_event_to_app(self) -> None:
        """Hand a whole message on, and stop reading only when the application is far behind.

        To stop and start again around every message costs two system calls each.
        """
        ahead = not self.read_paused and self.queue.qsize() < READ_AHEAD
        self.read_paused = self.read_paused or ahead
        super().send_receive_event_to_app()
        if ahead:
            self.read_paused = False

"""A WebSocket client as lean as a load generator needs: frames by callback, no tasks, no copies
kept.

Frames are masked with the key zero. That is legal on the wire (the server unmasks as always) and
saves the generator the one expensive step of a client in Python. Never do this in a client that
people use.
"""

import asyncio
import base64
import os
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
DEFLATE_OFFER = "permessage-deflate; client_max_window_bits"
"""What Chromium and Firefox offer in every handshake."""


class HandshakeRefused(ConnectionError):
    """The server answered the upgrade with something other than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(f"handshake refused with status {status}")
        self.status = status


class Socket(asyncio.Protocol):
    """One open WebSocket; `on_text` gets each text frame's payload as bytes, in the loop."""

    def __init__(self, on_text: Callable[[bytes], None], request: bytes) -> None:
        self.on_text = on_text
        self.close_code: int | None = None
        self.compressed = False
        self.closed = asyncio.get_running_loop().create_future()
        self._request = request
        self._opened = asyncio.get_running_loop().create_future()
        self._buffer = b""
        self._parts: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    async def opened(self) -> None:
        """Wait for the end of the handshake; raises HandshakeRefused or ConnectionError."""
        await self._opened

    def send(self, payload: bytes) -> None:
        """Send one text frame; silently nothing on a closed socket."""
        self._write(TEXT, payload)

    def close(self) -> None:
        """Send a close frame and hang up."""
        self._write(CLOSE, (1000).to_bytes(2, "big"))
        if self._transport:
            self._transport.close()

    def pause_reading(self) -> None:
        """Stop taking anything from the kernel, as a stalled client does."""
        if self._transport:
            self._transport.pause_reading()

    def _write(self, opcode: int, payload: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        size = len(payload)
        if size < 126:
            head = bytes((0x80 | opcode, 0x80 | size, 0, 0, 0, 0))
        elif size < 65536:
            head = bytes((0x80 | opcode, 0xFE)) + size.to_bytes(2, "big") + b"\0\0\0\0"
        else:
            head = bytes((0x80 | opcode, 0xFF)) + size.to_bytes(8, "big") + b"\0\0\0\0"
        transport.write(head + payload)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._opened.done():
            self._opened.set_exception(exc or ConnectionError("closed during the handshake"))
            self._opened.exception()
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        if not self._opened.done():
            head, found, data = (self._buffer + data).partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            self._buffer = b""
            status = int(head.split(b" ", 2)[1])
            if status != 101:
                self._opened.set_exception(HandshakeRefused(status))
                self._opened.exception()
                if self._transport:
                    self._transport.close()
                return
            self.compressed = b"permessage-deflate" in head.lower()
            self._opened.set_result(None)
        self._frames(self._buffer + data if self._buffer else data)

    def _frames(self, data: bytes) -> None:
        at, end = 0, len(data)
        while end - at >= 2:
            first, size = data[at], data[at + 1]
            start = at + 2
            if size == 126:
                start, size = at + 4, int.from_bytes(data[at + 2 : at + 4], "big")
            elif size == 127:
                start, size = at + 10, int.from_bytes(data[at + 2 : at + 10], "big")
            if start > end or start + size > end:
                break
            at = start + size
            self._frame(first, data[start:at])
        self._buffer = data[at:]

    def _frame(self, first: int, payload: bytes) -> None:
        opcode = first & 0x0F
        if opcode in (0, TEXT):
            if first & 0x80 and not self._parts:
                self.on_text(payload)
            else:
                self._parts.append(payload)
                if first & 0x80:
                    whole, self._parts = b"".join(self._parts), []
                    self.on_text(whole)
        elif opcode == PING:
            self._write(PONG, payload)
        elif opcode == CLOSE:
            self.close_code = int.from_bytes(payload[:2], "big") if payload else 1005
            self._write(CLOSE, payload[:2])
            if self._transport:
                self._transport.close()


async def connect(
    url: str,
    on_text: Callable[[bytes], None],
    *,
    token: str | None = None,
    offer_deflate: bool = False,
    origin: str | None = None,
) -> Socket:
    """Open `url` (ws://host:port/path) and return the socket after the handshake."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        f"Origin: {origin or f'http://{parts.netloc}'}",
    ]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if offer_deflate:
        lines.append(f"Sec-WebSocket-Extensions: {DEFLATE_OFFER}")
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(
        lambda: Socket(on_text, request), parts.hostname or "", parts.port or 80
    )
    await asyncio.wait_for(socket.opened(), 30)
    return socket

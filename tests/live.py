"""The real web process inside the test process: uvicorn on a free port, on the test database."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import orjson
import uvicorn
import websockets
from asgiref.sync import sync_to_async
from django.db import connections
from websockets.asyncio.client import ClientConnection

from accounts import actions as accounts_actions
from accounts.models import User
from accounts.viewer import Viewer

Frame = dict[str, Any]
DEADLINE_S = 10.0


@contextmanager
def serving() -> Iterator[str]:
    """Serve the product and give its ``host:port``; the loop of the server is the process's."""
    from chatsite.asgi import application
    from chatsite.lib import dbpool
    from chatsite.sockets import SocketProtocol
    from sessions_app.live import comings
    from sessions_app.live.writer import writer

    comings.LEAVE_GRACE_S = 0.0
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        loop="none",
        lifespan="on",
        log_config=None,
        ws=SocketProtocol,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True
    )
    thread.start()
    started = threading.Event()
    while not server.started and thread.is_alive():
        started.wait(0.01)
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        writer.close()
        dbpool.close()
        connections.close_all()
        if hasattr(connections["default"], "close_pool"):
            connections["default"].close_pool()


def settle() -> None:
    """Wait until every socket has left and the hub has nothing under way, so that no work of this
    test meets the emptying of the tables."""
    from chatsite.lib import loops
    from sessions_app.live.hub import hub

    asyncio.run_coroutine_threadsafe(hub.settle(), loops.background()).result(DEADLINE_S)


class Socket:
    """A client of the socket that keeps every frame, and waits for the one a test wants."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[Frame] = []

    async def send(self, type_: str, **fields: Any) -> None:
        """Send a frame."""
        await self.connection.send(orjson.dumps({"type": type_, **fields}).decode())

    async def send_raw(self, raw: str | bytes) -> None:
        """Send whatever."""
        await self.connection.send(raw)

    async def wait(self, type_: str, **fields: Any) -> Frame:
        """Return the next frame of this type with these fields, or fail after ten seconds."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                frame: Frame = orjson.loads(await self.connection.recv())
                self.frames.append(frame)
                if frame["type"] == type_ and all(
                    frame.get(name) == value for name, value in fields.items()
                ):
                    return frame

    async def closed(self) -> int:
        """Wait for the end and return the close code."""
        async with asyncio.timeout(DEADLINE_S):
            with contextlib.suppress(websockets.ConnectionClosed):
                async for raw in self.connection:
                    self.frames.append(orjson.loads(raw))
            await self.connection.wait_closed()
        assert self.connection.close_code is not None
        return self.connection.close_code

    async def subscribe(self, session_id: object, **cursor: int) -> Frame:
        """Subscribe and wait until everything missed has come."""
        await self.send("subscribe", session_id=str(session_id), **cursor)
        return await self.wait("subscribed", session_id=str(session_id))

    def seen(self, type_: str) -> list[Frame]:
        """Return the frames of a type that have come."""
        return [frame for frame in self.frames if frame["type"] == type_]


@asynccontextmanager
async def connected(
    address: str, user: User, *, query: str = "", **options: Any
) -> AsyncIterator[Socket]:
    """Give a socket of ``user``, with a ticket and more of a query, after ``ready``."""
    viewer = await sync_to_async(Viewer.of)(user)
    ticket = await sync_to_async(accounts_actions.issue_ticket)(viewer=viewer, purpose="ws")
    url = f"ws://{address}/api/v1/ws?ticket={ticket}{query}"
    async with websockets.connect(url, max_queue=None, **options) as connection:
        client = Socket(connection)
        await client.wait("ready")
        yield client

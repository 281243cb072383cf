"""The ASGI application: Django, the socket, and what a web process does at start and end."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path

from accounts.callers import callers
from chatsite import health
from chatsite.bodies import BodyLimit, refuse
from chatsite.lib import loops
from chatsite.lib.bus import bus
from llm.api.ask_door import AskDoor
from llm.streams import access, rows
from llm.streams.door import StreamDoor
from llm.streams.feeds import feeds
from llm.turns.quick_asking import quick_asking
from sessions_app.consumers import ChatConsumer
from sessions_app.live.hub import hub
from sessions_app.live.writer import writer
from sessions_app.origin_check import OriginCheck

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """Start the live feed with the server, and stop taking traffic before it ends."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            health.drain()
            await feeds.stop()
            await hub.stop()
            await writer.stop()
            await callers.close()
            await quick_asking.close()
            await access.close()
            await rows.close()
            await bus.close()
            await send({"type": "lifespan.shutdown.complete"})
            return


def start() -> None:
    """Adopt the running loop as this process's loop and begin to listen."""
    loops.adopt(asyncio.get_running_loop())
    hub.start()


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a socket.  A server without lifespan support starts the live feed here."""
    start()
    await _websocket(scope, receive, send)


_socket_route: Any = path("api/v1/ws", ChatConsumer.as_asgi())  # type: ignore[arg-type]
_websocket = OriginCheck(URLRouter([_socket_route]))

_http = BodyLimit(AskDoor(StreamDoor(django_application, refuse), refuse))

application = ProtocolTypeRouter({"http": _http, "websocket": websocket, "lifespan": lifespan})

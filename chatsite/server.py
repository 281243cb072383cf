"""The web process: uvicorn by default, daphne on request, on sockets that are bound first."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable

import uvicorn
from django.conf import settings

from chatsite.lib import heap, loops
from chatsite.sockets import HttpProtocol, SocketProtocol

DRAIN_S = 8

Ready = Callable[[], None]


class PortTaken(Exception):
    """Somebody else listens on the wanted address."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets bound to every address of `host`, IPv4 and IPv6; raises PortTaken."""
    bound: list[socket.socket] = []
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, _protocol, _name, address in dict.fromkeys(addresses):
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            listener.bind(address)
        except OSError as error:
            listener.close()
            if family == socket.AF_INET6:
                continue  # a machine without IPv6
            for other in bound:
                other.close()
            raise PortTaken(f"Port {port} on {host} cannot be used: {error.strerror}") from error
        bound.append(listener)
    return bound


class Server(uvicorn.Server):
    """Tells when it serves, and ends streams before it waits for requests."""

    def __init__(self, config: uvicorn.Config, on_ready: Ready) -> None:
        super().__init__(config)
        self.on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        heap.settle()
        self.on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first: each resumes elsewhere, and none holds up the drain."""
        from llm.streams.feeds import feeds  # once Django is set up

        feeds.end_all()
        await super().shutdown(sockets)


def reserve_loop() -> None:
    """Say early which loop this process will serve on, so that live events wait for it."""
    if settings.ASGI_SERVER == "daphne":
        from daphne.server import twisted_loop

        loops.adopt(twisted_loop)
    else:
        asyncio.set_event_loop(loops.reserve())


def configuration() -> uvicorn.Config:
    """How uvicorn serves the product; the caller brings the loop and the sockets."""
    return uvicorn.Config(
        "chatsite.asgi:application",
        loop="none",
        http=HttpProtocol,
        lifespan="on",
        ws=SocketProtocol,
        ws_max_size=settings.SOCKET_MAX_FRAME_BYTES,
        # Compression costs 90 KB for every idle socket; our own heartbeat replaces pings.
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        timeout_graceful_shutdown=DRAIN_S,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )


def serve(listeners: list[socket.socket], on_ready: Ready = lambda: None) -> None:
    """Serve the product until SIGTERM or ctrl-C, then close sockets (1012) and drain requests."""
    if settings.ASGI_SERVER == "daphne":
        reserve_loop()
        _serve_with_daphne(listeners, on_ready)
        return
    # Below this it logs the whole address of each accepted socket, and with it the ticket.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    # uvicorn raises the signal again once it has drained; the caller still has to tidy up then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    reserve_loop()
    loop = loops.reserve()
    try:
        loop.run_until_complete(Server(configuration(), on_ready).serve(sockets=listeners))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _serve_with_daphne(listeners: list[socket.socket], on_ready: Ready) -> None:
    from daphne.server import Server as Daphne

    from chatsite.asgi import application

    endpoints = []
    for listener in listeners:
        address = listener.getsockname()[0].replace(":", r"\:")
        endpoints.append(f"tcp:port={listener.getsockname()[1]}:interface={address}")
        listener.close()
    Daphne(
        application,
        endpoints=endpoints,
        ready_callable=on_ready,
        ping_interval=0,
        server_name="",
    ).run()

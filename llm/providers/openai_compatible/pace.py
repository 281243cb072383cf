"""Reading an answer every few hundredths of a second instead of token by token.

A token is some hundred bytes, and each read of a socket costs more than what it brings: the event
loop, the parser of the transfer coding, the task that waits. Nobody is shown pieces as small as
that, so between two reads the kernel keeps what comes.
"""

from __future__ import annotations

import asyncio

import aiohttp

REST_S = 0.045
"""A little less than the time between two pieces that are shown."""


class Pace:
    """Lets the connection of a response rest after each read."""

    __slots__ = ("_loop", "_transport")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._loop = asyncio.get_running_loop()
        connection = response.connection
        self._transport = None if connection is None else connection.transport

    def rest(self) -> None:
        """Read nothing from the connection for a moment."""
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.pause_reading()
            self._loop.call_later(REST_S, _go_on, transport)


def _go_on(transport: asyncio.Transport) -> None:
    if not transport.is_closing():
        transport.resume_reading()

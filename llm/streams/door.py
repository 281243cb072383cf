"""Where a request becomes a stream.

Django opens the door: it authenticates, refuses, counts, logs and writes the headers, as for any
request. Then its thread and its database connection are free again, and the stream goes on here,
at the cost of one task. (A stream that Django carries keeps a thread to itself until it ends.)
Where a request is plain (:mod:`chatsite.lib.plain`), the door is opened here, too.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from accounts import tokens
from accounts.callers import callers
from chatsite.lib import ratelimit
from chatsite.lib.errors import DomainError
from chatsite.lib.plain import Plain, Refuse
from llm.streams import access
from llm.streams.cursor import Cursor
from llm.streams.feeds import feeds
from llm.streams.reader import Reader

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

PREFIX: Final = "/api/v1/streams/turn/"
KEY: Final = "cland.stream"
#: Milliseconds after which a browser's EventSource comes back.
PRELUDE: Final = b"retry: 2000\n\n"
HEADERS: Final = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
    "content-encoding": "identity",
}
VIEW: Final = "stream-turn"
ALLOW: Final = "GET, HEAD, OPTIONS"
_PATH = re.compile(re.escape(PREFIX) + "([0-9a-fA-F-]{36})")


@dataclass(frozen=True, slots=True)
class Ticket:
    """What Django let in: a reader of one turn."""

    turn_id: UUID
    cursor: Cursor
    user_id: int


class StreamDoor:
    """Streams what Django has let in; everything else is Django's alone."""

    def __init__(self, app: App, refuse: Refuse) -> None:
        self.app = app
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if not scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        found = _PATH.fullmatch(scope["path"]) if scope.get("method") == "GET" else None
        plain = Plain.of(scope, VIEW) if found else None
        if found and plain and await self._open_plain(plain, found[1], scope, receive, send):
            return
        let_in: list[Ticket] = []
        scope = {**scope, KEY: let_in}
        start: Message = {}

        async def take(message: Message) -> None:
            if not let_in:
                await send(message)
            elif message["type"] == "http.response.start":
                start.update(message)

        await self.app(scope, receive, take)
        if let_in and start:  # without a start, the client left before Django could answer
            await self._stream(scope, receive, send, let_in[0], start)

    async def _open_plain(
        self, plain: Plain, turn_id: str, scope: Scope, receive: Receive, send: Send
    ) -> bool:
        """Let a plain request in; say whether it was answered, be it with a refusal."""
        with plain.being_answered() as answered:
            ticket = await _ticket(plain, turn_id)
            if ticket is None:
                return False
            key = str(ticket.user_id)
            try:
                await ratelimit.hit_all(("api_user", key), ("stream_user", key))
            except DomainError as error:
                answered(await self.refuse(scope, send, error))
                return True
            answered(200)
            start = plain.start(200, {**HEADERS, "allow": ALLOW})
            await self._stream(scope, receive, send, ticket, start)
            return True

    async def _stream(
        self, scope: Scope, receive: Receive, send: Send, ticket: Ticket, start: Message
    ) -> None:
        try:
            reader = await feeds.join(ticket.turn_id, ticket.cursor, user_id=ticket.user_id)
        except DomainError as error:
            await self.refuse(scope, send, error)
            return
        headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
        if reader is None:  # a browser that gets this does not come back
            await send({**start, "status": 204, "headers": headers})
            await send({"type": "http.response.body"})
            return
        gone = asyncio.get_running_loop().create_task(_until_gone(receive))
        gone.add_done_callback(lambda _: reader.cut())
        try:
            await send({**start, "headers": headers})
            await _body(send, PRELUDE)
            await _pass_on(reader, send)
        finally:
            feeds.leave(reader)
            gone.cancel()


async def _pass_on(reader: Reader, send: Send) -> None:
    while data := await reader.take():
        await _body(send, data)
    await send({"type": "http.response.body"})


async def _body(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _ticket(plain: Plain, turn_id: str) -> Ticket | None:
    """Return what lets a plain request in; None leaves it to the view."""
    token = plain.bearer()
    if token is None or plain.argument("st") is not None:
        return None
    asked = plain.header(b"last-event-id") or plain.argument("last_event_id") or ""
    try:
        cursor, pk, holder = Cursor.parse(asked), UUID(turn_id), tokens.holder_of(token)
    except (DomainError, ValueError):
        return None
    viewer, may = await asyncio.gather(callers.viewer(holder), access.may_read(pk, holder.user_id))
    if viewer is None or not viewer.is_staff or not may:
        return None
    plain.user_id = viewer.user_id
    return Ticket(pk, cursor, viewer.user_id)

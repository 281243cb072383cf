"""HTTP requests that are answered in the event loop, beside Django.

Django takes 4 ms of processor time for a request before a view has done anything. The few that
come by the hundred are therefore answered by ASGI applications of our own in front of it, as long
as they are plain: from a program with a token, without cookies and without an origin. Whatever is
not plain goes on to Django, which knows all the rules and all the ways to refuse.

The middleware still has its say: an empty answer to such a request is sent through it, and its
headers are those of all the answers. A request that it would answer itself is not plain.
"""

from __future__ import annotations

import contextvars
import io
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any
from urllib.parse import parse_qs

import orjson
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from structlog.contextvars import bound_contextvars

from chatsite.lib import request_id, served
from chatsite.lib.loopdb import LoopConnections

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Event = dict[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Refuse = Callable[[Scope, Send, Exception], Awaitable[int]]
"""Answers with the problem that tells a caller about an error; returns the status."""

#: What only browsers send, and what changes how a body is to be read.
NOT_PLAIN = frozenset(
    (b"cookie", b"origin", b"access-control-request-method", b"content-encoding", b"expect")
)
#: What the middleware looks at.
LOOKED_AT = (b"host", b"x-forwarded-proto", b"accept-language")


class Plain:
    """A request whose answer needs nothing of Django but the headers of its middleware."""

    __slots__ = ("headers", "method", "path", "query", "request_id", "user_id", "view")

    def __init__(self, scope: Scope, headers: dict[bytes, bytes], view: str) -> None:
        self.headers = headers
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.request_id = request_id.accept_or_make(self.header(b"x-request-id") or None)
        self.view = view
        self.user_id: int | None = None

    @classmethod
    def of(cls, scope: Scope, view: str) -> Plain | None:
        """Return the request, or None for Django; ``view`` is the name metrics know it by."""
        if not LoopConnections.are_possible():
            return None
        headers = dict(scope["headers"])
        if len(headers) != len(scope["headers"]) or not NOT_PLAIN.isdisjoint(headers):
            return None
        if scope.get("root_path") or scope.get("scheme") != "http":
            return None
        made = cls(scope, headers, view)
        return made if made.base() is not None else None

    def header(self, name: bytes) -> str:
        """Return a header; empty when it was not sent."""
        return self.headers.get(name, b"").decode("latin-1")

    def argument(self, name: str) -> str | None:
        """Return the last value of a query's argument."""
        if not self.query:
            return None
        given = parse_qs(self.query.decode("latin-1"), keep_blank_values=True).get(name)
        return given[-1] if given else None

    def bearer(self) -> str | None:
        """Return the token of an `Authorization: Bearer` header, None for anything else."""
        words = self.header(b"authorization").split(" ")
        is_one = len(words) == 2 and words[0].lower() == "bearer" and words[1].isascii()
        return words[1] if is_one else None

    def base(self) -> Headers | None:
        """Return the headers that the middleware gives an answer; None if it would not let it."""
        looked_at = tuple(self.headers.get(name) for name in LOOKED_AT)
        return _through_middleware(self.method, self.path.split("/", 4)[3], looked_at)

    @contextmanager
    def being_answered(self) -> Iterator[Callable[[int], None]]:
        """Answer with the request's id in every log line; call with the status once it is known."""
        began = time.perf_counter()

        def answered(status: int) -> None:
            served.note(
                method=self.method,
                path=self.path,
                view=self.view,
                status=status,
                seconds=time.perf_counter() - began,
                user_id=self.user_id,
            )

        with request_id.use(self.request_id), bound_contextvars(request_id=self.request_id):
            yield answered

    async def answer(self, send: Send, status: int, body: Any, **headers: str) -> None:
        """Send a JSON answer."""
        raw = orjson.dumps(body, default=str)
        await send(self.start(status, {"content-length": str(len(raw)), **headers}))
        await send({"type": "http.response.body", "body": raw})

    def start(self, status: int, headers: dict[str, str]) -> Event:
        """Return the event that begins an answer; ``headers`` replace those of the middleware."""
        own = {"x-request-id": self.request_id, **headers}
        return {
            "type": "http.response.start",
            "status": status,
            "headers": [
                *(pair for pair in self.base() or () if pair[0].decode() not in own),
                *((name.encode(), value.encode("latin-1")) for name, value in own.items()),
            ],
        }


async def whole_body(receive: Receive) -> tuple[bytes, list[Event]]:
    """Read a body; return it and the events it came in, for :func:`again`."""
    events: list[Event] = []
    while True:
        event = await receive()
        events.append(event)
        if event["type"] != "http.request" or not event.get("more_body", False):
            return b"".join(one.get("body", b"") for one in events), events


def again(events: list[Event], receive: Receive) -> Receive:
    """Return a ``receive`` that gives events which were taken already, then what comes."""
    left = iter(events)

    async def give() -> Event:
        for event in left:
            return event
        return await receive()

    return give


@lru_cache(maxsize=512)
def _through_middleware(
    method: str, section: str, looked_at: tuple[bytes | None, ...]
) -> Headers | None:
    """Send an empty answer through the middleware; return its headers, None if it is not let."""
    given = [(name, value) for name, value in zip(LOOKED_AT, looked_at, strict=True) if value]
    path = f"/api/v1/{section}"
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": given,
        "scheme": "http",
    }
    try:
        # In a context of its own: what it sets for a request, such as a language, ends with it.
        context = contextvars.copy_context()
        response = context.run(_middleware(), ASGIRequest(scope, io.BytesIO()))
    except Exception as error:  # noqa: BLE001 - Django finds out, and says so
        log.info("not answered beside Django", extra={"error": type(error).__name__})
        return None
    if response.status_code != 200:
        return None
    dropped = {"content-length", "x-request-id"}
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.items()
        if name.lower() not in dropped
    ]


@cache
def _middleware() -> Callable[[HttpRequest], HttpResponseBase]:
    """Return the synchronous middleware around a view that answers with nothing."""

    def empty(_: HttpRequest) -> HttpResponse:
        return HttpResponse(content_type="application/json")

    handler: Callable[[HttpRequest], HttpResponseBase] = empty
    for name in reversed(settings.MIDDLEWARE):
        middleware = import_string(name)
        if getattr(middleware, "sync_capable", True):
            handler = middleware(handler)
    return handler

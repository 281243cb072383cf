"""Bounds on request bodies, before Django reads them.

Django under ASGI writes the whole body to disk before any view or limit of ours is asked, whoever
sends it and however long it is.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from chatsite.lib import request_id
from chatsite.lib.errors import (
    DomainError,
    InternalError,
    ServiceUnavailable,
    UploadTooLarge,
    ValidationFailed,
)

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

UPLOADS = ("/api/v1/upload/", "/api/v1/knowledge/articles/import-file")
#: How much of a body that is refused is still read, so that its sender gets to see the answer.
DRAIN_BYTES = 64 * 1024 * 1024
DRAIN_S = 10.0


class TooLarge(ValidationFailed):
    """More than any request of this kind may hold."""

    status = 413
    title = "The request is too large"


class TooSlow(ValidationFailed):
    """Not whole after ``BODY_MAX_S``."""

    status = 408
    title = "The request took too long to arrive"


class BodyLimit:
    """Refuses bodies that are too large or take too long, with a problem and ``close``."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request with a bounded body."""
        is_upload = scope["path"].startswith(UPLOADS)
        most = settings.UPLOAD_BODY_BYTES if is_upload else settings.BODY_MAX_BYTES
        body = _Body(receive, most, UploadTooLarge() if is_upload else TooLarge())
        try:
            body.expect(_header(scope, b"content-length"))
            await self.app(scope, body.receive, send)
        except _Refused as refused:
            if await body.drain():
                await answer_problem(scope, send, refused.error)
        except OSError:
            if body.whole:
                raise
            log.exception("no room for a request's body")
            if await body.drain():
                await answer_problem(scope, send, ServiceUnavailable())


class _Refused(Exception):
    def __init__(self, error: DomainError) -> None:
        self.error = error


class _Body:
    """A request's body on its way in."""

    def __init__(self, receive: Receive, most: int, too_large: DomainError) -> None:
        self._receive = receive
        self._most = most
        self._too_large = too_large
        self._taken = 0
        self.whole = False
        self._until = asyncio.get_running_loop().time() + settings.BODY_MAX_S

    def expect(self, length: str) -> None:
        """Refuse at once what says itself that it is too long."""
        if length.isdecimal() and int(length) > self._most:
            raise _Refused(self._too_large)

    async def receive(self) -> dict[str, Any]:
        """Return the next event, as the server's ``receive`` does."""
        if self.whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                event = await self._receive()
        except TimeoutError:
            raise _Refused(TooSlow()) from None
        self._note(event)
        if self._taken > self._most:
            raise _Refused(self._too_large)
        return event

    def _note(self, event: dict[str, Any]) -> None:
        self._taken += len(event.get("body", b""))
        self.whole = event["type"] != "http.request" or not event.get("more_body", False)

    async def drain(self) -> bool:
        """Read on for a while; return whether anybody is left to answer to."""
        event: dict[str, Any] = {"type": "http.request"}
        try:
            async with asyncio.timeout(DRAIN_S):
                while not self.whole and self._taken < DRAIN_BYTES:
                    event = await self._receive()
                    self._note(event)
        except TimeoutError:
            pass
        return bool(event["type"] == "http.request")


async def refuse(scope: Scope, send: Send, error: Exception) -> int:
    """Answer with the problem that tells a caller about ``error``; return its status."""
    from chatsite.api import as_domain_error

    known = as_domain_error(error)
    if isinstance(known, InternalError):
        log.error("unexpected error", exc_info=error)
    await answer_problem(scope, send, known, close=False)
    return known.status


async def answer_problem(
    scope: Scope, send: Send, error: DomainError, *, close: bool = True
) -> None:
    """Answer with a problem where Django is not asked; ``close`` ends the connection."""
    from chatsite.api import (  # REST framework has to load it first
        PROBLEM_JSON,
        problem,
        problem_headers,
    )

    given = request_id.current() or request_id.accept_or_make(_header(scope, b"x-request-id"))
    with request_id.use(given):
        body = json.dumps(problem(error)).encode()
    headers = {
        "Content-Type": PROBLEM_JSON,
        "Content-Length": str(len(body)),
        **problem_headers(error),
        "X-Content-Type-Options": "nosniff",
        "X-Request-ID": given,
    }
    if close:
        headers["Connection"] = "close"
    await send(
        {
            "type": "http.response.start",
            "status": error.status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")

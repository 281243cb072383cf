"""Which pages may open the socket: our own, and those the operator allows."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings

from chatsite.lib import dbpool

AllowedOrigins = Callable[[str], bool]
_also_allowed: list[AllowedOrigins] = []


def register_allowed_origins(rule: AllowedOrigins) -> None:
    """Let ``rule(origin)`` allow more origins (the widgets' own); it may query the database."""
    _also_allowed[:] = [rule]


class OriginCheck:
    """Refuses a browser on a foreign page before the socket is accepted.

    A request without ``Origin`` is not a browser's; it can only come in with a token or a ticket,
    which no foreign page has.
    """

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(
        self,
        scope: Any,
        receive: Any,
        send: Any,
    ) -> None:
        """Pass the connection on, or deny it with 403."""
        headers = dict(scope.get("headers", ()))
        origin = headers.get(b"origin")
        if origin is None or await _is_allowed(
            origin.decode("latin-1"), headers.get(b"host", b"").decode("latin-1")
        ):
            await self.application(scope, receive, send)
        else:
            await WebsocketDenier()(scope, receive, send)


async def _is_allowed(origin: str, host: str) -> bool:
    parts = urlsplit(origin)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return False
    known_host = any(
        allowed in {parts.hostname, f"[{parts.hostname}]"} for allowed in settings.ALLOWED_HOSTS
    )
    if parts.netloc == host and known_host:
        return True
    if origin in settings.CORS_ALLOWED_ORIGINS or origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    for rule in _also_allowed:
        if await dbpool.run(rule, origin):
            return True
    return False

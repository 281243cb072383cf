"""What is noted of a request that was answered, whoever answered it."""

import logging
from typing import Any

from chatsite.lib.metrics import REQUEST_SECONDS, REQUESTS

log = logging.getLogger("chatsite.request")

QUIET = {"/healthz", "/readyz", "/metrics"}


def note(
    *, method: str | None, path: str, view: str, status: int, seconds: float, user_id: Any
) -> None:
    """Count a request and log it without its query, which can hold a ticket."""
    REQUESTS.labels(method, view, status).inc()
    REQUEST_SECONDS.labels(view).observe(seconds)
    if path not in QUIET and not path.startswith("/static/"):
        log.info(
            "request",
            extra={
                "method": method,
                "path": path,
                "status": status,
                "ms": round(seconds * 1000, 1),
                "user_id": user_id,
            },
        )

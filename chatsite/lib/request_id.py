"""The request id that ties a request, its log lines, its tasks and its live events together."""

import contextvars
import re
from collections.abc import Iterator
from contextlib import contextmanager

from chatsite.lib.ids import uuid7

_current: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
_ACCEPTED = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def current() -> str:
    """Return the id of the request being served, or an empty string outside of one."""
    return _current.get()


def accept_or_make(offered: str | None) -> str:
    """Return the caller's id when it is harmless in a log line, otherwise a new one."""
    if offered and _ACCEPTED.fullmatch(offered):
        return offered
    return uuid7().hex


@contextmanager
def use(request_id: str) -> Iterator[str]:
    """Make ``request_id`` the current one for the length of the block."""
    token = _current.set(request_id)
    try:
        yield request_id
    finally:
        _current.reset(token)

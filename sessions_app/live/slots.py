"""Answers that stand beside others: the app above that keeps them says which are running here,
because the kernel does not know turns."""

import uuid
from collections.abc import Callable

from sessions_app.publish import LiveAnswer

Lookup = Callable[[uuid.UUID], list[LiveAnswer]]
_lookups: list[Lookup] = []


def register_lookup(lookup: Lookup) -> None:
    """Let ``lookup(session_id)`` say which slots of the session's turns are being answered."""
    _lookups[:] = [lookup]


def running(session_id: uuid.UUID) -> list[LiveAnswer]:
    """Return the slots that are being answered in a session; queries the database."""
    return _lookups[0](session_id) if _lookups else []

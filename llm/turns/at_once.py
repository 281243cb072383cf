"""Asking from the event loop: without locks where that is possible, else in a database thread."""

from __future__ import annotations

from typing import Any

from accounts.viewer import Viewer
from chatsite.lib import dbpool
from chatsite.lib.errors import ServiceUnavailable
from llm.turns.asking import Asked, ask
from llm.turns.quick_asking import quick_asking

MOST_WAITING = 1000
"""Questions under way in a process; more than this many would wait longer than anyone does."""
_waiting = 0


async def ask_at_once(*, viewer: Viewer, conversation_id: object, **wanted: Any) -> Asked:
    """Do what :func:`ask` does, and raise what it raises.

    Raises :class:`ServiceUnavailable` when far too many wait already.
    """
    global _waiting  # noqa: PLW0603 - one count per process
    if _waiting >= MOST_WAITING:
        raise ServiceUnavailable("Too many questions at once", retry_after=2)
    _waiting += 1
    try:
        asked = await quick_asking.ask(viewer=viewer, conversation_id=conversation_id, **wanted)
        if asked is None:
            asked = await dbpool.run(ask, viewer=viewer, conversation_id=conversation_id, **wanted)
        return asked
    finally:
        _waiting -= 1

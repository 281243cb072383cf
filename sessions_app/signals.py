"""Announcements of the kernel to the apps above it, always after the commit.

A receiver does one thing: wake a task or call an action.  Nothing here is a promise: what must
happen is also a fact in the database that a sweep finds.
"""

import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import transaction
from django.dispatch import Signal

from chatsite.lib import dbpool

# Receivers may talk to a broker that is slow or gone; the thread that commits messages may not
# wait for that.
_announcer = ThreadPoolExecutor(1, thread_name_prefix="announce")

reply_wanted = Signal()
"""``session_id: UUID, due_at: datetime``: the assistant owes an answer."""

reply_stop_requested = Signal()
"""``session_id: UUID, turn_id: UUID``: someone asked the running reply to stop."""

session_cleared = Signal()
"""``session_id: UUID, customer_id: int``: a customer wants this talk forgotten."""


def announce(signal: Signal, **arguments: Any) -> None:
    """Send ``signal`` after the commit of the current transaction, on a thread of its own."""
    transaction.on_commit(announcement(signal, **arguments), robust=True)


def announcement(signal: Signal, **arguments: Any) -> Callable[[], object]:
    """Return what sends ``signal`` on the announcer's thread when it is called."""
    # The context carries the request id into the log lines of what follows.
    context = contextvars.copy_context()

    def hand_over() -> None:
        _announcer.submit(context.run, _send, signal, arguments)

    return hand_over


def _send(signal: Signal, arguments: dict[str, Any]) -> None:
    try:
        signal.send_robust(sender=None, **arguments)
    finally:
        dbpool.give_back()

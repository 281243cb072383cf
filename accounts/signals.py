"""Announcements to the apps above; sent after the commit, so that what they say is true."""

from functools import partial

from django.db import transaction
from django.dispatch import Signal

# Arguments: user_id: int, family_id: str | None (None: everything of this person).
access_revoked = Signal()


def announce_revoked(*, user_id: int, family_id: str | None = None) -> None:
    """Tell after commit that sockets and streams of this person (or device) must close."""
    transaction.on_commit(
        partial(access_revoked.send_robust, sender=None, user_id=user_id, family_id=family_id),
        robust=True,
    )

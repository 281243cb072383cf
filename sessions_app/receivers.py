"""What the kernel does when the app below it announces something."""

from typing import Any

from django.dispatch import receiver

from accounts.signals import access_revoked
from sessions_app import publish


@receiver(access_revoked)
def close_sockets(user_id: int, family_id: str | None = None, **_: Any) -> None:
    """Close the sockets of someone who signed out, was disabled, or changed the password."""
    publish.access_revoked(user_id, family_id)

"""A browser that logged in before, so that strangers' guesses do not lock its owner out.

The cookie opens nothing: whoever shows it has an own count of wrong passwords.
"""

from __future__ import annotations

import secrets

from django.core import signing

from accounts.models import User

LIFE_S = 365 * 24 * 3600
_SALT = "accounts.known-device"


def mark(user: User) -> str:
    """A new cookie value for a browser in which `user` just proved the password."""
    return signing.dumps({"u": user.pk, "d": secrets.token_hex(8)}, salt=_SALT)


def device_of(user: User | None, cookie: str) -> str:
    """The device's name when the cookie is ours and this person's, else ""."""
    if user is None or not cookie:
        return ""
    try:
        marked = signing.loads(cookie, salt=_SALT, max_age=LIFE_S)
    except signing.BadSignature:
        return ""
    return f"{user.pk}:{marked['d']}" if marked["u"] == user.pk else ""

"""Authenticated encryption of secrets at rest, under a keyring with key ids.

A stored value reads ``<key id>:<Fernet token>``.  The first key of ``FIELD_ENCRYPTION_KEYS``
encrypts; every key decrypts, so that keys can be rotated without downtime.
"""

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class UndecryptableError(Exception):
    """The value was written with a key we do not have, or was tampered with."""


def _keyring() -> dict[str, Fernet]:
    return {key_id: Fernet(key) for key_id, key in settings.FIELD_ENCRYPTION_KEYS.items()}


def _primary_id() -> str:
    return str(next(iter(settings.FIELD_ENCRYPTION_KEYS)))


def encrypt(plain: str) -> str:
    """Return ``plain`` encrypted under the primary key."""
    key_id = _primary_id()
    return f"{key_id}:{_keyring()[key_id].encrypt(plain.encode()).decode()}"


def decrypt(stored: str) -> str:
    """Return the plain text of a stored value; raise :class:`UndecryptableError` if we cannot."""
    key_id, _, token = stored.partition(":")
    fernet = _keyring().get(key_id)
    if fernet is None:
        raise UndecryptableError("unknown key id")
    try:
        return fernet.decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise UndecryptableError("the value does not fit its key") from error


def needs_rotation(stored: str) -> bool:
    """Say whether a stored value is not under the primary key."""
    return not stored.startswith(f"{_primary_id()}:")

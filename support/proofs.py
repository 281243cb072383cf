"""Secrets of widgets and visitors: how they are made, stored and compared."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

KEY_BYTES = 16
SECRET_BYTES = 32
VISITOR_TOKEN_BYTES = 32
_KEY = re.compile(r"[A-Za-z0-9_-]{3,40}")


def new_key() -> str:
    """A public widget key: 128 random bits, URL-safe."""
    return secrets.token_urlsafe(KEY_BYTES)


def is_key(text: str) -> bool:
    """Could this be a widget key? 3 to 40 letters, digits, - or _."""
    return _KEY.fullmatch(text) is not None


def new_secret() -> str:
    """A widget secret: 256 random bits, as 64 hexadecimal digits."""
    return secrets.token_hex(SECRET_BYTES)


def new_visitor_token() -> str:
    """What a browser keeps: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(VISITOR_TOKEN_BYTES)


def fingerprint(token: str) -> str:
    """The stored form of a visitor token. Plain SHA-256: the token itself is random enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def sign_identity(*, secret: str, external_id: str) -> str:
    """What a host site computes for its user: HMAC-SHA256 of the id, in hexadecimal."""
    return hmac.new(secret.encode(), external_id.encode(), hashlib.sha256).hexdigest()


def identity_is_signed(*, secret: str, external_id: str, proof: str) -> bool:
    """Does `proof` belong to `external_id`? Takes the same time whatever is wrong with it."""
    right = sign_identity(secret=secret, external_id=external_id)
    return hmac.compare_digest(right.encode(), proof.strip().lower().encode())

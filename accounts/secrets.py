"""Secrets of our own making: handed out once, stored as a digest."""

import hashlib
import secrets


def new_secret() -> str:
    """256 random bits, 43 characters that are safe in URLs and headers."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored: plain SHA-256 is enough for a secret nobody can guess. 64 hex digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()

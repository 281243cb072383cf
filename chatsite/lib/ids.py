"""Identifiers: UUID version 7 (RFC 9562, section 5.7), which sort by time of making."""

import os
import time
import uuid
from functools import lru_cache


def uuid7() -> uuid.UUID:
    """Return a new UUIDv7: 48 bits of Unix milliseconds, 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF000 << 64) | 0x7000 << 64
    value = value & ~(0xC000 << 48) | 0x8000 << 48
    return uuid.UUID(int=value)


@lru_cache(maxsize=8192)  # the ids of a message and its session are written several times each
def text(value: uuid.UUID) -> str:
    """Return ``str(value)``, which takes a microsecond or two, the second time at once."""
    return str(value)

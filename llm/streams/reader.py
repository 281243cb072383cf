"""One connection that reads a turn: what waits to be sent to it, and no more than it may."""

from __future__ import annotations

import asyncio
import time
from collections import deque

MOST_UNSENT_BYTES = 256 * 1024


class Reader:
    """Bytes on their way to one connection.

    Who does not read is cut off, and resumes from the last event it got: the alternative is to
    keep everything for everyone who went away without a word.
    """

    def __init__(self, user_id: int, missed: list[bytes]) -> None:
        self.user_id = user_id
        self.sent_at = time.monotonic()
        self._waiting = deque(missed)
        # What it missed is bounded by the turn; the bound is on what comes on top of it.
        self._unsent = -sum(map(len, missed))
        self._changed = asyncio.Event()
        self.is_over = False

    def push(self, data: bytes) -> None:
        """Queue bytes; cut the connection off when too many wait."""
        if self.is_over:
            return
        self._waiting.append(data)
        self._unsent += len(data)
        if self._unsent > MOST_UNSENT_BYTES:
            self.cut()
        self._changed.set()

    def finish(self) -> None:
        """Nothing more comes; what waits is still sent."""
        self.is_over = True
        self._changed.set()

    def cut(self) -> None:
        """End at once: what waits is dropped, so that nothing is skipped silently."""
        self._waiting.clear()
        self.finish()

    async def take(self) -> bytes:
        """Wait for bytes and return all there are; nothing means that it is over."""
        while not self._waiting and not self.is_over:
            self._changed.clear()
            await self._changed.wait()
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._unsent = 0
        self.sent_at = time.monotonic()
        return data

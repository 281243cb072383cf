"""Our own deadlines of one call: no client library's timeouts bound a whole stream."""

from __future__ import annotations

import asyncio

from llm.providers.base import Deadlines

LAST_WORDS_S = 2.0


class Clock:
    """Our deadlines for one call: first content, then the gap, always the whole."""

    __slots__ = ("_first_at", "_loop", "_whole_at", "deadlines", "expires_at", "timeout")

    def __init__(self, deadlines: Deadlines) -> None:
        self.deadlines = deadlines
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._whole_at = now + deadlines.whole
        self._first_at: float | None = None
        self.expires_at = min(now + deadlines.first_content, self._whole_at)
        self.timeout: asyncio.Timeout | None = None

    def content_came(self) -> None:
        """Move the deadline on.  Re-arms the timer at most every few reads, as arming costs."""
        now = self._loop.time()
        first = self._first_at is None
        if first:
            self._first_at = now
        expires_at = min(now + self.deadlines.gap, self._whole_at)
        slack = min(0.5, self.deadlines.gap / 20)
        if self.timeout is not None and (first or expires_at - self.expires_at > slack):
            self.expires_at = expires_at
            self.timeout.reschedule(expires_at)

    def answer_ended(self) -> None:
        """Wait only a moment longer: usage may follow the end of the answer."""
        expires_at = self._loop.time() + LAST_WORDS_S
        if self.timeout is not None and expires_at < self.expires_at:
            self.expires_at = expires_at
            self.timeout.reschedule(expires_at)

    def expiry_reason(self) -> str:
        """Say which deadline it was that passed."""
        if self.expires_at >= self._whole_at:
            return "deadline"
        return "first_content" if self._first_at is None else "stalled"

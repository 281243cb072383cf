"""An answer while it is written: merged, logged, and shown live.

A model's tokens come every few milliseconds; readers get a piece every 50 ms.  Each piece is
logged before it is rung, so that whoever comes late can be brought up to date from the log.
"""

import asyncio
import contextlib
import logging

from chatsite.lib.streamlog import key_of, stream_log
from sessions_app import publish

log = logging.getLogger(__name__)

FLUSH_EVERY_S = 0.05


class ReplyStream:
    """The live text of one attempt of one answer.  Use it inside the process's loop."""

    def __init__(self, answer: publish.LiveAnswer) -> None:
        self._answer = answer
        self._key = key_of(str(answer.answer_id), answer.attempt)
        self._parts: list[str] = []
        self._flushed = 0
        self._seq = 0
        self._flusher: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    @property
    def text(self) -> str:
        """Return all that was written."""
        return "".join(self._parts)

    def write(self, delta: str) -> None:
        """Add text.  The first piece is shown at once, later ones merged."""
        if not delta:
            return
        self._parts.append(delta)
        if self._flusher is None:
            self._flusher = asyncio.get_running_loop().create_task(self._flush_soon())

    async def _flush_soon(self) -> None:
        try:
            if self._seq:
                await self._pause()
            while self._flushed < len(self._parts):
                await self._flush()
                await self._pause()
        finally:
            self._flusher = None

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_EVERY_S):
                await self._closing.wait()

    async def _flush(self) -> None:
        text = "".join(self._parts[self._flushed :])
        self._flushed = len(self._parts)
        self._seq += 1
        try:
            await stream_log().append(self._key, self._seq, text)
        except Exception as error:  # noqa: BLE001 - the answer's row does not depend on the log
            log.warning("reply chunk not logged", extra={"error": type(error).__name__})
        publish.reply_chunk(self._answer, self._seq, text)

    async def aclose(self) -> None:
        """Show what is left and end the flusher."""
        self._closing.set()
        if self._flusher is not None:
            await self._flusher
        if self._flushed < len(self._parts):
            await self._flush()

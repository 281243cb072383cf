"""An answer while it is written: merged, logged, and shown live.

A model's tokens come every few milliseconds; readers get a piece every 50 ms at most.  Each piece
is logged before it is rung, so that whoever comes late can be brought up to date from the log.
"""

import asyncio
import logging
from collections.abc import Iterable

from chatsite.lib.streamlog import key_of, stream_log
from sessions_app import publish

log = logging.getLogger(__name__)

PIECE_EVERY_S = 0.05
TICK_S = 0.01


class ReplyStream:
    """The live text of one attempt of one answer.  Use it inside the process's loop."""

    def __init__(self, answer: publish.LiveAnswer) -> None:
        self._answer = answer
        self._key = key_of(str(answer.answer_id), answer.attempt)
        self._parts: list[str] = []
        self._flushed = 0
        self._seq = 0
        self.due_at = 0.0
        """When the next piece may be shown, in the loop's time."""

    @property
    def text(self) -> str:
        """Return all that was written."""
        return "".join(self._parts)

    def write(self, delta: str) -> None:
        """Add text.  The first piece is shown at once, later ones merged."""
        if delta:
            self._parts.append(delta)
            _flusher().add(self, at_once=not self._flushed)

    def cut(self, now: float) -> "Piece | None":
        """Return what was written since the last piece as the next one."""
        if self._flushed == len(self._parts):
            return None
        text = "".join(self._parts[self._flushed :])
        self._flushed = len(self._parts)
        self._seq += 1
        self.due_at = now + PIECE_EVERY_S
        return self._answer, self._key, self._seq, text

    async def aclose(self) -> None:
        """Show what is left, and wait until all of it is in the log."""
        await _flusher().flush([self])


Piece = tuple[publish.LiveAnswer, str, int, str]
"""An answer, its key in the log, and number and text of the piece."""


class Flusher:
    """Shows what all streams of the process have written: one round trip and one ring for all."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._waiting: dict[ReplyStream, None] = {}
        self._first: dict[ReplyStream, None] = {}
        self._ticks: asyncio.Task[None] | None = None
        self._start: asyncio.Task[None] | None = None

    def add(self, stream: ReplyStream, *, at_once: bool) -> None:
        """Show what the stream has when it is due, or now."""
        if at_once:
            self._first[stream] = None
            if self._start is None:
                self._start = self.loop.create_task(self._flush_first())
            return
        self._waiting[stream] = None
        if self._ticks is None:
            self._ticks = self.loop.create_task(self._tick())

    async def flush(self, streams: Iterable[ReplyStream]) -> None:
        """Log the next piece of each stream, then ring for all of them.

        The log keeps the order of its calls: pieces of a stream are shown in theirs, and a call
        without a piece waits for those that are on their way.
        """
        now = self.loop.time()
        pieces = [piece for stream in streams if (piece := stream.cut(now))]
        try:
            await stream_log().append(*[(key, seq, text) for _, key, seq, text in pieces])
        except Exception as error:  # noqa: BLE001 - the answers' rows do not depend on the log
            log.warning("reply chunks not logged", extra={"error": type(error).__name__})
        if pieces:
            publish.reply_chunks([(answer, seq, text) for answer, _, seq, text in pieces])

    async def _flush_first(self) -> None:
        self._start = None
        first, self._first = self._first, {}
        await self.flush(first)

    async def _tick(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(TICK_S)
                now = self.loop.time()
                due = [stream for stream in self._waiting if stream.due_at <= now]
                for stream in due:
                    del self._waiting[stream]
                if due:
                    await self.flush(due)
        finally:
            self._ticks = None


_the_flusher: Flusher | None = None


def _flusher() -> Flusher:
    """Return the flusher of the running loop."""
    global _the_flusher  # noqa: PLW0603 - one per process, as its loop is
    if _the_flusher is None or _the_flusher.loop is not asyncio.get_running_loop():
        _the_flusher = Flusher()
    return _the_flusher

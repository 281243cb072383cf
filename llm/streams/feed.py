"""One turn as its readers in this process see it.

The feed keeps every chunk of the attempts that count, so that whoever joins is served from memory
and then shares the live events, which are encoded once for all. Nothing here waits, but for the
log where a chunk is missing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

import orjson

from chatsite.lib import clock, ids
from chatsite.lib.streamlog import key_of, stream_log
from llm.models import Answer
from llm.streams.cursor import Cursor, Mark, encode
from llm.streams.rows import SlotRow

log = logging.getLogger(__name__)

LOG_PAUSE_S = 2.0
_log_is_away_until = 0.0

SUCCEEDED = (Answer.Status.DONE, Answer.Status.HANDOFF)


class Listener(Protocol):
    """What a feed needs of a reader."""

    def push(self, data: bytes) -> None:
        """Queue bytes; never blocks."""

    def finish(self) -> None:
        """There is nothing more."""


class Slot:
    """One slot: the chunks of the attempt that counts, and how it ended if it has."""

    __slots__ = (
        "answer", "attempt", "chunks", "ended", "heard", "is_closed", "is_quiet", "is_torn",
        "model_id", "number", "snapshot",
    )  # fmt: skip

    def __init__(self, row: SlotRow) -> None:
        self.number = row.slot
        self.answer = row.answer
        self.model_id = row.model_id
        self.attempt = 0
        self.begin(row.answer, row.live_attempt)

    def begin(self, answer: UUID, attempt: int) -> None:
        """Forget what an earlier attempt said."""
        self.answer, self.attempt = answer, attempt
        self.chunks: list[str] = []
        #: Chunks are missing for good; until the end there are snapshots of what is stored.
        self.is_torn = False
        self.snapshot: str | None = None
        #: No more chunks may be shown, though the row does not say so yet.
        self.is_closed = False
        self.is_quiet = False
        self.heard = 0
        self.ended: SlotRow | None = None

    @property
    def text(self) -> str:
        """Return what the chunks come to."""
        return "".join(self.chunks)

    def mark(self) -> Mark:
        """Return where a reader stands who has seen all of it."""
        if self.snapshot is not None or self.is_torn:
            return Mark(self.attempt, "w" if self.ended else "s", self.ended is not None)
        return Mark(self.attempt, len(self.chunks), self.ended is not None)


class Feed:
    """All slots of a turn, and who reads them here."""

    def __init__(self, turn_id: UUID) -> None:
        self.turn_id = turn_id
        self.slots: dict[int, Slot] = {}
        self.readers: set[Listener] = set()
        self.is_done = False
        self.idle_since = 0.0

    # --- What has happened ----------------------------------------------------------------------

    def hear(self, event: Mapping[str, Any]) -> Slot | None:
        """Take a doorbell. Return the slot if chunks of it are missing."""
        slot = self.slots.get(event["slot"] or 0)
        if slot is None or event["attempt"] < slot.attempt:
            return None
        if event["op"] == "end":
            slot.is_closed = slot.is_closed or event["slot"] is None
            return None
        if event["attempt"] > slot.attempt:
            self._begin(slot, UUID(event["answer"]), event["attempt"])
        if slot.ended or slot.is_closed or slot.is_torn:
            return None
        slot.is_quiet = False
        missing = event["seq"] - len(slot.chunks)
        if missing == 1:
            self._take(slot, event["text"])
        elif missing > 1:
            is_mended = slot.heard > 0
            slot.heard = event["seq"]
            return None if is_mended else slot
        return None

    async def apply(self, rows: list[SlotRow], texts: Mapping[UUID, str]) -> None:
        """Take what the database says; ``texts`` are those that :meth:`lacks` asked for."""
        for row in rows:
            slot = self.slots.get(row.slot)
            if slot is None:
                slot = self.slots[row.slot] = Slot(row)
                slot.is_quiet = True
            slot.model_id = row.model_id
            if row.live_attempt > slot.attempt:
                self._begin(slot, row.answer, row.live_attempt)
                slot.is_quiet = True
            if row.answer != slot.answer or slot.ended:
                continue
            if slot.is_quiet and not row.is_void:
                await self.mend(slot)
            slot.is_quiet = True
            if not row.is_open:
                await self._end(slot, row, "" if row.is_void else texts.get(row.answer))
            elif slot.is_torn:
                self._show_stored(slot, texts.get(row.answer, ""))
        self._note_done()

    def _show_stored(self, slot: Slot, text: str) -> None:
        if len(text) > len(slot.text if slot.snapshot is None else slot.snapshot):
            slot.snapshot = text
            self._tell(slot, "snapshot", self._snapshot(slot))

    def lacks(self, rows: list[SlotRow]) -> list[UUID]:
        """Return the answers whose stored text :meth:`apply` will need."""
        wanted = []
        for row in rows:
            slot = self.slots.get(row.slot)
            is_known = slot is not None and slot.answer == row.answer
            is_over = not row.is_open and not (is_known and slot and slot.ended)
            if is_over or (is_known and slot and slot.is_torn):
                wanted.append(row.answer)
        return wanted

    async def repair(self, slot: Slot) -> None:
        """Mend a slot up to the last chunk heard of."""
        attempt, before = slot.attempt, -1
        while slot.attempt == attempt and before < len(slot.chunks) < slot.heard:
            before = len(slot.chunks)
            await self.mend(slot)
        if slot.attempt == attempt:
            slot.heard = 0

    async def mend(self, slot: Slot) -> None:
        """Read from the log what is missing; what is not there either is lost."""
        global _log_is_away_until  # noqa: PLW0603 - there is one log
        attempt = slot.attempt
        if attempt == 0 or slot.is_torn or time.monotonic() < _log_is_away_until:
            return
        try:
            chunks = await stream_log().read(key_of(str(slot.answer), attempt), len(slot.chunks))
        except Exception as error:  # noqa: BLE001 - the row will have the text
            log.warning("the chunk log is unreachable", extra={"error": type(error).__name__})
            _log_is_away_until = time.monotonic() + LOG_PAUSE_S
            return
        if slot.attempt != attempt or slot.ended or slot.is_closed or slot.is_torn:
            return
        for seq, text in chunks:
            if seq == len(slot.chunks) + 1:
                self._take(slot, text)
            elif seq > len(slot.chunks):
                slot.is_torn = True
                break

    # --- What is told of it ---------------------------------------------------------------------

    def _begin(self, slot: Slot, answer: UUID, attempt: int) -> None:
        is_first = slot.attempt == 0 and slot.ended is None
        slot.begin(answer, attempt)
        self.is_done = False
        if not is_first:
            self._tell(slot, "reset", {"attempt": attempt})

    def _take(self, slot: Slot, text: str) -> None:
        slot.chunks.append(text)
        if self.readers:
            self._send("chunk", self._chunk(slot, len(slot.chunks)))

    async def _end(self, slot: Slot, row: SlotRow, text: str | None) -> None:
        attempt = slot.attempt
        if text is None or slot.ended:  # without the text, the next look ends it
            return
        if not slot.is_torn and not row.is_void and slot.text != text:
            await self.mend(slot)
            if slot.attempt != attempt or slot.ended:
                return
        slot.ended = row
        if slot.is_torn or slot.text != text:
            slot.snapshot = text
            self._tell(slot, "snapshot", self._snapshot(slot), mark=Mark(attempt, "w"))
        else:
            slot.snapshot = None
        self._tell(slot, *_ending(row))

    def _note_done(self) -> None:
        if self.is_done or not self.slots or any(not slot.ended for slot in self.slots.values()):
            return
        self.is_done = True
        self._send("done", self._done(), done=True)
        for reader in self.readers:
            reader.finish()
        self.readers.clear()

    def _tell(
        self, slot: Slot, kind: str, body: dict[str, Any], *, mark: Mark | None = None
    ) -> None:
        """Send an event of a slot, after which readers stand at ``mark``."""
        if self.readers:
            marks = self._marks() | {slot.number: mark or slot.mark()}
            self._send(kind, self._about(slot) | body, marks=marks)

    def _send(
        self,
        kind: str,
        body: dict[str, Any],
        *,
        marks: dict[int, Mark] | None = None,
        done: bool = False,
    ) -> None:
        data = event(kind, encode(marks or self._marks(), done=done), body)
        for reader in list(self.readers):
            reader.push(data)

    def _marks(self) -> dict[int, Mark]:
        return {number: slot.mark() for number, slot in self.slots.items()}

    def _about(self, slot: Slot) -> dict[str, Any]:
        return {"turn_id": ids.text(self.turn_id), "slot": slot.number, "model_id": slot.model_id}

    def _chunk(self, slot: Slot, seq: int) -> dict[str, Any]:
        return self._about(slot) | {
            "seq": seq,
            "delta_text": slot.chunks[seq - 1],
            "ts": clock.rfc3339(clock.now()),
        }

    def _snapshot(self, slot: Slot) -> dict[str, Any]:
        return {
            "attempt": slot.attempt,
            "text": slot.text if slot.snapshot is None else slot.snapshot,
            "status": slot.ended.status if slot.ended else Answer.Status.RUNNING,
        }

    def _done(self) -> dict[str, Any]:
        ends = [slot.ended.status for slot in self.slots.values() if slot.ended]
        succeeded = sum(status in SUCCEEDED for status in ends)
        failed = ends.count(Answer.Status.FAILED)
        return {
            "turn_id": str(self.turn_id),
            "models_total": len(ends),
            "models_succeeded": succeeded,
            "models_failed": failed,
            "models_stopped": len(ends) - succeeded - failed,
        }

    # --- Joining --------------------------------------------------------------------------------

    def is_behind(self, cursor: Cursor) -> bool:
        """Say whether a reader has seen more than this process has heard of."""
        for number, mark in cursor.marks.items():
            slot = self.slots.get(number)
            if slot is None:
                continue
            is_ahead = isinstance(mark.seq, int) and mark.seq > len(slot.chunks)
            if mark.attempt > slot.attempt or (
                mark.attempt == slot.attempt and (is_ahead or (mark.ended and not slot.ended))
            ):
                return True
        return False

    def lagging(self, cursor: Cursor) -> list[Slot]:
        """Return the running slots of which a reader has seen chunks that are missing here."""
        return [
            slot
            for number, mark in cursor.marks.items()
            if (slot := self.slots.get(number)) is not None
            and isinstance(mark.seq, int)
            and mark.attempt == slot.attempt
            and mark.seq > len(slot.chunks)
            and not (slot.ended or slot.is_closed or slot.is_torn)
        ]

    def missed(self, cursor: Cursor) -> list[bytes]:
        """Return the events that bring a reader from its cursor to where the feed is now."""
        marks = {number: Mark() for number in self.slots}
        marks |= {number: mark for number, mark in cursor.marks.items() if number in self.slots}
        sent: list[bytes] = []

        def send(slot: Slot, kind: str, body: dict[str, Any], mark: Mark) -> None:
            marks[slot.number] = mark
            sent.append(event(kind, encode(marks), self._about(slot) | body))

        for slot in self.slots.values():
            mark, now = marks[slot.number], slot.mark()
            if mark.attempt != now.attempt:
                if mark.attempt or mark.ended:
                    send(slot, "reset", {"attempt": now.attempt}, Mark(now.attempt))
                mark = Mark(now.attempt)
            if mark == now or mark.ended:
                continue
            here = Mark(now.attempt, now.seq)
            is_ahead = isinstance(mark.seq, int) and mark.seq > len(slot.chunks)
            if is_ahead and slot.is_torn and slot.snapshot is None:
                continue  # what is stored will reach further; until then it keeps what it has
            if mark.seq != now.seq or now.seq == "s":
                if isinstance(mark.seq, int) and isinstance(now.seq, int) and mark.seq <= now.seq:
                    for seq in range(mark.seq + 1, now.seq + 1):
                        send(slot, "chunk", self._chunk(slot, seq), Mark(now.attempt, seq))
                else:
                    send(slot, "snapshot", self._snapshot(slot), here)
            if slot.ended:
                send(slot, *_ending(slot.ended), now)
        if self.is_done and not (cursor.done and not sent):
            sent.append(event("done", encode(marks, done=True), self._done()))
        return sent


def _ending(row: SlotRow) -> tuple[str, dict[str, Any]]:
    """Return the last event of a slot."""
    if row.error is not None:
        return "error", {"is_final": True, "status": row.status, "error": row.error}
    return "final", {"is_final": True, "status": row.status, **row.figures}


def event(kind: str, id_: str, body: dict[str, Any]) -> bytes:
    """Return an event as it goes over the wire."""
    return b"event: %b\nid: %b\ndata: %b\n\n" % (kind.encode(), id_.encode(), orjson.dumps(body))

"""What the database says about the turns that are being read."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import psycopg
from django.db import DEFAULT_DB_ALIAS

from chatsite.lib import dbpool
from chatsite.lib.gather import Gather
from chatsite.lib.loopdb import LoopConnections
from llm.answers.statements import table
from llm.models import Answer, Turn
from llm.turns.payloads import error_of, hides_names
from sessions_app.rows import columns

log = logging.getLogger(__name__)

_SHOWN = (
    "status", "attempt", "error_code", "error_reason", "latency_ms", "ttft_ms",
    "prompt_tokens", "completion_tokens", "total_tokens", "slot", "model",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SlotRow:
    """One answer, without its text."""

    slot: int
    answer: UUID
    model_id: int | None
    attempt: int
    status: str
    figures: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    is_void: bool = False
    """Whether what was said must not be shown any more: somebody else speaks now."""

    @property
    def is_open(self) -> bool:
        """Say whether the answer goes on."""
        return self.status in Answer.OPEN

    @property
    def live_attempt(self) -> int:
        """The attempt whose text counts: an answer that was given back will begin anew."""
        waits = self.status == Answer.Status.QUEUED and self.attempt > 0
        return self.attempt + 1 if waits else self.attempt


Found = dict[UUID, list[SlotRow]]
Texts = dict[UUID, str]
_connections = LoopConnections()


async def look(turn_ids: Collection[UUID]) -> tuple[Found, Texts]:
    """Return what :func:`read` does, and the texts of slots that are over; from the event loop.

    All that is looked for at the moment takes one round trip (not every text is there then).
    """
    found, said = await _looks.one(frozenset(turn_ids)) if _can_look() else ({}, {})
    if left := set(turn_ids) - set(found):
        found |= await dbpool.run(read, left)
    return found, said


def _can_look() -> bool:
    return LoopConnections.are_possible()


async def _look(wanted: list[frozenset[UUID]]) -> list[tuple[Found, Texts]]:
    try:
        rows = await _connections.run(_slots(), list(frozenset().union(*wanted)))
    except (psycopg.Error, OSError, TimeoutError) as error:
        log.warning("turns are read one by one", extra={"error": type(error).__name__})
        return [({}, {}) for _ in wanted]
    found: Found = {}
    said: Texts = {}
    for turn_id, hidden, text, *row in rows:
        answer = Answer.from_db(DEFAULT_DB_ALIAS, _columns(), row)
        found.setdefault(turn_id, []).append(row_of(answer, hidden=hidden))
        if text is not None:
            said[answer.pk] = text
    shares: list[tuple[Found, Texts]] = []
    for ids in wanted:
        mine = {turn_id: found[turn_id] for turn_id in ids if turn_id in found}
        answers = [row.answer for here in mine.values() for row in here]
        shares.append((mine, {pk: said[pk] for pk in answers if pk in said}))
    return shares


_looks = Gather(_look)


async def close() -> None:
    """End the connections of the loop."""
    await _connections.close()


@cache
def _columns() -> tuple[str, ...]:
    shown = {"id", "model_id", *_SHOWN}
    return tuple(name for name in columns(Answer) if name in shown)


@cache
def _slots() -> str:
    """Current slots of turns, each with its text once it is over. Parameter: turn ids."""
    names = ", ".join(f"a.{name}" for name in _columns())
    over = "a.status NOT IN ('queued', 'running')"
    return f"""
        SELECT t.id, t.blind AND t.picked_slot IS NULL, CASE WHEN {over} THEN a.text END, {names}
        FROM {table(Turn)} AS t JOIN {table(Answer)} AS a ON a.turn_id = t.id
        WHERE t.id = ANY(%s) AND a.is_current ORDER BY a.slot"""  # noqa: S608 - names of our own


def read(turn_ids: Collection[UUID]) -> Found:
    """Return the current slots of turns; a reply to a customer is a turn with one slot.

    A turn that is gone is missing.
    """
    turns = Turn.objects.only("blind", "picked_slot").in_bulk(turn_ids)
    found: dict[UUID, list[SlotRow]] = {pk: [] for pk in turns}
    if turns:
        answers = Answer.objects.filter(turn__in=turns, is_current=True).only("turn", *_SHOWN)
        for answer in answers.order_by("slot"):
            assert answer.turn_id is not None
            hidden = hides_names(turns[answer.turn_id])
            found[answer.turn_id].append(row_of(answer, hidden=hidden))
    if left := set(turn_ids) - set(turns):
        found |= {answer.pk: [_reply(answer)] for answer in _replies(left)}
    return found


def _replies(ids: Collection[UUID]) -> Iterable[Answer]:
    return (
        Answer.objects.filter(pk__in=ids, purpose=Answer.Purpose.REPLY)
        .select_related("session")
        .only(*_SHOWN, "epoch", "session__epoch", "session__live_turn", "session__live_attempt")
    )


def _reply(answer: Answer) -> SlotRow:
    """Return a reply; one that has lost the floor is over, whatever its row says yet."""
    session = answer.session
    holds = (
        session is not None
        and session.epoch == answer.epoch
        and session.live_turn == answer.pk
        and session.live_attempt == answer.attempt
    )
    lost = answer.status in Answer.OPEN and not holds
    if lost:
        answer.status = Answer.Status.STOPPED
    is_void = lost or answer.status == Answer.Status.SUPERSEDED or answer.error_reason == "floor"
    return row_of(answer, hidden=False, is_void=is_void)


def row_of(answer: Answer, *, hidden: bool, is_void: bool = False) -> SlotRow:
    """Return an answer as the feed takes it; ``hidden`` is the name of its model."""
    return SlotRow(
        slot=answer.slot or 0,
        answer=answer.pk,
        model_id=None if hidden else answer.model_id,
        attempt=answer.attempt,
        status=answer.status,
        figures={
            "usage": answer.usage(),
            "latency_ms": answer.latency_ms,
            "ttft_ms": answer.ttft_ms,
        },
        error=error_of(answer),
        is_void=is_void,
    )


def texts(answer_ids: Collection[UUID]) -> Texts:
    """Return what answers have said, as far as it is stored."""
    return dict(Answer.objects.filter(pk__in=answer_ids).values_list("pk", "text"))

"""What the database says about the turns that are being read."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from llm.models import Answer, Turn
from llm.turns.payloads import error_of, hides_names

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


def read(turn_ids: Collection[UUID]) -> dict[UUID, list[SlotRow]]:
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
            found[answer.turn_id].append(_row(answer, hidden=hidden))
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
    return _row(answer, hidden=False, is_void=is_void)


def _row(answer: Answer, *, hidden: bool, is_void: bool = False) -> SlotRow:
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


def texts(answer_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return what answers have said, as far as it is stored."""
    return dict(Answer.objects.filter(pk__in=answer_ids).values_list("pk", "text"))

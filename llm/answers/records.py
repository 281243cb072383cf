"""What the steps of an answer hand to each other, and the rules that several of them need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from chatsite.lib import clock
from llm.answers.counting import count_ended
from llm.jobs import Job
from llm.limits.admission import FREE, Admitted
from llm.limits.budget import Reservation, reservation_of, settle
from llm.limits.prices import cost_of
from llm.metrics import ANSWERS
from llm.models import Answer, ModelConfig
from llm.prompts import Prompt, estimated_tokens
from sessions_app.publish import LiveAnswer

MOST_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Floor:
    """The assistant's right to speak to the customer, as a reply holds it; a slot needs none."""

    epoch: int
    watermark: int
    supersedes: int

    @property
    def may_be_superseded(self) -> bool:
        """Whether a newer message of the customer still ends this answer."""
        return self.supersedes < int(settings.LLM_MAX_SUPERSEDES)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right, and all that is needed, to answer once."""

    answer_id: UUID
    place: UUID | None
    """The session it is given in; an answer of a replay has none."""
    attempt: int
    age_s: float
    purpose: str
    model: ModelConfig
    params: Mapping[str, Any]
    prompt: Prompt
    admitted: Admitted = FREE
    has_fallback: bool = False
    floor: Floor | None = None
    turn_id: UUID | None = None
    slot: int | None = None
    trial: Sequence[int] = ()
    """Articles to read as they will be once published."""
    may_lean: bool = True
    """False where there is known to be neither an article nor a memory."""

    @property
    def session_id(self) -> UUID:
        """The session of a reply or a slot."""
        assert self.place is not None
        return self.place

    @property
    def job(self) -> Job:
        """What a worker is woken for to take this answer."""
        if self.floor:
            return Job("reply", self.session_id)
        return Job("slot" if self.turn_id else "replay", self.answer_id)

    @property
    def live(self) -> LiveAnswer:
        """The answer as live events name it."""
        return LiveAnswer(
            session_id=self.session_id,
            turn_id=self.turn_id or self.answer_id,
            answer_id=self.answer_id,
            slot=self.slot,
            attempt=self.attempt,
            epoch=self.floor.epoch if self.floor else 0,
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """What an attempt came to."""

    text: str = ""
    finish_reason: str = ""
    ttft_ms: int | None = None
    latency_ms: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    usage_source: str = Answer.UsageSource.NONE
    cost: Decimal | None = None
    sources: list[dict[str, Any]] = field(default_factory=list)
    support: str = Answer.Support.UNASKED

    def as_fields(self) -> dict[str, Any]:
        """The columns of :class:`Answer` they are stored in."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Busy:
    """All places at a model are taken; to be asked again when one is free, or at ``until``."""

    model_id: int
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """How an answer ended, and when the session's next answer is due, if one is."""

    status: str
    next_due_at: dt.datetime | None = None


class LeaseLost(Exception):
    """Another worker, or the sweep, has taken the answer."""


def job_of(answer: Answer) -> Job:
    """Return what a worker is woken for to take an open answer."""
    if answer.purpose == Answer.Purpose.REPLY:
        assert answer.session_id is not None
        return Job("reply", answer.session_id)
    return Job("replay" if answer.purpose == Answer.Purpose.REPLAY else "slot", answer.pk)


def label_of(model: ModelConfig) -> str:
    """Return the model's name as the record keeps it when the model is gone."""
    return f"{model.name} ({model.model})"[:300]


def lease_from(now: dt.datetime) -> dt.datetime:
    """Return until when a worker that was alive ``now`` keeps its answers."""
    return now + dt.timedelta(seconds=settings.LLM_LEASE_S)


def is_free(answer: Answer, now: dt.datetime) -> bool:
    """Say whether an open answer may be taken; one that cannot go on is left to the sweep."""
    leased = answer.lease_until is not None and answer.lease_until > now
    return not leased and can_go_on(answer, now)


def can_go_on(answer: Answer, now: dt.datetime) -> bool:
    """Say whether an open answer that nobody works on may be begun (again)."""
    age = (now - answer.created_at).total_seconds()
    if answer.purpose == Answer.Purpose.REPLAY:
        # Nobody waits for it, and there may be many: only the time since its beginning counts.
        age = (now - (answer.started_at or now)).total_seconds()
    if age > settings.LLM_TURN_S:
        return False
    return answer.status == Answer.Status.QUEUED or (
        not answer.shown and answer.attempt - _attempts_before(answer) < MOST_ATTEMPTS
    )


def _attempts_before(answer: Answer) -> int:
    """Attempts spent on a slot before somebody asked for it again."""
    if answer.turn_id is None or answer.attempt < MOST_ATTEMPTS:
        return 0
    older = Answer.objects.filter(turn=answer.turn_id, slot=answer.slot, is_current=False)
    return older.aggregate(most=Max("attempt"))["most"] or 0


def close(
    answer_id: UUID,
    attempt: int,
    status: str,
    *,
    reservation: Reservation | None = None,
    **fields: Any,
) -> bool:
    """Give an open answer its final status; say whether it was still ours under ``attempt``.

    What was reserved for it goes back to the budget, less its cost.
    """
    closed = Answer.objects.filter(pk=answer_id, attempt=attempt, status__in=Answer.OPEN).update(
        status=status, finished_at=clock.now(), lease_until=None, reserved=None, **fields
    )
    if closed:
        if reservation is not None:
            settle(reservation, fields.get("cost"))
        # What a model gave as its reason is text, and no label.
        reason = "" if status == Answer.Status.HANDOFF else fields.get("error_reason", "")
        ANSWERS.labels(status, reason).inc()
        transaction.on_commit(partial(count_ended, answer_id), robust=True)
    return bool(closed)


def close_left(answer: Answer, status: str, *, code: str = "", reason: str = "") -> bool:
    """Close an answer that no worker holds; what it said and may have cost stays."""
    fields: dict[str, Any] = {}
    if answer.shown:
        counts = answer.prompt_tokens or 0, estimated_tokens(answer.text)
        fields = {
            "prompt_tokens": counts[0],
            "completion_tokens": counts[1],
            "total_tokens": sum(counts),
            "usage_source": Answer.UsageSource.ESTIMATED,
            "cost": cost_of(answer.prices, *counts),
        }
    return close(
        answer.pk,
        answer.attempt,
        status,
        reservation=reservation_of(answer),
        error_code=code,
        error_reason=reason,
        **fields,
    )


def status_of(answer_id: UUID) -> str:
    """Return where an answer stands."""
    return Answer.objects.values_list("status", flat=True).get(pk=answer_id)

"""The life of a turn in the database: claimed, kept alive, ended, found again.

Each function is one short transaction. A worker owns a turn as long as it is running under the
attempt the worker claimed it with; whoever comes late with an older attempt changes nothing.
Sessions are locked before turns, always.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from chatsite.lib import clock
from chatsite.lib.errors import SessionClosed
from chatsite.lib.ids import uuid7
from llm import actions
from llm.metrics import TURNS
from llm.models import ModelConfig, Turn
from llm.policy import Answer, HandOver, Wait, decide
from sessions_app.actions import request_human
from sessions_app.actions.replies import (
    FloorLost,
    Superseded,
    begin_reply,
    commit_reply,
    due_sessions,
    end_reply,
)
from sessions_app.models import ChatSession, Floor, SenderKind
from sessions_app.queries import Line, transcript

TRANSCRIPT_LINES = 40
MOST_ATTEMPTS = 2
PAST_TURNS = 20


@dataclass(frozen=True, slots=True)
class Claim:
    """The right, and all that is needed, to answer once."""

    turn_id: UUID
    session_id: UUID
    attempt: int
    epoch: int
    watermark: int
    supersedes: int
    age_s: float
    model: ModelConfig
    lines: Sequence[Line]

    @property
    def may_be_superseded(self) -> bool:
        """Whether a newer message of the customer still ends this answer."""
        return self.supersedes < int(settings.LLM_MAX_SUPERSEDES)


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
    usage_source: str = Turn.UsageSource.NONE

    def as_fields(self) -> dict[str, Any]:
        """The columns of :class:`Turn` they are stored in."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a turn ended, and when the session's next answer is due, if one is."""

    status: str
    next_due_at: dt.datetime | None = None


class LeaseLost(Exception):
    """Another worker, or the sweep, has taken the turn."""


# --- Beginning -------------------------------------------------------------------------------


def claim(*, session_id: UUID, worker: str) -> Claim | Wait | None:
    """Take the answer a session is owed, if it is owed one and nobody has it.

    Hands the session to people instead when the customer asks for that or no model is enabled.
    Returns when to look again while the customer may still be typing.
    """
    with transaction.atomic():
        session = ChatSession.objects.select_for_update(no_key=True).filter(pk=session_id).first()
        if session is None:
            return None
        now = clock.now()
        past = list(
            Turn.objects.filter(session_id=session_id)
            .defer("text")
            .order_by("-created_at")[:PAST_TURNS]
        )
        turn = next((one for one in past if one.status in Turn.OPEN), None)
        if turn is not None and not _is_free(turn, now):
            return None
        if turn is None and session.reply_due_at is None:
            return None
        lines = transcript(session_id=session_id, upto_seq=session.last_seq, limit=TRANSCRIPT_LINES)
        seen_seq = max((one.watermark for one in past if one is not turn), default=0)
        model = model_to_ask()
        decision = decide(
            has_floor=session.floor == Floor.ASSISTANT
            and (turn is None or turn.epoch == session.epoch),
            due_at=session.reply_due_at if turn is None else now,
            now=now,
            unanswered=_unanswered(lines, seen_seq),
            has_model=model is not None,
        )
        if isinstance(decision, Wait):
            return decision
        if isinstance(decision, HandOver):
            _hand_over(session, turn, decision.reason, now)
        elif isinstance(decision, Answer) and model is not None:
            made = turn or Turn(
                id=uuid7(), session_id=session_id, created_at=now, supersedes=_supersedes(past)
            )
            return _begin(made, model, lines, worker, now)
        elif turn is not None:
            _close(turn.pk, turn.attempt, Turn.Status.STOPPED, error_reason="floor")
    return None


def _is_free(turn: Turn, now: dt.datetime) -> bool:
    """Say whether an open turn may be taken; one that cannot go on is left to the sweep."""
    leased = turn.lease_until is not None and turn.lease_until > now
    return not leased and _can_go_on(turn, now)


def _unanswered(lines: Sequence[Line], seen_seq: int) -> list[str]:
    texts: list[str] = []
    for line in reversed(lines):
        if line.sender_kind != SenderKind.CUSTOMER or line.seq <= seen_seq:
            break
        texts.append(line.content)
    return texts[::-1]


def model_to_ask() -> ModelConfig | None:
    """Return the default model, else the first enabled one, else none."""
    return ModelConfig.objects.filter(enabled=True).order_by("-is_default", "pk").first()


def _begin(
    made: Turn, model: ModelConfig, lines: Sequence[Line], worker: str, now: dt.datetime
) -> Claim | None:
    is_new = made.attempt == 0
    made.attempt += 1
    floor = begin_reply(
        session_id=made.session_id,
        turn_id=made.pk,
        attempt=made.attempt,
        epoch=None if is_new else made.epoch,
    )
    if floor is None:
        return None
    made.status = Turn.Status.RUNNING
    made.model = model
    made.model_label = f"{model.name} ({model.model})"[:300]
    made.epoch, made.watermark = floor.epoch, floor.watermark
    made.worker, made.lease_until = worker, _lease(now)
    made.started_at, made.cancel_requested_at = now, None
    made.text, made.ttft_ms = "", None
    made.save(force_insert=is_new)
    return Claim(
        turn_id=made.pk,
        session_id=made.session_id,
        attempt=made.attempt,
        epoch=made.epoch,
        watermark=made.watermark,
        supersedes=made.supersedes,
        age_s=(now - made.created_at).total_seconds(),
        model=model,
        lines=lines,
    )


def _supersedes(past: Sequence[Turn]) -> int:
    return past[0].supersedes + 1 if past and past[0].status == Turn.Status.SUPERSEDED else 0


def _lease(now: dt.datetime) -> dt.datetime:
    return now + dt.timedelta(seconds=settings.LLM_LEASE_S)


def _hand_over(session: ChatSession, turn: Turn | None, reason: str, now: dt.datetime) -> None:
    request_human(session_id=session.pk, reason=reason)
    if turn is not None:
        seen = session.last_customer_seq
        _close(turn.pk, turn.attempt, Turn.Status.HANDOFF, error_reason=reason, watermark=seen)
        return
    Turn.objects.create(
        id=uuid7(),
        session_id=session.pk,
        status=Turn.Status.HANDOFF,
        watermark=session.last_customer_seq,
        epoch=session.epoch,
        error_reason=reason,
        created_at=now,
        started_at=now,
        finished_at=now,
    )
    TURNS.labels(Turn.Status.HANDOFF, reason).inc()


def give_up_waiting(*, session_id: UUID) -> None:
    """Hand a session to people when no worker could take it for too long."""
    now = clock.now()
    with transaction.atomic():
        session = ChatSession.objects.select_for_update(no_key=True).get(pk=session_id)
        patience = dt.timedelta(seconds=settings.LLM_MAX_WAIT_S)
        if session.live_turn is not None or session.reply_due_at is None:
            return
        if session.floor == Floor.ASSISTANT and session.reply_due_at <= now - patience:
            _hand_over(session, None, "assistant_busy", now)


# --- Keeping alive ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the database says about a running turn."""

    attempt: int
    stop_wanted: bool
    has_floor: bool
    epoch: int
    is_behind: bool
    """The customer has written again."""


def pulses(*, turn_ids: Collection[UUID], worker: str) -> dict[UUID, Pulse]:
    """Return the state of this worker's turns, in one query; a turn it has lost is missing."""
    rows = Turn.objects.filter(
        pk__in=turn_ids, worker=worker, status=Turn.Status.RUNNING
    ).values_list(
        "pk",
        "attempt",
        "cancel_requested_at",
        "session__floor",
        "session__epoch",
        "session__reply_due_at",
    )
    return {
        pk: Pulse(
            attempt=attempt,
            stop_wanted=stop is not None,
            has_floor=floor == Floor.ASSISTANT,
            epoch=epoch,
            is_behind=due is not None,
        )
        for pk, attempt, stop, floor, epoch, due in rows
    }


def extend_leases(
    *, shown: Mapping[UUID, tuple[int, str]], others: Collection[UUID], worker: str
) -> None:
    """Keep this worker's turns its own; note what was shown (milliseconds to it, text so far)."""
    mine = Turn.objects.filter(worker=worker, status=Turn.Status.RUNNING)
    lease = _lease(clock.now())
    if others:
        mine.filter(pk__in=others).update(lease_until=lease)
    if shown:
        mine.bulk_update(
            [
                Turn(pk=pk, ttft_ms=ttft_ms, text=text, lease_until=lease)
                for pk, (ttft_ms, text) in shown.items()
            ],
            ["ttft_ms", "text", "lease_until"],
        )


def release(*, turn_ids: Collection[UUID], worker: str) -> list[UUID]:
    """Give unfinished turns back, for another worker to begin again; return their sessions."""
    turns = Turn.objects.filter(pk__in=turn_ids, worker=worker, status=Turn.Status.RUNNING)
    sessions = list(turns.values_list("session_id", flat=True))
    turns.update(status=Turn.Status.QUEUED, worker="", lease_until=None)
    return sessions


def expire_leases() -> None:
    """Free every running turn. Only for a process that knows that it is alone."""
    Turn.objects.filter(status=Turn.Status.RUNNING).update(lease_until=clock.now())


# --- Ending ----------------------------------------------------------------------------------


def finish(claim: Claim, figures: Figures, *, wants_person: str | None) -> Ended:
    """Make the answer the turn's message, or hand over when the model asked for a person.

    A person who took the floor meanwhile wins: then nothing is said.
    """
    label = {"model": claim.model.name, "demo": claim.model.is_demo}
    try:
        with transaction.atomic():
            if figures.text:
                commit_reply(
                    session_id=claim.session_id,
                    turn_id=claim.turn_id,
                    attempt=claim.attempt,
                    epoch=claim.epoch,
                    watermark=claim.watermark,
                    content=figures.text,
                    name=actions.DEMO_NAME if claim.model.is_demo else "Assistant",
                    metadata={"assistant": label, "finish_reason": figures.finish_reason},
                    allow_supersede=claim.may_be_superseded and wants_person is None,
                )
            status = Turn.Status.DONE
            if wants_person is not None:
                status = Turn.Status.HANDOFF
                _must_hold_floor(claim)
                request_human(session_id=claim.session_id, reason="assistant_asked")
            _close_or_lose(claim, status, error_reason=(wants_person or "")[:60], figures=figures)
            return Ended(status, _next_due(claim.session_id))
    except Superseded:
        return end_quietly(claim, figures, Turn.Status.SUPERSEDED, "newer")
    except (FloorLost, SessionClosed):
        return end_quietly(claim, figures, Turn.Status.STOPPED, "floor")
    except LeaseLost:
        return Ended(_status_now(claim))


def _must_hold_floor(claim: Claim) -> None:
    session = ChatSession.objects.select_for_update(no_key=True).get(pk=claim.session_id)
    if session.floor != Floor.ASSISTANT or session.epoch != claim.epoch:
        raise FloorLost


def end_quietly(claim: Claim, figures: Figures, status: str, reason: str) -> Ended:
    """End a turn without a message: ``stopped`` or ``superseded``."""
    # Of an answer that lost the floor, no text may stay where it could be shown.
    kept = figures if reason == "stop" else Figures(latency_ms=figures.latency_ms)
    try:
        with transaction.atomic():
            end_reply(
                session_id=claim.session_id,
                turn_id=claim.turn_id,
                attempt=claim.attempt,
                status=status,
            )
            _close_or_lose(claim, status, error_reason=reason, figures=kept)
            return Ended(status, _next_due(claim.session_id))
    except LeaseLost:
        return Ended(_status_now(claim))


def fail(claim: Claim, figures: Figures, *, code: str, reason: str) -> Ended:
    """End a turn with a visible failure; the second one in a row hands over to people."""
    try:
        with transaction.atomic():
            _fail(claim.session_id, claim.turn_id, claim.attempt, code)
            _close_or_lose(
                claim, Turn.Status.FAILED, error_code=code, error_reason=reason, figures=figures
            )
            return Ended(Turn.Status.FAILED, _next_due(claim.session_id))
    except LeaseLost:
        return Ended(_status_now(claim))


def _fail(session_id: UUID, turn_id: UUID, attempt: int, code: str) -> None:
    session = ChatSession.objects.select_for_update(no_key=True).get(pk=session_id)
    if session.live_turn != turn_id or session.live_attempt != attempt:
        return
    if _failed_before(session_id):
        request_human(session_id=session_id, reason="assistant_failed")
    else:
        end_reply(
            session_id=session_id, turn_id=turn_id, attempt=attempt, status="failed", detail=code
        )


def _failed_before(session_id: UUID) -> bool:
    told = (Turn.Status.DONE, Turn.Status.FAILED, Turn.Status.HANDOFF)
    last = (
        Turn.objects.filter(session_id=session_id, status__in=told).order_by("-created_at").first()
    )
    return last is not None and last.status == Turn.Status.FAILED


def _close_or_lose(claim: Claim, status: str, *, figures: Figures, **fields: Any) -> None:
    if not _close(claim.turn_id, claim.attempt, status, **figures.as_fields(), **fields):
        raise LeaseLost


def _close(turn_id: UUID, attempt: int, status: str, **fields: Any) -> bool:
    closed = Turn.objects.filter(pk=turn_id, attempt=attempt, status__in=Turn.OPEN).update(
        status=status, finished_at=clock.now(), lease_until=None, **fields
    )
    if closed:
        TURNS.labels(status, fields.get("error_reason", "")[:30]).inc()
    return bool(closed)


def _status_now(claim: Claim) -> str:
    return Turn.objects.values_list("status", flat=True).get(pk=claim.turn_id)


def _next_due(session_id: UUID) -> dt.datetime | None:
    return ChatSession.objects.values_list("reply_due_at", flat=True).get(pk=session_id)


def request_stop(*, turn_id: UUID) -> None:
    """Note that someone asked the turn to stop; its worker sees it with the next pulse."""
    now = clock.now()
    Turn.objects.filter(pk=turn_id, status__in=Turn.OPEN, cancel_requested_at__isnull=True).update(
        cancel_requested_at=now
    )
    queued = Turn.objects.filter(pk=turn_id, status=Turn.Status.QUEUED).first()
    if queued is not None:
        with transaction.atomic():
            end_reply(
                session_id=queued.session_id,
                turn_id=turn_id,
                attempt=queued.attempt,
                status="stopped",
            )
            _close(turn_id, queued.attempt, Turn.Status.STOPPED, error_reason="stop")


# --- Finding again ---------------------------------------------------------------------------


def sweep() -> list[UUID]:
    """Return the sessions that a worker should look at now; fail the turns that cannot go on.

    Finds what a lost task, a dead worker or a broker that was away has left: turns whose lease
    ran out, turns given back that nobody took, and sessions that are owed an answer.
    """
    now = clock.now()
    wanted: list[UUID] = []
    left = Q(status=Turn.Status.QUEUED) | Q(status=Turn.Status.RUNNING, lease_until__lt=now)
    for turn in Turn.objects.filter(left).order_by("created_at")[:500]:
        if _can_go_on(turn, now):
            wanted.append(turn.session_id)
        else:
            _fail_left_turn(turn)
    wanted += due_sessions(now=now, limit=500)
    return list(dict.fromkeys(wanted))


def _can_go_on(turn: Turn, now: dt.datetime) -> bool:
    age = (now - turn.created_at).total_seconds()
    if age > settings.LLM_TURN_S:
        return False
    return turn.status == Turn.Status.QUEUED or (not turn.shown and turn.attempt < MOST_ATTEMPTS)


def _fail_left_turn(turn: Turn) -> None:
    with transaction.atomic():
        ChatSession.objects.select_for_update(no_key=True).get(pk=turn.session_id)
        unchanged = Turn.objects.filter(
            pk=turn.pk, attempt=turn.attempt, status=turn.status, lease_until=turn.lease_until
        )
        if not unchanged.exists():
            return
        _fail(turn.session_id, turn.pk, turn.attempt, "PROVIDER_UNAVAILABLE")
        _close(
            turn.pk,
            turn.attempt,
            Turn.Status.FAILED,
            error_code="PROVIDER_UNAVAILABLE",
            error_reason="worker_lost",
        )

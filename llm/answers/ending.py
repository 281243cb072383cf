"""How an answer ends: with its one message, visibly failed, handed over, or quietly."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import transaction

from chatsite.lib import clock
from chatsite.lib.errors import SessionClosed
from llm import actions
from llm.answers.records import Claim, Ended, Figures, LeaseLost, close
from llm.models import Answer
from sessions_app.actions import request_human
from sessions_app.actions.replies import FloorLost, Superseded, commit_reply, end_reply
from sessions_app.models import ChatSession, Floor


def finish(claim: Claim, figures: Figures, *, wants_person: str | None) -> Ended:
    """Make the answer a message, or hand over when the model asked for a person.

    A person who took the floor meanwhile wins: then nothing is said.
    """
    label = {"model": claim.model.name, "demo": claim.model.is_demo}
    try:
        with transaction.atomic():
            if figures.text:
                commit_reply(
                    session_id=claim.session_id,
                    turn_id=claim.answer_id,
                    attempt=claim.attempt,
                    epoch=claim.epoch,
                    watermark=claim.watermark,
                    content=figures.text,
                    name=actions.DEMO_NAME if claim.model.is_demo else "Assistant",
                    metadata={"assistant": label, "finish_reason": figures.finish_reason},
                    allow_supersede=claim.may_be_superseded and wants_person is None,
                )
            status = Answer.Status.DONE
            if wants_person is not None:
                status = Answer.Status.HANDOFF
                _must_hold_floor(claim)
                request_human(session_id=claim.session_id, reason="assistant_asked")
            _close_or_lose(claim, status, error_reason=(wants_person or "")[:60], figures=figures)
            return Ended(status, _next_due(claim.session_id))
    except Superseded:
        return end_quietly(claim, figures, Answer.Status.SUPERSEDED, "newer")
    except (FloorLost, SessionClosed):
        return end_quietly(claim, figures, Answer.Status.STOPPED, "floor")
    except LeaseLost:
        return Ended(_status_now(claim))


def _must_hold_floor(claim: Claim) -> None:
    session = ChatSession.objects.select_for_update(no_key=True).get(pk=claim.session_id)
    if session.floor != Floor.ASSISTANT or session.epoch != claim.epoch:
        raise FloorLost


def end_quietly(claim: Claim, figures: Figures, status: str, reason: str) -> Ended:
    """End an answer without a message: ``stopped`` or ``superseded``."""
    # Of an answer that lost the floor, no text may stay where it could be shown.
    kept = figures if reason == "stop" else Figures(latency_ms=figures.latency_ms)
    try:
        with transaction.atomic():
            end_reply(
                session_id=claim.session_id,
                turn_id=claim.answer_id,
                attempt=claim.attempt,
                status=status,
            )
            _close_or_lose(claim, status, error_reason=reason, figures=kept)
            return Ended(status, _next_due(claim.session_id))
    except LeaseLost:
        return Ended(_status_now(claim))


def fail(claim: Claim, figures: Figures, *, code: str, reason: str) -> Ended:
    """End an answer with a visible failure; the second one in a row hands over to people."""
    try:
        with transaction.atomic():
            tell_failure(claim.session_id, claim.answer_id, claim.attempt, code)
            _close_or_lose(
                claim, Answer.Status.FAILED, error_code=code, error_reason=reason, figures=figures
            )
            return Ended(Answer.Status.FAILED, _next_due(claim.session_id))
    except LeaseLost:
        return Ended(_status_now(claim))


def tell_failure(session_id: UUID, answer_id: UUID, attempt: int, code: str) -> None:
    """Show the customer that no answer comes, or hand over if that is so again."""
    session = ChatSession.objects.select_for_update(no_key=True).get(pk=session_id)
    if session.live_turn != answer_id or session.live_attempt != attempt:
        return
    if _failed_before(session_id):
        request_human(session_id=session_id, reason="assistant_failed")
    else:
        end_reply(
            session_id=session_id, turn_id=answer_id, attempt=attempt, status="failed", detail=code
        )


def _failed_before(session_id: UUID) -> bool:
    told = (Answer.Status.DONE, Answer.Status.FAILED, Answer.Status.HANDOFF)
    last = (
        Answer.objects.filter(session_id=session_id, status__in=told)
        .order_by("-created_at")
        .first()
    )
    return last is not None and last.status == Answer.Status.FAILED


def _close_or_lose(claim: Claim, status: str, *, figures: Figures, **fields: Any) -> None:
    if not close(claim.answer_id, claim.attempt, status, **figures.as_fields(), **fields):
        raise LeaseLost


def _status_now(claim: Claim) -> str:
    return Answer.objects.values_list("status", flat=True).get(pk=claim.answer_id)


def _next_due(session_id: UUID) -> dt.datetime | None:
    return ChatSession.objects.values_list("reply_due_at", flat=True).get(pk=session_id)


def request_stop(*, answer_id: UUID) -> None:
    """Note that someone asked the answer to stop; its worker sees it with the next pulse."""
    now = clock.now()
    Answer.objects.filter(
        pk=answer_id, status__in=Answer.OPEN, cancel_requested_at__isnull=True
    ).update(cancel_requested_at=now)
    queued = Answer.objects.filter(pk=answer_id, status=Answer.Status.QUEUED).first()
    if queued is not None and queued.session_id is not None:
        with transaction.atomic():
            end_reply(
                session_id=queued.session_id,
                turn_id=answer_id,
                attempt=queued.attempt,
                status="stopped",
            )
            close(answer_id, queued.attempt, Answer.Status.STOPPED, error_reason="stop")

"""How a reply ends: with its one message, visibly failed, handed over, or quietly."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction

from chatsite.lib.errors import SessionClosed
from llm import actions
from llm.answers.citing import citing
from llm.answers.records import (
    Claim,
    Ended,
    Figures,
    Floor,
    LeaseLost,
    close,
    close_left,
    status_of,
)
from llm.models import Answer
from llm.providers.errors import AWAY
from sessions_app.actions import request_human
from sessions_app.actions.replies import FloorLost, Spoken, Superseded, commit_reply, end_reply
from sessions_app.models import ChatSession
from sessions_app.models import Floor as Speaker


def finish_reply(claim: Claim, figures: Figures, *, wants_person: str | None) -> Ended:
    """Make the answer a message, or hand over when the model asked for a person.

    A person who took the floor meanwhile wins: then nothing is said.
    """
    try:
        with transaction.atomic():
            if figures.text:
                commit_reply(spoken(claim, figures, wants_person=wants_person))
            status = Answer.Status.DONE
            if wants_person is not None:
                status = Answer.Status.HANDOFF
                _must_hold_floor(claim)
                request_human(session_id=claim.session_id, reason="assistant_asked")
            _close_or_lose(claim, status, error_reason=(wants_person or "")[:60], figures=figures)
            return Ended(status, _next_due(claim.session_id))
    except Superseded:
        return end_reply_quietly(claim, figures, Answer.Status.SUPERSEDED, "newer")
    except (FloorLost, SessionClosed):
        return end_reply_quietly(claim, figures, Answer.Status.STOPPED, "floor")
    except LeaseLost:
        return Ended(status_of(claim.answer_id))


def spoken(claim: Claim, figures: Figures, *, wants_person: str | None) -> Spoken:
    """Return the answer as it is said to the customer."""
    floor = _floor(claim)
    return Spoken(
        session_id=claim.session_id,
        turn_id=claim.answer_id,
        attempt=claim.attempt,
        epoch=floor.epoch,
        watermark=floor.watermark,
        content=figures.text,
        name=actions.DEMO_NAME if claim.model.is_demo else "Assistant",
        metadata={
            "assistant": {"model": claim.model.name, "demo": claim.model.is_demo},
            "finish_reason": figures.finish_reason,
            **citing(figures.sources),
        },
        allow_supersede=floor.may_be_superseded and wants_person is None,
    )


def _must_hold_floor(claim: Claim) -> None:
    session = ChatSession.objects.select_for_update(no_key=True).get(pk=claim.session_id)
    if session.floor != Speaker.ASSISTANT or session.epoch != _floor(claim).epoch:
        raise FloorLost


def _floor(claim: Claim) -> Floor:
    assert claim.floor is not None
    return claim.floor


def end_reply_quietly(claim: Claim, figures: Figures, status: str, reason: str) -> Ended:
    """End an answer without a message: ``stopped`` or ``superseded``."""
    # Of an answer that lost the floor, no text may stay where it could be shown.
    kept = figures if reason == "stop" else replace(figures, text="")
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
        return Ended(status_of(claim.answer_id))


def fail_reply(claim: Claim, figures: Figures, *, code: str, reason: str) -> Ended:
    """End an answer with a visible failure; the second one in a row hands over to people.

    The first one does when nothing was said because no endpoint is there: the customer would only
    try again in vain, and nobody would know.
    """
    is_away = reason in AWAY and not figures.text
    try:
        with transaction.atomic():
            tell_failure(claim.session_id, claim.answer_id, claim.attempt, code, is_away=is_away)
            _close_or_lose(
                claim, Answer.Status.FAILED, error_code=code, error_reason=reason, figures=figures
            )
            return Ended(Answer.Status.FAILED, _next_due(claim.session_id))
    except LeaseLost:
        return Ended(status_of(claim.answer_id))


def tell_failure(
    session_id: UUID, answer_id: UUID, attempt: int, code: str, *, is_away: bool = False
) -> None:
    """Show the customer that no answer comes, or hand over if that is so again, or for long."""
    session = ChatSession.objects.select_for_update(no_key=True).get(pk=session_id)
    if session.live_turn != answer_id or session.live_attempt != attempt:
        return
    if is_away:
        request_human(session_id=session_id, reason="assistant_unavailable")
    elif _failed_before(session_id):
        request_human(session_id=session_id, reason="assistant_failed")
    else:
        end_reply(
            session_id=session_id, turn_id=answer_id, attempt=attempt, status="failed", detail=code
        )


def _failed_before(session_id: UUID) -> bool:
    told = (Answer.Status.DONE, Answer.Status.FAILED, Answer.Status.HANDOFF)
    replies = Answer.objects.filter(session_id=session_id, purpose=Answer.Purpose.REPLY)
    last = replies.filter(status__in=told).order_by("-created_at").first()
    return last is not None and last.status == Answer.Status.FAILED


def _close_or_lose(claim: Claim, status: str, *, figures: Figures, **fields: Any) -> None:
    reservation = claim.admitted.reservation
    if not close(
        claim.answer_id,
        claim.attempt,
        status,
        reservation=reservation,
        **figures.as_fields(),
        **fields,
    ):
        raise LeaseLost


def _next_due(session_id: UUID) -> dt.datetime | None:
    return ChatSession.objects.values_list("reply_due_at", flat=True).get(pk=session_id)


def stop_queued_reply(answer: Answer) -> None:
    """End a reply that was given back and that nobody has taken yet."""
    assert answer.session_id is not None
    with transaction.atomic():
        end_reply(
            session_id=answer.session_id,
            turn_id=answer.pk,
            attempt=answer.attempt,
            status="stopped",
        )
        close_left(answer, Answer.Status.STOPPED, reason="stop")

"""How a reply begins: an answer is owed, and one worker takes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import transaction

from chatsite.lib import clock
from chatsite.lib.ids import uuid7
from llm.answers.records import Claim, Floor, close, is_free, label_of, lease_from
from llm.metrics import ANSWERS
from llm.models import Answer, ModelConfig
from llm.policy import AnswerNow, HandOver, Wait, decide
from llm.prompts import reply_prompt
from sessions_app.actions import request_human
from sessions_app.actions.replies import begin_reply
from sessions_app.models import ChatSession, SenderKind
from sessions_app.models import Floor as Speaker
from sessions_app.queries import Line, transcript

TRANSCRIPT_LINES = 40
PAST_TURNS = 20


def claim_reply(*, session_id: UUID, worker: str) -> Claim | Wait | None:
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
            Answer.objects.filter(session_id=session_id)
            .defer("text")
            .order_by("-created_at")[:PAST_TURNS]
        )
        answer = next((one for one in past if one.status in Answer.OPEN), None)
        if answer is not None and not is_free(answer, now):
            return None
        if answer is None and session.reply_due_at is None:
            return None
        lines = transcript(session_id=session_id, upto_seq=session.last_seq, limit=TRANSCRIPT_LINES)
        seen_seq = max((one.watermark for one in past if one is not answer), default=0)
        model = model_to_ask()
        decision = decide(
            has_floor=session.floor == Speaker.ASSISTANT
            and (answer is None or answer.epoch == session.epoch),
            due_at=session.reply_due_at if answer is None else now,
            now=now,
            unanswered=_unanswered(lines, seen_seq),
            has_model=model is not None,
        )
        if isinstance(decision, Wait):
            return decision
        if isinstance(decision, HandOver):
            _hand_over(session, answer, decision.reason, now)
        elif isinstance(decision, AnswerNow) and model is not None:
            made = answer or Answer(
                id=uuid7(), session_id=session_id, created_at=now, supersedes=_supersedes(past)
            )
            return _begin(made, model, lines, worker, now)
        elif answer is not None:
            close(answer.pk, answer.attempt, Answer.Status.STOPPED, error_reason="floor")
    return None


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
    made: Answer, model: ModelConfig, lines: Sequence[Line], worker: str, now: dt.datetime
) -> Claim | None:
    assert made.session_id is not None
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
    made.status = Answer.Status.RUNNING
    made.model = model
    made.model_label = label_of(model)
    made.params, made.prices = model.default_params, model.prices
    made.epoch, made.watermark = floor.epoch, floor.watermark
    made.worker, made.lease_until = worker, lease_from(now)
    made.started_at, made.cancel_requested_at = now, None
    made.text, made.ttft_ms = "", None
    made.save(force_insert=is_new)
    return Claim(
        answer_id=made.pk,
        session_id=made.session_id,
        attempt=made.attempt,
        age_s=(now - made.created_at).total_seconds(),
        model=model,
        params=made.params,
        prompt=reply_prompt(lines, system_prompt=model.system_prompt.strip()),
        floor=Floor(epoch=made.epoch, watermark=made.watermark, supersedes=made.supersedes),
    )


def _supersedes(past: Sequence[Answer]) -> int:
    return past[0].supersedes + 1 if past and past[0].status == Answer.Status.SUPERSEDED else 0


def _hand_over(session: ChatSession, answer: Answer | None, reason: str, now: dt.datetime) -> None:
    request_human(session_id=session.pk, reason=reason)
    if answer is not None:
        seen = session.last_customer_seq
        close(answer.pk, answer.attempt, Answer.Status.HANDOFF, error_reason=reason, watermark=seen)
        return
    Answer.objects.create(
        id=uuid7(),
        session_id=session.pk,
        status=Answer.Status.HANDOFF,
        watermark=session.last_customer_seq,
        epoch=session.epoch,
        error_reason=reason,
        created_at=now,
        started_at=now,
        finished_at=now,
    )
    ANSWERS.labels(Answer.Status.HANDOFF, reason).inc()


def give_up_waiting(*, session_id: UUID) -> None:
    """Hand a session to people when no worker could take it for too long."""
    now = clock.now()
    with transaction.atomic():
        session = ChatSession.objects.select_for_update(no_key=True).get(pk=session_id)
        patience = dt.timedelta(seconds=settings.LLM_MAX_WAIT_S)
        if session.live_turn is not None or session.reply_due_at is None:
            return
        if session.floor == Speaker.ASSISTANT and session.reply_due_at <= now - patience:
            _hand_over(session, None, "assistant_busy", now)

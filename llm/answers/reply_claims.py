"""How a reply begins: an answer is owed, and one worker takes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.db import transaction

from chatsite.lib import clock
from chatsite.lib.ids import uuid7
from llm.answers.records import (
    Busy,
    Claim,
    Floor,
    close_left,
    is_free,
    label_of,
    lease_from,
)
from llm.gate.queries import Assistant, assistants
from llm.limits.admission import Admitted, Wish, admit
from llm.limits.breakers import in_trouble
from llm.limits.budget import reservation_of, settle
from llm.metrics import ANSWERS
from llm.models import Answer
from llm.policy import AnswerNow, HandOver, Wait, decide
from llm.prompts import Prompt, in_the_words_of, reply_prompt
from sessions_app.actions import request_human
from sessions_app.actions.replies import begin_reply
from sessions_app.models import ChatSession, SenderKind
from sessions_app.models import Floor as Speaker
from sessions_app.queries import Line, transcript

TRANSCRIPT_LINES = 40
PAST_TURNS = 20


def claim_reply(*, session_id: UUID, worker: str) -> Claim | Wait | Busy | None:
    """Take the answer a session is owed, if it is owed one and nobody has it.

    Hands the session to people instead when the customer asks for that or no model can be asked.
    Returns when to look again while the customer may still be typing.
    """
    with transaction.atomic():
        session = ChatSession.objects.select_for_update(no_key=True).filter(pk=session_id).first()
        if session is None:
            return None
        now = clock.now()
        past = list(
            Answer.objects.filter(session_id=session_id, purpose=Answer.Purpose.REPLY)
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
        candidates = assistants()
        decision = decide(
            has_floor=session.floor == Speaker.ASSISTANT
            and (answer is None or answer.epoch == session.epoch),
            due_at=session.reply_due_at if answer is None else now,
            now=now,
            unanswered=unanswered(lines, seen_seq),
            has_model=bool(candidates),
        )
        if isinstance(decision, Wait):
            return decision
        if isinstance(decision, HandOver):
            _hand_over(session, answer, decision.reason, now)
        elif isinstance(decision, AnswerNow):
            made = answer or Answer(
                id=uuid7(), session_id=session_id, created_at=now, supersedes=supersedes(past)
            )
            since = session.reply_due_at if answer is None else answer.created_at
            return _begin(session, made, candidates, lines, worker, now, since or now)
        elif answer is not None:
            close_left(answer, Answer.Status.STOPPED, reason="floor")
    return None


def unanswered(lines: Sequence[Line], seen_seq: int) -> list[str]:
    """Return what the customer wrote last that no answer knows of, oldest first."""
    texts: list[str] = []
    for line in reversed(lines):
        if line.sender_kind != SenderKind.CUSTOMER or line.seq <= seen_seq:
            break
        texts.append(line.content)
    return texts[::-1]


def _begin(
    session: ChatSession,
    made: Answer,
    candidates: Sequence[Assistant],
    lines: Sequence[Line],
    worker: str,
    now: dt.datetime,
    since: dt.datetime,
) -> Claim | Busy | None:
    is_new = made.attempt == 0
    if (old := reservation_of(made)) is not None:
        settle(old, None)
    prompt = reply_prompt(lines, system_prompt="")
    chosen = _choose(candidates, made.pk, prompt, now)
    if isinstance(chosen, Busy):
        patience = dt.timedelta(seconds=settings.LLM_MAX_WAIT_S)
        if since <= now - patience:
            _hand_over(session, None if is_new else made, "assistant_busy", now)
            return None
        return Busy(chosen.model_id, since + patience)
    if chosen is None:
        _hand_over(session, None if is_new else made, "assistant_unavailable", now)
        return None
    assistant, admitted = chosen
    made.attempt += 1
    floor = begin_reply(
        session_id=session.pk,
        turn_id=made.pk,
        attempt=made.attempt,
        epoch=None if is_new else made.epoch,
    )
    if floor is None:
        transaction.set_rollback(True)
        return None
    made.status = Answer.Status.RUNNING
    _name(made, assistant, admitted)
    made.epoch, made.watermark = floor.epoch, floor.watermark
    made.worker, made.lease_until = worker, lease_from(now)
    made.started_at, made.cancel_requested_at = now, None
    made.text, made.ttft_ms = "", None
    made.save(force_insert=is_new)
    return Claim(
        answer_id=made.pk,
        place=session.pk,
        attempt=made.attempt,
        age_s=(now - made.created_at).total_seconds(),
        purpose=made.purpose,
        model=assistant.model,
        params=made.params,
        prompt=in_the_words_of(prompt, assistant.system_prompt),
        admitted=admitted,
        has_fallback=len(candidates) > 1,
        floor=Floor(epoch=made.epoch, watermark=made.watermark, supersedes=made.supersedes),
    )


def _choose(
    candidates: Sequence[Assistant], answer_id: UUID, prompt: Prompt, now: dt.datetime
) -> tuple[Assistant, Admitted] | Busy | None:
    """The first model that may be asked. One whose places are all taken is worth a wait."""
    wish = Wish(answer_id, is_reply=True, now=now, trouble=in_trouble(now))
    for one in candidates:
        worded = in_the_words_of(prompt, one.system_prompt)
        found = admit(one.model, wish, prompt=worded, params=one.params)
        if isinstance(found, Admitted):
            return one, found
        if found.reason == "busy":
            return Busy(one.model.pk, now)
    return None


def _name(made: Answer, assistant: Assistant, admitted: Admitted) -> None:
    made.model = assistant.model
    made.model_label = label_of(assistant.model)
    made.params, made.prices = dict(assistant.params), assistant.model.prices
    made.reserved = admitted.reservation.amount if admitted.reservation else None


def fall_back(*, claim: Claim, tried: Collection[int]) -> Claim | None:
    """Give a reply of which nothing was shown to the next model that may be asked, if there is one.

    The record names the model that really answers.
    """
    with transaction.atomic():
        answer = (
            Answer.objects.select_for_update(no_key=True)
            .filter(pk=claim.answer_id, attempt=claim.attempt, status=Answer.Status.RUNNING)
            .first()
        )
        if answer is None or answer.cancel_requested_at is not None:
            return None
        if (old := reservation_of(answer)) is not None:
            settle(old, None)
        others = [one for one in assistants() if one.model.pk not in tried]
        chosen = _choose(others, answer.pk, claim.prompt, clock.now())
        if chosen is None or isinstance(chosen, Busy):
            transaction.set_rollback(True)
            return None
        assistant, admitted = chosen
        _name(answer, assistant, admitted)
        answer.save(update_fields=["model", "model_label", "params", "prices", "reserved"])
    return replace(
        claim,
        model=assistant.model,
        params=answer.params,
        prompt=in_the_words_of(claim.prompt, assistant.system_prompt),
        admitted=admitted,
        has_fallback=len(others) > 1,
    )


def supersedes(past: Sequence[Answer]) -> int:
    """Return how many unfinished answers the next one replaces; ``past`` is the newest first."""
    return past[0].supersedes + 1 if past and past[0].status == Answer.Status.SUPERSEDED else 0


def _hand_over(session: ChatSession, answer: Answer | None, reason: str, now: dt.datetime) -> None:
    request_human(session_id=session.pk, reason=reason)
    if answer is not None:
        answer.watermark = session.last_customer_seq
        answer.save(update_fields=["watermark"])
        close_left(answer, Answer.Status.HANDOFF, reason=reason)
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

"""The life of an answer that is given to nobody: a case put to a release, or to what is in use.

It is asked exactly as a reply is, by the same workers and limits, and judged in the transaction
that ends it. It has no session, so nothing of it is shown live.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db import transaction

from chatsite.lib import clock
from llm.answers.records import (
    Busy,
    Claim,
    Ended,
    Figures,
    close,
    close_left,
    is_free,
    label_of,
    lease_from,
    status_of,
)
from llm.gate.actions.replays import judge_answer
from llm.gate.checks import Given
from llm.gate.models import CaseResult
from llm.limits.admission import Admitted, Refused, Wish, admit
from llm.limits.breakers import in_trouble
from llm.limits.budget import reservation_of, settle
from llm.models import Answer
from llm.prompts import Prompt, reply_prompt
from sessions_app.queries import Line

PATIENCE = dt.timedelta(minutes=30)
"""Replays take the places that nobody else needs, and may wait for them."""


def claim_replay(*, answer_id: UUID, worker: str) -> Claim | Busy | None:
    """Take an answer of a replay, if nobody else has it."""
    now = clock.now()
    with transaction.atomic():
        answer = (
            Answer.objects.select_for_update(of=("self",), no_key=True)
            .select_related("model")
            .filter(pk=answer_id, purpose=Answer.Purpose.REPLAY)
            .first()
        )
        if answer is None or answer.status not in Answer.OPEN or not is_free(answer, now):
            return None
        result = CaseResult.objects.select_related(
            "case", "replay__release", "replay__against"
        ).get(answer=answer)
        prompt = _prompt(result)
        found = _admitted(answer, prompt, now)
        if isinstance(found, Admitted):
            return _begin(answer, result, prompt, found, worker, now)
    until = answer.created_at + PATIENCE
    if found is not None and found.reason == "busy" and until > now:
        assert answer.model_id is not None
        return Busy(answer.model_id, until)
    stopped = answer.cancel_requested_at is not None
    end_left_replay(
        answer,
        Answer.Status.STOPPED if stopped else Answer.Status.FAILED,
        reason="stop" if stopped else found.reason if found else "no_model",
    )
    return None


def _prompt(result: CaseResult) -> Prompt:
    replay = result.replay
    if result.side == CaseResult.Side.CANDIDATE:
        system = replay.release.system_prompt
    elif replay.against is not None:
        system = replay.against.system_prompt
    else:
        model = result.answer.model if result.answer else None
        system = model.system_prompt if model else ""
    lines = [
        Line(seq, said["role"], "", said["text"]) for seq, said in enumerate(result.case.talk, 1)
    ]
    return reply_prompt(lines, system_prompt=system.strip())


def _admitted(answer: Answer, prompt: Prompt, now: dt.datetime) -> Admitted | Refused | None:
    if answer.model is None or not answer.model.enabled or answer.cancel_requested_at:
        return None
    if (old := reservation_of(answer)) is not None:
        settle(old, None)
        answer.reserved = None
    wish = Wish(answer.pk, is_reply=False, now=now, trouble=in_trouble(now))
    return admit(answer.model, wish, prompt=prompt, params=answer.params)


def _begin(
    answer: Answer,
    result: CaseResult,
    prompt: Prompt,
    admitted: Admitted,
    worker: str,
    now: dt.datetime,
) -> Claim:
    model = answer.model
    assert model is not None
    answer.attempt += 1
    answer.status = Answer.Status.RUNNING
    answer.model_label, answer.prices = label_of(model), model.prices
    answer.reserved = admitted.reservation.amount if admitted.reservation else None
    answer.worker, answer.lease_until = worker, lease_from(now)
    answer.started_at = now
    answer.text, answer.ttft_ms = "", None
    answer.save()
    is_candidate = result.side == CaseResult.Side.CANDIDATE
    articles = result.replay.release.articles.values_list("pk", flat=True) if is_candidate else ()
    return Claim(
        answer_id=answer.pk,
        place=None,
        attempt=answer.attempt,
        age_s=0.0,
        purpose=answer.purpose,
        model=model,
        params=answer.params,
        prompt=prompt,
        admitted=admitted,
        trial=tuple(articles),
    )


def end_replay(
    claim: Claim, figures: Figures, status: str, *, code: str = "", reason: str = ""
) -> Ended:
    """End an answer that this worker holds, and judge it; one it has lost stays as it is."""
    with transaction.atomic():
        _lock(claim.answer_id)
        closed = close(
            claim.answer_id,
            claim.attempt,
            status,
            reservation=claim.admitted.reservation,
            error_code=code,
            error_reason=reason,
            **figures.as_fields(),
        )
        if not closed:
            return Ended(status_of(claim.answer_id))
        cited = {one["article_id"]: one["title"] for one in figures.sources if one["cited"]}
        handed_over = status == Answer.Status.HANDOFF
        given = Given(figures.text, tuple(cited), handed_over, error=reason)
        judge_answer(answer_id=claim.answer_id, given=given, titles=cited)
    return Ended(status)


def end_left_replay(answer: Answer, status: str, *, reason: str) -> None:
    """End an answer that no worker holds; its case counts as not met."""
    with transaction.atomic():
        _lock(answer.pk)
        if close_left(answer, status, code="PROVIDER_UNAVAILABLE", reason=reason):
            judge_answer(answer_id=answer.pk, given=Given("", error=reason))


def _lock(answer_id: UUID) -> None:
    """Replays are locked before their answers, always."""
    CaseResult.objects.select_for_update(of=("replay",), no_key=True).select_related("replay").get(
        answer=answer_id
    )

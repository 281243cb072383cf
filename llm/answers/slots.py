"""The life of a slot: one of the answers that stand beside each other in a turn.

A slot is its row only: it says nothing to a customer and holds no floor. Turns are locked before
answers, always; the transaction that ends the last open slot of a turn ends the turn.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction

from chatsite.lib import clock
from chatsite.lib.errors import Conflict
from chatsite.lib.ids import uuid7
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
from llm.jobs import Job
from llm.limits.admission import Admitted, Refused, Wish, admit
from llm.limits.breakers import in_trouble
from llm.limits.budget import reservation_of, settle
from llm.models import Answer, Turn
from llm.prompts import for_turn
from llm.wake import waker
from sessions_app import publish
from sessions_app.publish import LiveAnswer

CODES = {
    "busy": "PROVIDER_UNAVAILABLE",
    "circuit_open": "PROVIDER_UNAVAILABLE",
    "budget": "RATE_LIMITED",
}


def claim_slot(*, answer_id: UUID, worker: str) -> Claim | Busy | None:
    """Take a slot that is queued, or whose worker is gone, if nobody else has it.

    One that may not ask its model fails at once, and asks no other; one whose model has no place
    free waits, but not long.
    """
    now = clock.now()
    with transaction.atomic():
        answer = (
            Answer.objects.select_for_update(of=("self",), no_key=True)
            .select_related("turn__question", "model")
            .filter(pk=answer_id, turn__isnull=False)
            .first()
        )
        if answer is None or answer.status not in Answer.OPEN or not is_free(answer, now):
            return None
        found = _admitted(answer, now)
        if isinstance(found, Admitted):
            return _begin(answer, found, worker, now)
    # The turn is locked before its answers: what ends here ends in a transaction of its own.
    if answer.cancel_requested_at is not None:
        end_left_slot(answer, Answer.Status.STOPPED, reason="stop")
    elif found is None:
        end_left_slot(answer, Answer.Status.FAILED, code="MODEL_NOT_FOUND", reason="no_model")
    elif found.reason == "busy" and (until := _patience_ends(answer)) > now:
        assert answer.model_id is not None
        return Busy(answer.model_id, until)
    else:
        end_left_slot(answer, Answer.Status.FAILED, code=CODES[found.reason], reason=found.reason)
    return None


def _admitted(answer: Answer, now: dt.datetime) -> Admitted | Refused | None:
    turn, model = answer.turn, answer.model
    if turn is None or model is None or not model.enabled or answer.cancel_requested_at:
        return None
    if (old := reservation_of(answer)) is not None:
        settle(old, None)
        Answer.objects.filter(pk=answer.pk).update(reserved=None)
        answer.reserved = None
    answer.params = {**model.default_params, **answer.params}
    wish = Wish(answer.pk, is_reply=False, now=now, trouble=in_trouble(now))
    return admit(model, wish, prompt=for_turn(turn, model), params=answer.params)


def waited_too_long(answer: Answer, now: dt.datetime) -> bool:
    """Whether a slot that nobody has begun is older than anyone should wait for it."""
    begun = answer.turn_id is None or answer.started_at is not None
    return not begun and answer.status == Answer.Status.QUEUED and _patience_ends(answer) <= now


def _patience_ends(answer: Answer) -> dt.datetime:
    return answer.created_at + dt.timedelta(seconds=settings.LLM_QUEUE_S)


def _begin(answer: Answer, admitted: Admitted, worker: str, now: dt.datetime) -> Claim:
    turn, model = answer.turn, answer.model
    assert turn is not None
    assert model is not None
    answer.attempt += 1
    answer.status = Answer.Status.RUNNING
    answer.model_label = label_of(model)
    answer.prices = model.prices
    answer.reserved = admitted.reservation.amount if admitted.reservation else None
    answer.worker, answer.lease_until = worker, lease_from(now)
    answer.started_at = now
    answer.text, answer.ttft_ms = "", None
    answer.save()
    claim = Claim(
        answer_id=answer.pk,
        place=turn.session_id,
        attempt=answer.attempt,
        age_s=(now - answer.created_at).total_seconds(),
        purpose=answer.purpose,
        model=model,
        params=answer.params,
        prompt=for_turn(turn, model),
        admitted=admitted,
        turn_id=turn.pk,
        slot=answer.slot,
    )
    transaction.on_commit(partial(publish.reply_started, claim.live), robust=True)
    return claim


def end_slot(
    claim: Claim, figures: Figures, status: str, *, code: str = "", reason: str = ""
) -> Ended:
    """End a slot that this worker holds; one it has lost stays as it is."""
    assert claim.turn_id is not None
    with transaction.atomic():
        Turn.objects.select_for_update(no_key=True).only("pk").get(pk=claim.turn_id)
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
        _ended(claim.live, status)
    return Ended(status)


def end_left_slot(answer: Answer, status: str, *, code: str = "", reason: str = "") -> bool:
    """End a slot that no worker holds, if it is still as ``answer`` says; keep its text."""
    assert answer.turn_id is not None
    with transaction.atomic():
        turn = Turn.objects.select_for_update(no_key=True).get(pk=answer.turn_id)
        unchanged = Answer.objects.filter(
            pk=answer.pk,
            attempt=answer.attempt,
            status=answer.status,
            lease_until=answer.lease_until,
        )
        if not unchanged.exists():
            return False
        close_left(answer, status, code=code, reason=reason)
        live = LiveAnswer(turn.session_id, turn.pk, answer.pk, answer.slot, answer.attempt)
        _ended(live, status)
    return True


def _ended(live: LiveAnswer, status: str) -> None:
    """End the turn with its last open slot, its row being locked; tell after the commit."""
    mine = Answer.objects.filter(turn=live.turn_id, is_current=True)
    if not mine.filter(status__in=Answer.OPEN).exists():
        Turn.objects.filter(pk=live.turn_id).update(finished_at=clock.now())
    transaction.on_commit(partial(publish.reply_ended, live, status), robust=True)


def stop_slots(*, turn_id: UUID, slot: int | None = None) -> None:
    """Ask the open slots of a turn, or one of them, to stop; after the end nothing happens.

    The wish is a row, which a worker sees even when the bus is down.
    """
    mine = Answer.objects.filter(turn=turn_id, is_current=True, status__in=Answer.OPEN)
    if slot is not None:
        mine = mine.filter(slot=slot)
    mine.filter(cancel_requested_at__isnull=True).update(cancel_requested_at=clock.now())
    for answer in mine.select_related("turn"):
        assert answer.turn is not None
        if answer.status == Answer.Status.QUEUED:
            end_left_slot(answer, Answer.Status.STOPPED, reason="stop")
        publish.reply_cancelled(answer.turn.session_id, answer.pk, "stop")


def abandon_slots(*, turn_id: UUID) -> None:
    """End a turn as stopped and take its open slots from their workers, whose texts get lost."""
    turn = Turn.objects.select_for_update(no_key=True).get(pk=turn_id)
    mine = Answer.objects.filter(turn=turn_id, is_current=True, status__in=Answer.OPEN)
    for answer in mine.select_for_update(no_key=True):
        # The next attempt's number, so that nothing of the running one can be stored.
        answer.attempt += 1
        answer.save(update_fields=["attempt"])
        close_left(answer, Answer.Status.STOPPED, reason="forgotten")
        live = LiveAnswer(turn.session_id, turn.pk, answer.pk, answer.slot, answer.attempt)
        _ended(live, Answer.Status.STOPPED)
        publish.reply_cancelled(turn.session_id, answer.pk, "stop")


def retry_slots(*, turn_id: UUID, slot: int | None = None) -> list[Answer]:
    """Ask again what has ended without an answer, or one slot however it ended.

    The old row stays as the record of what it cost; the new one continues its attempt numbers, so
    that viewers drop the old text. Wakes workers after the commit. Raises :class:`Conflict`
    when there is nothing to ask again.
    """
    with transaction.atomic():
        Turn.objects.select_for_update(no_key=True).only("pk").get(pk=turn_id)
        ended = Answer.objects.filter(turn=turn_id, is_current=True).exclude(status__in=Answer.OPEN)
        if slot is not None:
            ended = ended.filter(slot=slot)
        else:
            ended = ended.exclude(status=Answer.Status.DONE)
        old = list(ended.order_by("slot"))
        if not old:
            raise Conflict("Nothing here can be asked again")
        Answer.objects.filter(pk__in=[answer.pk for answer in old]).update(is_current=False)
        made = Answer.objects.bulk_create([_again(answer) for answer in old])
        Turn.objects.filter(pk=turn_id).update(finished_at=None)
        wake_for(made)
    return made


def _again(old: Answer) -> Answer:
    return Answer(
        id=uuid7(),
        purpose=old.purpose,
        session_id=old.session_id,
        turn_id=old.turn_id,
        slot=old.slot,
        model_id=old.model_id,
        model_label=old.model_label,
        attempt=old.attempt,
        params=old.params,
        created_at=clock.now(),
    )


def wake_for(answers: Sequence[Answer]) -> None:
    """Have workers take new slots, after the commit of the transaction that made them."""
    jobs = [Job("slot", answer.pk) for answer in answers]
    transaction.on_commit(lambda: waker.now(*jobs), robust=True)

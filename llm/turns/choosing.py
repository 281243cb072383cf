"""What people decide about a turn: pick an answer, stop it, ask again."""

from __future__ import annotations

from django.db import transaction

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import Conflict, ValidationFailed
from llm import answers
from llm.models import Answer, Turn
from llm.turns.access import turn_for
from sessions_app import actions as sessions

PICKABLE = (Answer.Status.DONE, Answer.Status.STOPPED)


def pick(*, viewer: Viewer, turn_id: object, slot: int) -> Turn:
    """Choose the answer that the next question continues from; it is counted for its model.

    The names of a blind turn are shown from now on. Another one may be picked until the next
    question. Raises :class:`NotFound`, :class:`ValidationFailed` for a slot without an answer,
    and :class:`Conflict` when the conversation has gone on.
    """
    with transaction.atomic():
        turn = _locked(turn_for(viewer, turn_id))
        _refuse_when_past(turn)
        answer = Answer.objects.filter(turn=turn, slot=slot, is_current=True).first()
        if answer is None:
            raise ValidationFailed.of("slot", "no such slot", "does_not_exist")
        if answer.status not in PICKABLE or not answer.text:
            raise ValidationFailed.of("slot", "it holds no answer to continue from")
        if turn.picked_slot != slot:
            turn.picked_slot, turn.picked_at = slot, clock.now()
            turn.save(update_fields=["picked_slot", "picked_at"])
            if turn.kind == Turn.Kind.COMPARE:
                sessions.note_change(viewer=viewer, session_id=turn.session_id)
    return turn


def stop(*, viewer: Viewer, turn_id: object, slot: int | None = None) -> Turn:
    """Stop the running answers of a turn, or one of them; what they have said stays.

    Stopping twice, or after the end, changes nothing.
    """
    turn = turn_for(viewer, turn_id)
    if slot is not None:
        _require_slot(turn, slot)
    answers.stop_slots(turn_id=turn.pk, slot=slot)
    turn.refresh_from_db()
    return turn


def retry(*, viewer: Viewer, turn_id: object, slot: int | None = None) -> Turn:
    """Ask again: one slot however it ended, or every slot that brought no answer.

    Raises :class:`Conflict` when there is nothing to ask again or the conversation has gone on.
    """
    with transaction.atomic():
        turn = _locked(turn_for(viewer, turn_id))
        _refuse_when_past(turn)
        if slot is not None:
            _require_slot(turn, slot)
        again = {answer.slot for answer in answers.retry_slots(turn_id=turn.pk, slot=slot)}
        turn.refresh_from_db()
        if turn.picked_slot in again:  # what was picked is no longer there
            turn.picked_slot = turn.picked_at = None
            turn.save(update_fields=["picked_slot", "picked_at"])
        if turn.kind == Turn.Kind.COMPARE:
            sessions.note_change(viewer=viewer, session_id=turn.session_id)
    return turn


def _locked(turn: Turn) -> Turn:
    """Lock the turn's session, which a new question locks too, and then the turn."""
    type(turn.session).objects.select_for_update(no_key=True).get(pk=turn.session_id)
    locked = Turn.objects.select_for_update(no_key=True, of=("self",)).select_related("session")
    return locked.get(pk=turn.pk)


def _refuse_when_past(turn: Turn) -> None:
    if turn.question_id is None:
        return
    later = Turn.objects.filter(session=turn.session_id, watermark__gt=turn.watermark)
    if later.exists():
        raise Conflict("The conversation has gone on since")


def _require_slot(turn: Turn, slot: int) -> None:
    if not Answer.objects.filter(turn=turn, slot=slot).exists():
        raise ValidationFailed.of("slot", "no such slot", "does_not_exist")

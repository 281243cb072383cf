"""How turns and owed answers that were left lying are found again."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from chatsite.lib import clock
from llm.models import Turn
from llm.turns.ending import tell_failure
from llm.turns.records import can_go_on, close
from sessions_app.actions.replies import due_sessions
from sessions_app.models import ChatSession


def sweep() -> list[UUID]:
    """Return the sessions that a worker should look at now; fail the turns that cannot go on.

    Finds what a lost task, a dead worker or a broker that was away has left: turns whose lease
    ran out, turns given back that nobody took, and sessions that are owed an answer.
    """
    now = clock.now()
    wanted: list[UUID] = []
    left = Q(status=Turn.Status.QUEUED) | Q(status=Turn.Status.RUNNING, lease_until__lt=now)
    for turn in Turn.objects.filter(left).order_by("created_at")[:500]:
        if can_go_on(turn, now):
            wanted.append(turn.session_id)
        else:
            _fail_left_turn(turn)
    wanted += due_sessions(now=now, limit=500)
    return list(dict.fromkeys(wanted))


def _fail_left_turn(turn: Turn) -> None:
    with transaction.atomic():
        ChatSession.objects.select_for_update(no_key=True).get(pk=turn.session_id)
        unchanged = Turn.objects.filter(
            pk=turn.pk, attempt=turn.attempt, status=turn.status, lease_until=turn.lease_until
        )
        if not unchanged.exists():
            return
        tell_failure(turn.session_id, turn.pk, turn.attempt, "PROVIDER_UNAVAILABLE")
        close(
            turn.pk,
            turn.attempt,
            Turn.Status.FAILED,
            error_code="PROVIDER_UNAVAILABLE",
            error_reason="worker_lost",
        )

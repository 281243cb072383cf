"""How answers that were left lying, begun or only owed, are found again."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from chatsite.lib import clock
from llm.answers.ending import tell_failure
from llm.answers.records import can_go_on, close
from llm.models import Answer
from sessions_app.actions.replies import due_sessions
from sessions_app.models import ChatSession


def sweep() -> list[UUID]:
    """Return the sessions that a worker should look at now; fail the answers that cannot go on.

    Finds what a lost task, a dead worker or a broker that was away has left: answers whose lease
    ran out, answers given back that nobody took, and sessions that are owed an answer.
    """
    now = clock.now()
    wanted: list[UUID] = []
    left = Q(status=Answer.Status.QUEUED) | Q(status=Answer.Status.RUNNING, lease_until__lt=now)
    replies = Answer.objects.filter(purpose=Answer.Purpose.REPLY)
    for answer in replies.filter(left).order_by("created_at")[:500]:
        assert answer.session_id is not None
        if can_go_on(answer, now):
            wanted.append(answer.session_id)
        else:
            _fail_left_answer(answer)
    wanted += due_sessions(now=now, limit=500)
    return list(dict.fromkeys(wanted))


def _fail_left_answer(answer: Answer) -> None:
    assert answer.session_id is not None
    with transaction.atomic():
        ChatSession.objects.select_for_update(no_key=True).get(pk=answer.session_id)
        unchanged = Answer.objects.filter(
            pk=answer.pk,
            attempt=answer.attempt,
            status=answer.status,
            lease_until=answer.lease_until,
        )
        if not unchanged.exists():
            return
        tell_failure(answer.session_id, answer.pk, answer.attempt, "PROVIDER_UNAVAILABLE")
        close(
            answer.pk,
            answer.attempt,
            Answer.Status.FAILED,
            error_code="PROVIDER_UNAVAILABLE",
            error_reason="worker_lost",
        )

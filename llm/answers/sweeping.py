"""How answers that were left lying, begun or only owed, are found again."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from chatsite.lib import clock
from llm.answers.records import can_go_on, close_left, job_of
from llm.answers.replays import end_left_replay
from llm.answers.reply_ends import tell_failure
from llm.answers.slots import end_left_slot, waited_too_long
from llm.jobs import Job
from llm.limits.budget import forget_unlimited
from llm.models import Answer
from sessions_app.actions.replies import due_sessions
from sessions_app.models import ChatSession

NO_WORKER = "PROVIDER_UNAVAILABLE"


def sweep() -> list[Job]:
    """Return what a worker should look at now; fail the answers that cannot go on.

    Finds what a lost task, a dead worker or a broker that was away has left: answers whose lease
    ran out, answers given back or asked for that nobody took, and sessions that are owed a reply.
    """
    now = clock.now()
    forget_unlimited()
    wanted: list[Job] = []
    left = Q(status=Answer.Status.QUEUED) | Q(status=Answer.Status.RUNNING, lease_until__lt=now)
    for answer in Answer.objects.filter(left).order_by("created_at")[:500]:
        if waited_too_long(answer, now):
            end_left_slot(answer, Answer.Status.FAILED, code=NO_WORKER, reason="busy")
        elif can_go_on(answer, now):
            wanted.append(job_of(answer))
        elif answer.turn_id is not None:
            end_left_slot(answer, Answer.Status.FAILED, code=NO_WORKER, reason="worker_lost")
        elif answer.purpose == Answer.Purpose.REPLAY:
            end_left_replay(answer, Answer.Status.FAILED, reason="worker_lost")
        else:
            _fail_left_reply(answer)
    wanted += [Job("reply", session_id) for session_id in due_sessions(now=now, limit=500)]
    return list(dict.fromkeys(wanted))


def _fail_left_reply(answer: Answer) -> None:
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
        tell_failure(answer.session_id, answer.pk, answer.attempt, NO_WORKER)
        close_left(answer, Answer.Status.FAILED, code=NO_WORKER, reason="worker_lost")

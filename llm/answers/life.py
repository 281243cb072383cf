"""The steps of any answer, whatever kind it is: a reply holds the floor, a slot only its row."""

from __future__ import annotations

from uuid import UUID

from chatsite.lib import clock
from llm.answers.records import Busy, Claim, Ended, Figures
from llm.answers.replays import claim_replay, end_replay
from llm.answers.reply_claims import claim_reply
from llm.answers.reply_ends import end_reply_quietly, fail_reply, finish_reply, stop_queued_reply
from llm.answers.slots import claim_slot, end_slot
from llm.jobs import Job
from llm.models import Answer
from llm.policy import Wait


def claim(*, job: Job, worker: str) -> Claim | Wait | Busy | None:
    """Take what ``job`` names, if it is to be done and nobody has it; or say when to look again."""
    if job.kind == "slot":
        return claim_slot(answer_id=job.id, worker=worker)
    if job.kind == "replay":
        return claim_replay(answer_id=job.id, worker=worker)
    return claim_reply(session_id=job.id, worker=worker)


def finish(claim: Claim, figures: Figures, *, wants_person: str | None) -> Ended:
    """End an answer that is whole; a reply becomes a message, or makes way for a person."""
    if claim.place is None:
        status = Answer.Status.DONE if wants_person is None else Answer.Status.HANDOFF
        return end_replay(claim, figures, status)
    if claim.floor is None:
        return end_slot(claim, figures, Answer.Status.DONE)
    return finish_reply(claim, figures, wants_person=wants_person)


def end_quietly(claim: Claim, figures: Figures, status: str, reason: str) -> Ended:
    """End an answer that is no longer wanted: ``stopped`` or ``superseded``."""
    if claim.place is None:
        return end_replay(claim, figures, status, reason=reason)
    if claim.floor is None:
        return end_slot(claim, figures, status, reason=reason)
    return end_reply_quietly(claim, figures, status, reason)


def fail(claim: Claim, figures: Figures, *, code: str, reason: str) -> Ended:
    """End an answer that did not come, or not wholly."""
    if claim.place is None:
        return end_replay(claim, figures, Answer.Status.FAILED, code=code, reason=reason)
    if claim.floor is None:
        return end_slot(claim, figures, Answer.Status.FAILED, code=code, reason=reason)
    return fail_reply(claim, figures, code=code, reason=reason)


def request_stop(*, answer_id: UUID) -> None:
    """Note that someone asked the reply to stop; its worker sees it with the next pulse."""
    Answer.objects.filter(
        pk=answer_id, status__in=Answer.OPEN, cancel_requested_at__isnull=True
    ).update(cancel_requested_at=clock.now())
    queued = Answer.objects.filter(
        pk=answer_id, status=Answer.Status.QUEUED, session__isnull=False, turn__isnull=True
    ).first()
    if queued is not None:
        stop_queued_reply(queued)

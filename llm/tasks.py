"""Celery tasks: they wake the engine and return at once. The database holds the job."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task

from chatsite.lib import request_id
from llm import answers, process
from llm.jobs import Job
from llm.wake import waker


@shared_task(bind=True, ignore_result=True, expires=60)
def answer(self: Any, session_id: str) -> None:
    """Let this process's engine look at a session, in the name of the request that caused it."""
    _wake(self.request, Job("reply", UUID(session_id)))


@shared_task(bind=True, ignore_result=True, expires=60)
def answer_slot(self: Any, answer_id: str) -> None:
    """Let this process's engine look at one slot of a turn."""
    _wake(self.request, Job("slot", UUID(answer_id)))


@shared_task(bind=True, ignore_result=True, expires=3600)
def answer_replay(self: Any, answer_id: str) -> None:
    """Let this process's engine look at one answer of a replay."""
    _wake(self.request, Job("replay", UUID(answer_id)))


BY_KIND: dict[str, Any] = {"reply": answer, "slot": answer_slot, "replay": answer_replay}


def _wake(request: Any, job: Job) -> None:
    with request_id.use(getattr(request, "request_id", None) or ""):
        process.wake(job)


@shared_task(ignore_result=True)
def sweep() -> None:
    """Wake workers for everything that was left lying."""
    waker.now(*answers.sweep())

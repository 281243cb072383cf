"""Celery tasks: they wake the engine and return at once. The database holds the job."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task

from chatsite.lib import clock, request_id
from llm import answers, process
from llm.wake import waker


@shared_task(bind=True, ignore_result=True, expires=60)
def answer(self: Any, session_id: str) -> None:
    """Let this process's engine look at a session, in the name of the request that caused it."""
    with request_id.use(getattr(self.request, "request_id", None) or ""):
        process.wake(UUID(session_id))


@shared_task(ignore_result=True)
def sweep() -> None:
    """Wake workers for everything that was left lying."""
    for session_id in answers.sweep():
        waker.at(session_id, clock.now())

"""Celery tasks: they wake the engine and return at once. The database holds the job."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from chatsite.lib import clock
from llm import engine, turns
from llm.wake import waker


@shared_task(ignore_result=True, expires=60)
def answer(session_id: str) -> None:
    """Let this process's engine look at a session."""
    engine.wake(UUID(session_id))


@shared_task(ignore_result=True)
def sweep() -> None:
    """Wake workers for everything that was left lying."""
    for session_id in turns.sweep():
        waker.at(session_id, clock.now())

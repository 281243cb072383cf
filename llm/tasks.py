"""Celery tasks: they wake the engine and return at once. The database holds the job."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from chatsite.lib import request_id
from llm import answers, process
from llm.jobs import Job, Kind
from llm.stats import hours
from llm.wake import waker


@shared_task(ignore_result=True)
def answer(jobs: list[tuple[Kind, str, str]]) -> None:
    """Let this process's engine look at jobs: kind, id, and the request that caused each."""
    for kind, id_, cause in jobs:
        with request_id.use(cause):
            process.wake(Job(kind, UUID(id_)))


@shared_task(ignore_result=True)
def sweep() -> None:
    """Wake workers for everything that was left lying."""
    waker.now(*answers.sweep())


@shared_task(ignore_result=True)
def count_hours() -> None:
    """Keep the figures of the hours that are over, so that nobody waits for them."""
    hours.keep_newest()

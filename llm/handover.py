"""How jobs come from whoever wakes to a worker that takes them: a list in Redis.

Each job goes to one worker, whichever waits longest. A list costs each side one command for any
number of jobs, where a Celery task took 3 ms of processor time and 5 ms of waiting. Nothing here
is kept: the database knows all jobs, and the sweep finds what was lost on the way.
Without Redis there is one process, and its Celery worker is told by a task.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, cast
from uuid import UUID

import orjson
from celery import current_app
from django.conf import settings

from chatsite.lib import request_id
from llm.jobs import Job, Kind

log = logging.getLogger(__name__)

ANSWER = "llm.tasks.answer"
"""The task that is sent; by its name, as who does the work is no business of who asks for it."""
KEY = "llm:jobs"
MOST_AT_ONCE = 32
WAIT_S = 1.0
Cause = str
"""The id of the request that caused a job."""
PATIENCE_S = {"reply": 60, "slot": 60, "replay": 3600}
"""How old a call may become; of jobs whose call was dropped, the sweep knows."""


def send(jobs: list[tuple[Job, Cause]]) -> None:
    """Wake a worker for jobs; blocks for a round trip, and raises whatever goes wrong."""
    patience = max(PATIENCE_S[job.kind] for job, _ in jobs)
    if settings.REDIS_URL:
        pipe = _redis().pipeline(transaction=False)
        pipe.rpush(KEY, *(_written(job, cause) for job, cause in jobs))
        pipe.expire(KEY, patience)
        pipe.execute()
        return
    args = ([[job.kind, str(job.id), cause] for job, cause in jobs],)
    with request_id.use(jobs[0][1]):
        current_app.send_task(ANSWER, args, retry=False, expires=patience, ignore_result=True)


@cache
def _redis() -> Any:
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=2,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 1),  # the jobs behind these wait, and the sweep knows them all
    )


def _written(job: Job, cause: Cause) -> bytes:
    return orjson.dumps((job.kind, str(job.id), cause))


class Taker:
    """Takes jobs for this process; use it within one event loop, and only where there is Redis."""

    def __init__(self) -> None:
        from redis.asyncio import Redis

        self._redis: Any = Redis.from_url(
            settings.REDIS_URL, socket_timeout=WAIT_S + 5, socket_connect_timeout=1
        )

    async def take(self) -> list[tuple[Job, Cause]]:
        """Wait a moment for jobs; none is an answer, too."""
        first = await self._redis.blpop([KEY], timeout=WAIT_S)
        if first is None:
            return []
        more = await self._redis.lpop(KEY, MOST_AT_ONCE - 1) or []
        return [taken for raw in (first[1], *more) if (taken := _read(raw))]

    async def give_back(self, jobs: list[tuple[Job, Cause]]) -> None:
        """Let another worker take jobs."""
        await self._redis.lpush(KEY, *(_written(job, cause) for job, cause in reversed(jobs)))

    async def close(self) -> None:
        """End the connection."""
        await self._redis.aclose()


async def hand_on(wake: Callable[[Job], None], *, is_over: Callable[[], bool]) -> None:
    """Hand jobs to ``wake``, each in the name of its cause, until it is over.

    What was taken at the end is given back.  Raises what the connection raises.
    """
    taker = Taker()
    try:
        while not is_over():
            jobs = await taker.take()
            if jobs and is_over():
                await taker.give_back(jobs)
                break
            for job, cause in jobs:
                with request_id.use(cause):
                    wake(job)
    finally:
        await taker.close()


def _read(raw: bytes) -> tuple[Job, Cause] | None:
    try:
        kind, id_, cause = orjson.loads(raw)
        return Job(cast(Kind, kind), UUID(id_)), str(cause)
    except (ValueError, TypeError):
        log.warning("a job on the list cannot be read")
        return None

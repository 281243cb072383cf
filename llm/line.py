"""Jobs that wait for a place at a model, in this process.

A place may become free in any process, so the first of each line asks again every quarter of a
second, and at once when an answer of this process ends.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable

from chatsite.lib import clock
from llm.jobs import Job

ASK_AGAIN_S = 0.25


class Line:
    """Who waits for which model, in the order of their coming; use within one event loop."""

    def __init__(self, wake: Callable[[Job], None]) -> None:
        self._wake = wake
        self._waiting: dict[int, dict[Job, dt.datetime]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return sum(len(jobs) for jobs in self._waiting.values())

    def join(self, job: Job, model_id: int, until: dt.datetime) -> None:
        """Let a job wait until ``until``; one that waits already keeps its place."""
        self._waiting.setdefault(model_id, {}).setdefault(job, until)
        self._tick_soon()

    def leave(self, job: Job) -> None:
        """Take a job out of every line; the next ones get to try."""
        for model_id, jobs in list(self._waiting.items()):
            if jobs.pop(job, None) is not None:
                self.freed(model_id)
            if not jobs:
                self._waiting.pop(model_id, None)

    def freed(self, model_id: int) -> None:
        """Let the first of a model's line try: customers before those who compare."""
        jobs = self._waiting.get(model_id)
        if jobs:
            first = next((job for job in jobs if job.kind == "reply"), None)
            self._wake(first or next(iter(jobs)))

    def clear(self) -> None:
        """Forget everyone; rows remember."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick_soon(self) -> None:
        if self._timer is None and self._waiting:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(ASK_AGAIN_S, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = clock.now()
        for model_id, jobs in list(self._waiting.items()):
            for job in [job for job, until in jobs.items() if until <= now]:
                self._wake(job)
            self.freed(model_id)
        self._tick_soon()

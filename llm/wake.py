"""Wakes a worker for a job, without ever making the caller wait.

One thread sends for the whole process. It holds each reply back until it is due, so a burst of
messages becomes one call. Between two calls it takes a breath, so that many jobs share one when
there are many, and a single one goes at once. A Redis that is away costs nothing here: what is
not sent, the sweep finds in the database.
"""

from __future__ import annotations

import atexit
import datetime as dt
import logging
import threading
import time
from collections.abc import Sequence

from chatsite.lib import clock, request_id
from llm import handover
from llm.jobs import Job

log = logging.getLogger(__name__)

MOST_HELD = 10_000
LONGEST_SLEEP_S = 60.0
MOST_IN_A_CALL = 16
BREATH_S = 0.004


class Waker:
    """Jobs to wake a worker for, and the moments to do it."""

    def __init__(self) -> None:
        self._due: dict[Job, tuple[float, str]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def now(self, *jobs: Job) -> None:
        """Wake a worker for each job at once."""
        for job in jobs:
            self.at(job, clock.now())

    def at(self, job: Job, due_at: dt.datetime) -> None:
        """Wake a worker at ``due_at``; a later call for the same job moves the moment."""
        moment = time.monotonic() + max(0.0, (due_at - clock.now()).total_seconds())
        with self._changed:
            if job not in self._due and len(self._due) >= MOST_HELD:
                return
            self._due[job] = (moment, request_id.current())
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="wake", daemon=True)
                self._thread.start()
            self._changed.notify()

    def flush(self) -> None:
        """Send at once what is held; for the end of the process."""
        with self._changed:
            held, self._due = self._due, {}
        self._send([(job, cause) for job, (_, cause) in held.items()])

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (ready := self._take_ready()):
                    self._changed.wait(self._until_next())
            self._send(ready)
            time.sleep(BREATH_S)

    def _take_ready(self) -> list[tuple[Job, str]]:
        now = time.monotonic()
        ready = [(key, cause) for key, (moment, cause) in self._due.items() if moment <= now]
        for job, _ in ready:
            del self._due[job]
        return ready

    def _until_next(self) -> float:
        if not self._due:
            return LONGEST_SLEEP_S
        return max(0.0, min(self._due.values())[0] - time.monotonic())

    def _send(self, ready: Sequence[tuple[Job, str]]) -> None:
        """Send what came while the last call was sent in one, as a call is not free."""
        for start in range(0, len(ready), MOST_IN_A_CALL):
            try:
                handover.send(list(ready[start : start + MOST_IN_A_CALL]))
            except Exception as error:  # noqa: BLE001 - whatever it was, the sweep finds it
                log.warning("no worker could be woken", extra={"error": type(error).__name__})


waker = Waker()
atexit.register(waker.flush)

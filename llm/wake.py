"""Wakes a worker for a session, without ever making the caller wait.

One thread sends for the whole process. It holds each session back until its answer is due, so a
burst of messages becomes one task. A broker that is away costs nothing here: what is not sent, the
sweep finds in the database.
"""

from __future__ import annotations

import atexit
import datetime as dt
import logging
import threading
import time
from uuid import UUID

from chatsite.lib import clock, request_id

log = logging.getLogger(__name__)

MOST_HELD = 10_000
LONGEST_SLEEP_S = 60.0


class Waker:
    """Sessions to wake a worker for, and the moments to do it."""

    def __init__(self) -> None:
        self._due: dict[UUID, tuple[float, str]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def at(self, session_id: UUID, due_at: dt.datetime) -> None:
        """Wake a worker at ``due_at``; a later call for the same session moves the moment."""
        moment = time.monotonic() + max(0.0, (due_at - clock.now()).total_seconds())
        with self._changed:
            if session_id not in self._due and len(self._due) >= MOST_HELD:
                return
            self._due[session_id] = (moment, request_id.current())
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="wake", daemon=True)
                self._thread.start()
            self._changed.notify()

    def flush(self) -> None:
        """Send at once what is held; for the end of the process."""
        with self._changed:
            held, self._due = self._due, {}
        for session_id, (_, cause) in held.items():
            self._send(session_id, cause)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (ready := self._take_ready()):
                    self._changed.wait(self._until_next())
            for session_id, cause in ready:
                self._send(session_id, cause)

    def _take_ready(self) -> list[tuple[UUID, str]]:
        now = time.monotonic()
        ready = [(key, cause) for key, (moment, cause) in self._due.items() if moment <= now]
        for session_id, _ in ready:
            del self._due[session_id]
        return ready

    def _until_next(self) -> float:
        if not self._due:
            return LONGEST_SLEEP_S
        return max(0.0, min(self._due.values())[0] - time.monotonic())

    def _send(self, session_id: UUID, cause: str) -> None:
        from llm.tasks import answer

        try:
            with request_id.use(cause):
                answer.apply_async(args=(str(session_id),), retry=False)
        except Exception as error:  # noqa: BLE001 - whatever it was, the sweep finds it
            log.warning("no worker could be woken", extra={"error": type(error).__name__})


waker = Waker()
atexit.register(waker.flush)

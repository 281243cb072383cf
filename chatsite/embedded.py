"""The worker and the scheduler as threads of the web process, for `make run`."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import signals
from celery.apps.worker import Worker
from celery.beat import EmbeddedService
from celery.exceptions import SecurityWarning

from chatsite.celery import app

NAME = "embedded"
QUEUES = "default,llm,embed"
CONCURRENCY = 16
START_DEADLINE_S = 20.0
STOP_DEADLINE_S = 5.0


class ThreadWorker(Worker):
    """A Celery worker that leaves signals and logging to the process it lives in."""

    def install_platform_tweaks(self, worker: Any) -> None:
        """Signal handlers belong to the main thread."""

    def setup_logging(self, colorize: bool | None = None) -> bool:  # type: ignore[override]
        """The process has set up its logs; returns that Celery must not."""
        return True

    def set_process_status(self, info: str) -> None:
        """The process keeps its name."""


@contextmanager
def running() -> Iterator[None]:
    """Worker and scheduler for the length of the block. Raises TimeoutError when they do not start.

    Tasks still queued at the end are lost with the process: the database knows the jobs, and the
    sweeper of the next start finds them.
    """
    # About running as root, which matters for pickled tasks; ours are JSON.
    warnings.simplefilter("ignore", SecurityWarning)
    app.loader.import_default_modules()
    ready = threading.Event()

    def on_ready(**_: object) -> None:
        ready.set()

    signals.worker_ready.connect(on_ready)
    worker = ThreadWorker(
        app=app,
        hostname=NAME,
        pool="threads",
        concurrency=CONCURRENCY,
        queues=QUEUES,
        quiet=True,
        redirect_stdouts=False,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        optimization="fair",
    )
    thread = threading.Thread(target=worker.start, name="Worker", daemon=True)
    thread.start()
    if not ready.wait(START_DEADLINE_S):
        raise TimeoutError("The worker did not start.")
    scheduler: Any = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
    scheduler.start()
    try:
        yield
    finally:
        signals.worker_ready.disconnect(on_ready)
        scheduler.service.stop()
        _stop(thread)


def _stop(thread: threading.Thread) -> None:
    from celery.worker import state

    signals.worker_shutting_down.send(sender=NAME, sig="SIGTERM", how="Warm", exitcode=0)
    # Read by the worker's loop between two messages; the type stubs know only its first value.
    state.should_stop = 0  # type: ignore[assignment]
    thread.join(STOP_DEADLINE_S)

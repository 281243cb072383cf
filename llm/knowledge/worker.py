"""One background thread for everything slow: vectors, tidying, remembering.

It runs where the queue ``embed`` is served: in a worker of its own, or as a thread of `make run`.
There it has the lowest priority, so that vectors are made from what the chat leaves over. (Among
containers a priority counts for nothing: one of its own needs a small share of the processors.)
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from celery.signals import worker_ready, worker_shutting_down
from django.db import DatabaseError, connections

from chatsite.lib import dbpool
from llm.knowledge import indexing, nearness, vectors
from llm.knowledge.actions import memory
from llm.knowledge.embedding import EmbeddingUnavailable
from llm.knowledge.models import IndexJob

log = logging.getLogger(__name__)

QUEUE = "embed"
POLL_S = 1.0
COLLECT_S = 10.0
TIDY_S = 30.0
NICENESS = 15


class Indexer:
    """The thread, and the bell that wakes it."""

    def __init__(self) -> None:
        self._bell = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._complained = ""

    def start(self) -> None:
        """Begin to work; a second call changes nothing."""
        if self._thread is None or not self._thread.is_alive():
            self._stopped.clear()
            self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """There are jobs."""
        self._bell.set()

    def stop(self) -> None:
        """End after the jobs in hand; returns at once."""
        self._stopped.set()
        self._bell.set()

    def join(self, timeout: float) -> None:
        """Wait for the end."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # on Linux a thread has a priority of its own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        chores = [
            _Chore(COLLECT_S, memory.collect),
            _Chore(TIDY_S, memory.prune),
            _Chore(TIDY_S, _tidy),
        ]
        self._guarded(vectors.index.ping)
        while not self._stopped.is_set():
            self._bell.clear()
            while not self._stopped.is_set() and self._guarded(indexing.do_some):
                pass
            for chore in chores:
                if chore.is_due() and not self._stopped.is_set():
                    self._guarded(chore.do)
            connections.close_all()
            self._bell.wait(POLL_S)
        connections.close_all()

    def _guarded(self, work: Callable[[], Any]) -> Any:
        """Do some work; whatever fails is tried again, and said once."""
        try:
            done = dbpool.guarded(work)
        except (vectors.IndexUnavailable, EmbeddingUnavailable) as error:
            self._complain(str(error))
            return None
        except DatabaseError as error:
            # Its text may quote the row, and with it what a customer wrote.
            self._complain(f"The database failed ({type(error).__name__}).")
            return None
        except Exception as error:
            log.exception("indexing failed", extra={"error": type(error).__name__})
            self._stopped.wait(POLL_S)
            return None
        return done

    def _complain(self, problem: str) -> None:
        if problem != self._complained:
            self._complained = problem
            log.warning(problem)


class _Chore:
    """Something to do now and then."""

    def __init__(self, every_s: float, do: Callable[[], Any]) -> None:
        self.every_s = every_s
        self.do = do
        self._next = 0.0

    def is_due(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self.every_s
        return True


def _tidy() -> None:
    """Find what no job told: another embedding model, a lost folder, rows deleted by hand."""
    if IndexJob.objects.exists():
        return
    for kind in (vectors.CHUNK, vectors.MEMORY):
        if not indexing.seems_complete(kind):
            found = indexing.repair(kind)
            log.info(
                "index repaired",
                extra={
                    "kind": kind,
                    "missing": len(found.missing),
                    "surplus": len(found.surplus),
                },
            )


indexer = Indexer()


def warm() -> None:
    """Load what the first search would wait for, in a thread; failures are met again later."""

    def work() -> None:
        with contextlib.suppress(EmbeddingUnavailable, vectors.IndexUnavailable):
            nearness.warm()
            vectors.index.ping()

    threading.Thread(target=work, name="warm-knowledge", daemon=True).start()


@worker_ready.connect
def start(sender: Any = None, **_: Any) -> None:
    """Begin as soon as a worker is up, if it serves our queue; be ready where replies are made."""
    queues = sender.app.amqp.queues.consume_from if sender is not None else ()
    if QUEUE in queues:
        indexer.start()
    if QUEUE in queues or "llm" in queues:
        warm()


@worker_shutting_down.connect
def stop(**_: Any) -> None:
    """End with the worker."""
    indexer.stop()

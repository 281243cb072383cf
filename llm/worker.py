"""Ties the engine to the life of a Celery worker process."""

from __future__ import annotations

from typing import Any

from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from django.conf import settings

from llm import answers, process
from llm.wake import waker

QUEUE = "llm"


@worker_ready.connect
def start_engine(sender: Any = None, **_: Any) -> None:
    """Start sweeping as soon as the worker is up, if it serves our queue."""
    if settings.EMBEDDED:
        # This is the only process there is: whoever held an answer is gone.
        answers.expire_leases()
    if sender is not None and QUEUE in sender.app.amqp.queues.consume_from:
        process.start()


@worker_shutting_down.connect
def stop_claiming(**_: Any) -> None:
    """Take nothing new once the worker was told to end."""
    process.stop_claiming()


@worker_shutdown.connect
def drain_engine(**_: Any) -> None:
    """Finish or give back what runs, and wake another worker for what was given back."""
    waker.now(*process.drain())
    waker.flush()

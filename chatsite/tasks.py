"""Housekeeping of the installation."""

import time

from celery import shared_task
from django.core.cache import cache

from chatsite.health import WORKER_BEAT_KEY, WORKER_SILENT_S


@shared_task
def heartbeat() -> None:
    """Show that the scheduler schedules and a worker works; ``/health`` reads it."""
    cache.set(WORKER_BEAT_KEY, time.time(), WORKER_SILENT_S * 2)

"""Background work of the accounts app."""

from celery import shared_task

from accounts import actions


@shared_task
def sweep() -> None:
    """Delete dead devices, tickets and counters; hourly is often enough."""
    actions.sweep()

"""Background work of the kernel."""

from celery import shared_task

from sessions_app import actions


@shared_task(ignore_result=True)
def sweep_uploads() -> None:
    """Delete uploads that nobody sent, and those of deleted messages; hourly is often enough."""
    actions.discard_uploads()

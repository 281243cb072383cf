"""Background work of the support product."""

from celery import shared_task

from support.actions.visitors import sweep


@shared_task(name="support.tasks.sweep")
def sweep_visitors() -> None:
    """Forget the credentials of browsers that cannot come back."""
    sweep()

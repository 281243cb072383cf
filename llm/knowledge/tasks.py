"""Celery tasks: they wake the indexer and return at once. The database holds the jobs."""

from celery import shared_task

from llm.knowledge.worker import indexer


@shared_task(ignore_result=True, expires=30)
def index() -> None:
    """Let this process's indexer look for jobs."""
    indexer.wake()

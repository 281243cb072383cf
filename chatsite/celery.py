"""The Celery application.  Tasks only wake a worker: the truth about jobs is in the database."""

import os
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, task_postrun, task_prerun, worker_ready
from structlog.contextvars import bind_contextvars, clear_contextvars

from chatsite.lib import heap, request_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")

app = Celery("chatsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def _settle(**_: object) -> None:
    heap.settle()


@before_task_publish.connect
def _send_request_id(headers: dict[str, Any] | None = None, **_: object) -> None:
    if headers is not None:
        headers["request_id"] = request_id.current()


@task_prerun.connect
def _take_request_id(task: Any = None, **_: object) -> None:
    clear_contextvars()
    bind_contextvars(request_id=getattr(task.request, "request_id", "") or "", task=task.name)


@task_postrun.connect
def _drop_request_id(**_: object) -> None:
    clear_contextvars()

"""What the knowledge does when something is announced."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from llm.knowledge import actions, tasks
from llm.knowledge.signals import index_wanted
from sessions_app.signals import session_cleared

log = logging.getLogger(__name__)


@receiver(index_wanted)
def wake_the_indexer(**_: Any) -> None:
    """Have a worker look for jobs; one that is not told looks by itself, a second later."""
    try:
        tasks.index.apply_async(retry=False)
    except Exception as error:  # noqa: BLE001 - whatever it was, the worker looks by itself
        log.warning("no worker could be woken", extra={"error": type(error).__name__})


@receiver(session_cleared)
def forget_the_session(session_id: UUID, **_: Any) -> None:
    """Forget at once what was said there; the worker's sweep would find it too."""
    actions.forget_session(session_id=session_id)

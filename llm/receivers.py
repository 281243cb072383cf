"""What the assistant does when sessions announce something."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from llm import answers
from llm.jobs import Job
from llm.wake import waker
from sessions_app.signals import reply_stop_requested, reply_wanted


@receiver(reply_wanted)
def wake_a_worker(session_id: UUID, due_at: dt.datetime, **_: Any) -> None:
    """Have a worker look at the session when its answer is due."""
    waker.at(Job("reply", session_id), due_at)


@receiver(reply_stop_requested)
def stop_the_answer(turn_id: UUID, **_: Any) -> None:
    """Note the wish in the database, where the worker sees it even if the bus is down."""
    answers.request_stop(answer_id=turn_id)

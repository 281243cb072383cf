"""Waking workers: once per burst, never at the caller's cost."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest

from chatsite.lib import clock, request_id
from chatsite.lib.ids import uuid7
from llm import tasks
from llm.jobs import Job
from llm.wake import Waker


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sessions that tasks were sent for."""
    sessions: list[str] = []

    def note(args: tuple[str], **_: Any) -> None:
        sessions.append(args[0])

    monkeypatch.setattr(tasks.answer, "apply_async", note)
    return sessions


def reply() -> Job:
    return Job("reply", uuid7())


def soon(seconds: float) -> dt.datetime:
    return clock.now() + dt.timedelta(seconds=seconds)


def test_a_burst_becomes_one_task_at_the_last_moment(sent: list[str]) -> None:
    waker, done = Waker(), threading.Event()
    session, other = reply(), reply()
    send = waker._send

    def tell(job: Job, cause: str) -> None:
        send(job, cause)
        if job == session:
            done.set()

    waker._send = tell  # type: ignore[method-assign]
    for delay in (0.0, 0.1, 0.2):
        waker.at(session, soon(delay + 0.05))
    waker.at(other, soon(0))
    assert done.wait(5)
    assert sent == [str(other.id), str(session.id)]


def test_a_task_carries_the_id_of_the_request_that_caused_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(tasks.answer, "apply_async", lambda **_: seen.append(request_id.current()))
    waker = Waker()
    with request_id.use("req-1"):
        waker.at(reply(), soon(60))
    waker.flush()
    assert seen == ["req-1"]


def test_what_is_held_is_sent_at_the_end_of_the_process(sent: list[str]) -> None:
    waker, session = Waker(), reply()
    waker.at(session, soon(60))
    waker.flush()
    assert sent == [str(session.id)]


def test_a_broker_that_is_away_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(tasks.answer, "apply_async", refuse)
    waker = Waker()
    waker.at(reply(), soon(60))
    waker.flush()


def test_a_slot_has_a_task_of_its_own(sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    slots: list[str] = []
    monkeypatch.setattr(tasks.answer_slot, "apply_async", lambda args, **_: slots.append(args[0]))
    waker, job = Waker(), Job("slot", uuid7())
    waker.now(job)
    waker.flush()
    assert (slots, sent) == ([str(job.id)], [])

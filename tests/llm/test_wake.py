"""Waking workers: once per burst, never at the caller's cost."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest

from chatsite.celery import app as celery_app
from chatsite.lib import clock, request_id
from chatsite.lib.ids import uuid7
from llm import process, tasks
from llm.jobs import Job
from llm.wake import MOST_IN_A_TASK, Waker


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """The jobs that tasks were sent for, each with its cause."""
    jobs: list[tuple[str, str, str]] = []

    def note(name: str, args: tuple[list[list[str]]], **_: Any) -> None:
        assert name == tasks.answer.name
        jobs.extend((kind, id_, cause) for kind, id_, cause in args[0])

    monkeypatch.setattr(celery_app, "send_task", note)
    return jobs


def reply() -> Job:
    return Job("reply", uuid7())


def soon(seconds: float) -> dt.datetime:
    return clock.now() + dt.timedelta(seconds=seconds)


def ids(sent: list[tuple[str, str, str]]) -> list[str]:
    return [id_ for _, id_, _ in sent]


def test_a_burst_becomes_one_task_at_the_last_moment(sent: list[tuple[str, str, str]]) -> None:
    waker, done = Waker(), threading.Event()
    session, other = reply(), reply()
    send = waker._send

    def tell(ready: Any) -> None:
        send(ready)
        if session in [job for job, _ in ready]:
            done.set()

    waker._send = tell  # type: ignore[method-assign]
    for delay in (0.0, 0.1, 0.2):
        waker.at(session, soon(delay + 0.05))
    waker.at(other, soon(0))
    assert done.wait(5)
    assert ids(sent) == [str(other.id), str(session.id)]


def test_each_job_carries_the_id_of_the_request_that_caused_it(
    sent: list[tuple[str, str, str]],
) -> None:
    waker, first, second = Waker(), reply(), Job("slot", uuid7())
    for job, cause in ((first, "req-1"), (second, "req-2")):
        with request_id.use(cause):
            waker.at(job, soon(60))
    waker.flush()
    assert sent == [("reply", str(first.id), "req-1"), ("slot", str(second.id), "req-2")]


def test_many_jobs_go_in_few_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(celery_app, "send_task", lambda _, args, **__: sizes.append(len(args[0])))
    waker = Waker()
    for _ in range(MOST_IN_A_TASK + 1):
        waker.at(reply(), soon(60))
    waker.flush()
    assert sizes == [MOST_IN_A_TASK, 1]


def test_a_task_wakes_the_engine_for_each_job_in_the_name_of_its_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    woken: list[tuple[Job, str]] = []
    monkeypatch.setattr(process, "wake", lambda job: woken.append((job, request_id.current())))
    session, slot = uuid7(), uuid7()
    tasks.answer([("reply", str(session), "a"), ("slot", str(slot), "b")])
    assert woken == [(Job("reply", session), "a"), (Job("slot", slot), "b")]


def test_what_is_held_is_sent_at_the_end_of_the_process(sent: list[tuple[str, str, str]]) -> None:
    waker, session = Waker(), reply()
    waker.at(session, soon(60))
    waker.flush()
    assert ids(sent) == [str(session.id)]


def test_a_broker_that_is_away_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(celery_app, "send_task", refuse)
    waker = Waker()
    waker.at(reply(), soon(60))
    waker.flush()

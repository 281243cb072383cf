"""Waking workers: once per burst, never at the caller's cost."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from chatsite.celery import app as celery_app
from chatsite.lib import clock, request_id
from chatsite.lib.ids import uuid7
from llm import handover, process, tasks
from llm.handover import Taker
from llm.jobs import Job
from llm.wake import MOST_IN_A_CALL, Waker


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """The jobs that workers were woken for, each with its cause."""
    jobs: list[tuple[str, str, str]] = []

    def note(some: list[tuple[Job, str]]) -> None:
        jobs.extend((job.kind, str(job.id), cause) for job, cause in some)

    monkeypatch.setattr(handover, "send", note)
    return jobs


def reply() -> Job:
    return Job("reply", uuid7())


def soon(seconds: float) -> dt.datetime:
    return clock.now() + dt.timedelta(seconds=seconds)


def ids(sent: list[tuple[str, str, str]]) -> list[str]:
    return [id_ for _, id_, _ in sent]


def test_a_burst_becomes_one_call_at_the_last_moment(sent: list[tuple[str, str, str]]) -> None:
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


def test_many_jobs_go_in_few_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(handover, "send", lambda jobs: sizes.append(len(jobs)))
    waker = Waker()
    for _ in range(MOST_IN_A_CALL + 1):
        waker.at(reply(), soon(60))
    waker.flush()
    assert sizes == [MOST_IN_A_CALL, 1]


def test_a_task_wakes_the_engine_for_each_job_in_the_name_of_its_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    woken: list[tuple[Job, str]] = []
    monkeypatch.setattr(process, "wake", lambda job: woken.append((job, request_id.current())))
    session, slot = uuid7(), uuid7()
    tasks.answer([("reply", str(session), "a"), ("slot", str(slot), "b")])
    assert woken == [(Job("reply", session), "a"), (Job("slot", slot), "b")]


def test_without_redis_the_task_is_sent_by_its_name(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(celery_app, "send_task", lambda name, args, **_: sent.append((name, args)))
    settings.REDIS_URL = ""
    job = reply()
    handover.send([(job, "a")])
    assert sent == [(tasks.answer.name, ([["reply", str(job.id), "a"]],))]


def test_what_is_held_is_sent_at_the_end_of_the_process(sent: list[tuple[str, str, str]]) -> None:
    waker, session = Waker(), reply()
    waker.at(session, soon(60))
    waker.flush()
    assert ids(sent) == [str(session.id)]


@pytest.mark.parametrize("redis", [True, False])
def test_a_queue_that_is_away_is_no_error(
    redis: bool, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def refuse(*_: Any, **__: Any) -> Any:
        tried.append("")
        raise ConnectionRefusedError

    settings.REDIS_URL = "redis://127.0.0.1:1/0" if redis else ""
    monkeypatch.setattr(handover, "_redis", refuse)
    monkeypatch.setattr(celery_app, "send_task", refuse)
    waker = Waker()
    waker.at(reply(), soon(60))
    waker.flush()
    assert tried


@pytest.fixture
def empty_list(settings: Any) -> Iterator[None]:
    """Nobody else takes jobs here, and none is left."""
    if not settings.REDIS_URL:
        pytest.skip("the one-process topology has no list")
    handover._redis().delete(handover.KEY)
    yield
    handover._redis().delete(handover.KEY)


@pytest.mark.usefixtures("empty_list")
def test_each_job_is_taken_once_and_by_one() -> None:
    jobs = [(reply(), "a"), (Job("slot", uuid7()), "b"), (reply(), "")]

    async def take() -> list[list[Any]]:
        takers = Taker(), Taker()
        waiting = [asyncio.create_task(taker.take()) for taker in takers]
        await asyncio.sleep(0)
        await asyncio.to_thread(handover.send, jobs)
        found = await asyncio.gather(*waiting)
        for taker in takers:
            await taker.close()
        return found

    found = asyncio.run(take())
    assert sorted(one for some in found for one in some) == sorted(jobs)
    assert 0 < handover._redis().ttl(handover.KEY) <= 60 or not handover._redis().exists(
        handover.KEY
    )


@pytest.mark.usefixtures("empty_list")
def test_what_is_given_back_is_first_in_the_list_again() -> None:
    jobs = [(reply(), str(number)) for number in range(3)]

    async def take() -> list[Any]:
        taker = Taker()
        await asyncio.to_thread(handover.send, jobs[:2])
        taken = await taker.take()
        await asyncio.to_thread(handover.send, jobs[2:])
        await taker.give_back(taken)
        again = await taker.take()
        await taker.close()
        return again

    assert asyncio.run(take()) == jobs


@pytest.mark.usefixtures("empty_list")
def test_rubbish_in_the_list_is_no_job() -> None:
    job = (reply(), "a")

    async def take() -> list[Any]:
        taker = Taker()
        taken = await taker.take()
        await taker.close()
        return taken

    handover._redis().rpush(handover.KEY, b"x", b"[1]", b'["slot","x","a"]')
    handover.send([job])
    assert asyncio.run(take()) == [job]


@pytest.mark.usefixtures("empty_list")
def test_jobs_are_handed_on_until_it_is_over_and_then_given_back() -> None:
    jobs = [(reply(), "a"), (reply(), "b")]
    woken: list[tuple[Job, str]] = []
    ends: list[bool] = []

    def wake(job: Job) -> None:
        woken.append((job, request_id.current()))
        handover.send(jobs[1:])
        ends.append(True)

    handover.send(jobs[:1])
    # Asked before it waits and after: over with the second job in hand.
    answers = iter([False, False, False, True])
    asyncio.run(handover.hand_on(wake, is_over=lambda: next(answers)))
    assert (woken, ends) == (jobs[:1], [True])
    left = handover._redis().lrange(handover.KEY, 0, -1)
    assert [str(jobs[1][0].id).encode() in raw for raw in left] == [True]

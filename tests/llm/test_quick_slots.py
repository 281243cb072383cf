"""Slots begun and ended many at once: used where they can be, and never wrongly."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from chatsite.lib import clock
from chatsite.lib.loopdb import LoopConnections
from llm import answers
from llm.answers.quick import Whole
from llm.answers.quick_slots import QuickSlots
from llm.jobs import Job
from llm.models import Answer, Breaker, Conversation, ModelConfig, Turn
from sessions_app.models import Message
from tests.llm.bench import Bench

pytestmark = pytest.mark.skipif(
    not LoopConnections.are_possible(), reason="the loop cannot use this database"
)


@pytest.fixture
def quick(bench: Bench) -> Iterator[QuickSlots]:
    """What a worker begins and ends slots with; nobody else takes them."""

    async def retire() -> None:
        bench.engine.retire()  # its first sweep might come late

    bench.in_loop(retire())
    made = QuickSlots("quick")
    yield made
    bench.in_loop(made.close())


def claim(bench: Bench, quick: QuickSlots, slots: Sequence[Answer]) -> list[Any]:
    found: list[Any] = bench.in_loop(quick.claim_all([slot.pk for slot in slots]))
    return found


def finish(bench: Bench, quick: QuickSlots, *claims: Any, text: str = "Hello") -> list[Any]:
    wholes = [Whole(one, answers.Figures(text=text, total_tokens=3)) for one in claims]
    found: list[Any] = bench.in_loop(quick.finish_all(wholes))
    return found


def rows(*slots: Answer) -> list[dict[str, Any]]:
    """What their rows say, but for what must differ."""
    ignored = {"_state", "id", "slot", "created_at", "started_at", "lease_until", "finished_at"}
    found = Answer.objects.in_bulk([slot.pk for slot in slots])
    return [
        {name: value for name, value in found[slot.pk].__dict__.items() if name not in ignored}
        for slot in slots
    ]


def test_a_turn_ends_with_its_last_slot(bench: Bench, quick: QuickSlots) -> None:
    turns = [bench.ask("Hi", slots=3, wake=False) for _ in range(2)]
    first, second = [claim(bench, quick, bench.slots(turn)) for turn in turns]
    assert [one.slot for one in (*first, *second)] == [0, 1, 2] * 2
    ended = finish(bench, quick, *first, *second[:2])
    assert [one.status for one in ended] == ["done"] * 5
    assert [bench.finished(turn) for turn in turns] == [True, False]
    assert bench.statuses(turns[1]) == ["done", "done", "running"]
    finish(bench, quick, second[2])
    assert bench.finished(turns[1])
    assert bench.texts(turns[0]) == ["Hello"] * 3


def test_what_is_begun_is_the_same_as_under_locks(bench: Bench, quick: QuickSlots) -> None:
    bench.model.default_params = {"temperature": 0.2, "max_tokens": 50}
    bench.model.prices = {"prompt": 1, "completion": 2, "currency": "EUR"}
    bench.model.save()
    _history(bench)
    turn = bench.ask("And now?", slots=2, wake=False)
    Answer.objects.filter(turn=turn).update(params={"temperature": 0.9})
    one, other = bench.slots(turn)
    (claimed,) = claim(bench, quick, [one])
    locked = answers.claim(job=Job("slot", other.pk), worker="quick")
    assert isinstance(locked, answers.Claim)
    assert len(claimed.prompt.talk) == 13
    assert claimed.prompt == locked.prompt
    assert (claimed.params, claimed.attempt, claimed.purpose, claimed.place) == (
        locked.params, locked.attempt, locked.purpose, locked.place,
    )  # fmt: skip
    assert claimed.model.__dict__.keys() == locked.model.__dict__.keys()
    first, second = rows(one, other)
    assert first == second


def _history(bench: Bench) -> None:
    """Turns that ended in every way that matters for what comes after them."""
    whole = ("done", "First of it"), ("done", "Second of it")
    for picked, slots in (
        (None, whole),
        (1, whole),
        (1, (("done", "Whole"), ("stopped", "Half"))),
        (None, (("stopped", "Half"), ("failed", ""))),
        (0, (("done", ""), ("done", "Not empty"))),
        (5, whole),
        (0, whole),
    ):
        turn = bench.ask(f"Earlier {picked}", slots=2, wake=False)
        for slot, (status, text) in zip(bench.slots(turn), slots, strict=True):
            Answer.objects.filter(pk=slot.pk).update(status=status, text=text)
        Turn.objects.filter(pk=turn.pk).update(
            picked_slot=picked, picked_at=clock.now() if picked is not None else None,
            finished_at=clock.now(),
        )  # fmt: skip
    assert turn.question_id is not None
    Message.objects.filter(pk=turn.question_id).update(deleted_at=clock.now())


def test_a_conversations_own_system_prompt_is_known(bench: Bench, quick: QuickSlots) -> None:
    Conversation.objects.update(system_prompt=" Speak like a sailor. ")
    turn = bench.ask("Hi", slots=1, wake=False)
    (claimed,) = claim(bench, quick, bench.slots(turn))
    assert claimed.prompt.system == "Speak like a sailor."


def test_what_is_ended_is_the_same_as_under_locks(bench: Bench, quick: QuickSlots) -> None:
    turn = bench.ask("Hi", slots=2, wake=False)
    one, other = bench.slots(turn)
    first, second = claim(bench, quick, [one, other])
    finish(bench, quick, first)
    answers.finish(second, answers.Figures(text="Hello", total_tokens=3), wants_person=None)
    found = rows(one, other)
    assert found[0] == found[1]
    assert bench.finished(turn)


def test_a_slot_twice_in_a_batch_is_begun_once(bench: Bench, quick: QuickSlots) -> None:
    (slot,) = bench.slots(bench.ask("Hi", slots=1, wake=False))
    first, second = claim(bench, quick, [slot, slot])
    assert (first is not None, second) == (True, None)
    assert claim(bench, quick, [slot]) == [None]


@pytest.mark.parametrize(
    "change", ["disabled", "limited", "budget", "trouble", "stopped", "taken", "help", "gone"]
)
def test_what_is_not_plain_is_left_to_the_locks(
    bench: Bench, quick: QuickSlots, change: str
) -> None:
    if change == "help":
        session = bench.open()
        bench.say(session, "Hi")
        turn = bench.draft(session, wake=False)
    else:
        turn = bench.ask("Hi", slots=1, wake=False)
    slots = bench.slots(turn)
    match change:
        case "disabled":
            ModelConfig.objects.update(enabled=False)
        case "limited":
            ModelConfig.objects.update(max_parallel=1)
        case "budget":
            ModelConfig.objects.update(daily_budget=1)
        case "trouble":
            Breaker.objects.create(endpoint="http://elsewhere/", open_until=clock.now())
        case "stopped":
            Answer.objects.update(cancel_requested_at=clock.now())
        case "taken":
            bench.claim(turn)
        case "gone":
            Turn.objects.filter(pk=turn.pk).delete()
    before = bench.statuses(turn)
    assert claim(bench, quick, slots) == [None]
    assert bench.statuses(turn) == before


def test_an_older_attempt_ends_nothing(bench: Bench, quick: QuickSlots) -> None:
    turn = bench.ask("Hi", slots=1, wake=False)
    claims = claim(bench, quick, bench.slots(turn))
    Answer.objects.update(attempt=2)
    assert finish(bench, quick, *claims) == [None]
    assert (bench.statuses(turn), bench.finished(turn)) == (["running"], False)


def test_whoever_holds_the_turn_is_not_waited_for(bench: Bench, quick: QuickSlots) -> None:
    turn, other = (bench.ask("Hi", slots=1, wake=False) for _ in range(2))
    claims = claim(bench, quick, [*bench.slots(turn), *bench.slots(other)])
    with transaction.atomic():
        Turn.objects.select_for_update(no_key=True).get(pk=turn.pk)
        left, ended = finish(bench, quick, *claims)
    assert (left, ended.status) == (None, "done")
    assert [bench.finished(one) for one in (turn, other)] == [False, True]
    assert finish(bench, quick, claims[0])[0].status == "done"
    assert bench.finished(turn)


def test_of_slots_that_end_in_two_processes_at_once_the_last_ends_the_turn(
    bench: Bench, quick: QuickSlots
) -> None:
    """One by the locks, one without: whichever is the last must see that the other has ended."""
    for _ in range(25):
        turn = bench.ask("Hi", slots=2, wake=False)
        one, other = claim(bench, quick, bench.slots(turn))
        together = threading.Barrier(2)

        def by_locks(claimed: Any, together: threading.Barrier = together) -> None:
            together.wait(15)
            try:
                answers.finish(claimed, answers.Figures(text="Hello"), wants_person=None)
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            ending = pool.submit(by_locks, other)
            together.wait(15)
            (ended,) = finish(bench, quick, one)
            ending.result(15)
        if ended is None:  # the turn was held: the engine goes on to the locks, too
            answers.finish(one, answers.Figures(text="Hello"), wants_person=None)
        assert bench.statuses(turn) == ["done", "done"]
        assert bench.finished(turn)


def test_an_engine_uses_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("locks were taken")

    monkeypatch.setattr(answers, "claim", refuse)
    monkeypatch.setattr(answers, "finish", refuse)
    turn = bench.ask("Hi", slots=3)
    bench.until(lambda: bench.texts(turn) == ["Hello there."] * 3)
    bench.until(lambda: bench.finished(turn))


@pytest.mark.usefixtures("by_locks")
def test_without_it_slots_are_answered_all_the_same(bench: Bench) -> None:
    turn = bench.ask("Hi", slots=3)
    bench.settle(turn)
    assert (bench.texts(turn), bench.finished(turn)) == (["Hello there."] * 3, True)

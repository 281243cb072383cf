"""Slots of a turn: each asked, streamed and ended by itself; the turn ends with its last."""

from __future__ import annotations

import threading

import pytest

from chatsite.lib.errors import Conflict
from llm import answers
from llm.jobs import Job
from llm.models import Answer, Conversation, ModelConfig, Turn
from sessions_app import actions
from tests.llm.bench import Bench
from tests.llm.desk import expire
from tests.upstream import ROLE, STALL, Reply, delta, refuse, say


def test_every_slot_is_answered_and_the_turn_ends(bench: Bench) -> None:
    turn = bench.ask("Why is the sky blue?", slots=3)
    bench.settle(turn)
    assert bench.texts(turn) == ["Hello there."] * 3
    assert {answer.attempt for answer in bench.slots(turn)} == {1}
    assert bench.finished(turn)
    assert len(bench.upstream.requests) == 3


def test_one_model_may_stand_twice(bench: Bench) -> None:
    bench.upstream.script(say("one"), say("two"))
    turn = bench.ask("Hi", slots=2)
    bench.settle(turn)
    assert sorted(bench.texts(turn)) == ["one", "two"]
    assert len({answer.pk for answer in bench.slots(turn)}) == 2


def test_a_failed_slot_leaves_the_others_alone_and_asks_no_other_model(bench: Bench) -> None:
    broken = bench.add_model("Broken", "broken")
    bench.upstream.by_model["broken"] = refuse(401)
    turn = bench.ask("Hi", models=[broken, bench.model])
    bench.settle(turn)
    failed, done = bench.slots(turn)
    assert (failed.status, failed.error_code, failed.error_reason) == (
        "failed",
        "PROVIDER_ERROR",
        "auth",
    )
    assert (done.status, done.text) == ("done", "Hello there.")
    assert [request["model"] for request in bench.upstream.requests].count("m") == 1
    assert bench.finished(turn)


def test_a_quick_slot_does_not_wait_for_a_slow_one(bench: Bench) -> None:
    slow = bench.add_model("Slow", "slow")
    bench.upstream.by_model["slow"] = Reply([], before=[STALL])
    turn = bench.ask("Hi", models=[slow, bench.model])
    bench.until(lambda: bench.statuses(turn) == ["running", "done"])
    assert not bench.finished(turn)
    answers.stop_slots(turn_id=turn.pk)
    bench.settle(turn)
    assert bench.statuses(turn) == ["stopped", "done"]


def test_woken_again_and_again_a_slot_is_asked_once(bench: Bench) -> None:
    other = bench.new_engine()
    turn = bench.ask("Hi", slots=1, wake=False)
    for _ in range(5):
        bench.wake(turn)
        bench.wake(turn, other)
    bench.settle(turn)
    bench.wake(turn)
    bench.settle(turn)
    assert len(bench.upstream.requests) == 1
    assert bench.statuses(turn) == ["done"]


def test_a_dead_worker_that_showed_nothing_is_followed_by_another(bench: Bench) -> None:
    turn = bench.ask("Hi", slots=1, wake=False)
    dead = bench.claim(turn)
    assert answers.sweep() == []
    expire(dead.answer_id)
    assert answers.sweep() == [Job("slot", dead.answer_id)]
    bench.wake(turn)
    bench.settle(turn)
    late = answers.finish(dead, answers.Figures(text="Too late"), wants_person=None)
    assert late.status == "done"
    (answer,) = bench.slots(turn)
    assert (answer.text, answer.attempt) == ("Hello there.", 2)


def test_a_dead_worker_that_showed_something_fails_with_its_part_kept(bench: Bench) -> None:
    turn = bench.ask("Hi", slots=1, wake=False)
    dead = bench.claim(turn)
    answers.extend_leases(shown={dead.answer_id: (9, "Half an")}, others=[], worker="dead")
    expire(dead.answer_id)
    assert answers.sweep() == []
    (answer,) = bench.slots(turn)
    assert (answer.status, answer.error_reason, answer.text) == ("failed", "worker_lost", "Half an")
    assert bench.finished(turn)
    assert bench.upstream.requests == []


def test_a_worker_that_ends_gives_its_slots_back(bench: Bench) -> None:
    bench.upstream.script([ROLE, delta("Half"), STALL])
    turn = bench.ask("Hi", slots=1)
    bench.until_shown(turn)
    (answer,) = bench.slots(turn)
    assert bench.in_loop(bench.engine.drain(0)) == [Job("slot", answer.pk)]
    bench.wake(turn, bench.new_engine())
    bench.settle(turn)
    (answer,) = bench.slots(turn)
    assert (answer.status, answer.text, answer.attempt) == ("done", "Hello there.", 2)


def test_stopping_one_slot_keeps_its_part_and_leaves_the_others(bench: Bench) -> None:
    bench.upstream.default = Reply([ROLE, delta("Part"), STALL])
    turn = bench.ask("Hi", slots=2)
    bench.until_shown(turn, slots=2)
    answers.stop_slots(turn_id=turn.pk, slot=1)
    bench.until(bench.upstream.disconnected.is_set)
    bench.until(lambda: bench.statuses(turn) == ["running", "stopped"])
    stopped = bench.slots(turn)[1]
    assert (stopped.text, stopped.error_reason, stopped.usage_source) == (
        "Part",
        "stop",
        "estimated",
    )
    answers.stop_slots(turn_id=turn.pk)
    bench.settle(turn)
    assert bench.statuses(turn) == ["stopped", "stopped"]
    assert bench.finished(turn)
    finished_at = Turn.objects.get(pk=turn.pk).finished_at
    answers.stop_slots(turn_id=turn.pk)
    assert Turn.objects.get(pk=turn.pk).finished_at == finished_at


def test_stop_during_silence_works_without_the_bus(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions_app.publish.reply_cancelled", lambda *_: None)
    bench.upstream.default = Reply([], before=[STALL])
    turn = bench.ask("Hi", slots=1)
    bench.until(bench.upstream.asked.is_set)
    answers.stop_slots(turn_id=turn.pk)
    bench.until(bench.upstream.disconnected.is_set)
    bench.settle(turn)
    assert bench.statuses(turn) == ["stopped"]


def test_a_sweep_that_hangs_keeps_no_stop_waiting(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeping, go_on = threading.Event(), threading.Event()

    def hang() -> list[Job]:
        sweeping.set()
        go_on.wait(30)
        return []

    monkeypatch.setattr(answers, "sweep", hang)
    monkeypatch.setattr("sessions_app.publish.reply_cancelled", lambda *_: None)
    bench.upstream.default = Reply([], before=[STALL])
    turn = bench.ask("Hi", slots=1, wake=False)
    bench.wake(turn, bench.new_engine())
    bench.until(bench.upstream.asked.is_set)
    try:
        assert sweeping.wait(15)
        answers.stop_slots(turn_id=turn.pk)
        bench.until(bench.upstream.disconnected.is_set)
        bench.settle(turn)
    finally:
        go_on.set()
    assert bench.statuses(turn) == ["stopped"]


def test_a_slot_stopped_before_anyone_took_it_is_never_asked(bench: Bench) -> None:
    turn = bench.ask("Hi", slots=2, wake=False)
    answers.stop_slots(turn_id=turn.pk)
    bench.wake(turn)
    bench.settle(turn)
    assert bench.statuses(turn) == ["stopped", "stopped"]
    assert bench.upstream.requests == []
    assert bench.finished(turn)


def test_an_ended_slot_can_be_asked_again_and_keeps_its_old_row(bench: Bench) -> None:
    bench.upstream.script(refuse(401))
    turn = bench.ask("Hi", slots=1)
    bench.settle(turn)
    (old,) = bench.slots(turn)
    (new,) = answers.retry_slots(turn_id=turn.pk, slot=0)
    assert (new.attempt, bench.finished(turn)) == (1, False)
    bench.wake(turn)
    bench.settle(turn)
    (answer,) = bench.slots(turn)
    assert (answer.pk, answer.status, answer.attempt) == (new.pk, "done", 2)
    old.refresh_from_db()
    assert (old.status, old.is_current) == ("failed", False)
    assert bench.finished(turn)


def test_an_open_slot_cannot_be_asked_again(bench: Bench) -> None:
    turn = bench.ask("Hi", slots=1, wake=False)
    with pytest.raises(Conflict):
        answers.retry_slots(turn_id=turn.pk, slot=0)
    with pytest.raises(Conflict):
        answers.retry_slots(turn_id=turn.pk)


def test_a_retried_slot_is_begun_again_after_its_worker_died(bench: Bench) -> None:
    bench.upstream.script(refuse(401))
    turn = bench.ask("Hi", slots=1)
    bench.settle(turn)
    answers.retry_slots(turn_id=turn.pk)
    dead = bench.claim(turn)
    assert dead.attempt == 2
    expire(dead.answer_id)
    assert answers.sweep() == [Job("slot", dead.answer_id)]


def test_without_its_model_a_slot_fails(bench: Bench) -> None:
    turn = bench.ask("Hi", slots=1, wake=False)
    ModelConfig.objects.update(enabled=False)
    bench.wake(turn)
    bench.settle(turn)
    assert [answer.error_code for answer in bench.slots(turn)] == ["MODEL_NOT_FOUND"]
    assert bench.finished(turn)


def test_a_draft_goes_on_when_an_agent_takes_the_floor(bench: Bench) -> None:
    bench.upstream.script([ROLE, delta("Dear"), 0.5, *say(" customer")])
    session = bench.open()
    bench.say(session, "My parcel is late")
    turn = bench.draft(session)
    bench.until_shown(turn)
    actions.claim(viewer=bench.agent, session_id=session.pk)
    bench.settle(turn)
    assert bench.texts(turn) == ["Dear customer"]


def test_the_next_question_goes_on_from_the_picked_answer(bench: Bench) -> None:
    bench.upstream.by_model["other"] = Reply(say("From the other."))
    other = bench.add_model("Other", "other")
    first = bench.ask("First?", models=[bench.model, other])
    bench.settle(first)
    second = bench.ask("Second?", models=[bench.model])
    bench.settle(second)
    said = bench.upstream.requests[-1]["messages"]
    assert [one["content"] for one in said[1:]] == ["First?", "Hello there.", "Second?"]
    bench.pick(first, 1)
    third = bench.ask("Third?", models=[bench.model])
    bench.settle(third)
    said = bench.upstream.requests[-1]["messages"]
    assert [one["content"] for one in said[1:3]] == ["First?", "From the other."]
    assert said[-1]["content"] == "Third?"


def test_a_conversations_own_system_prompt_is_used(bench: Bench) -> None:
    Conversation.objects.update(system_prompt="Speak like a sailor.")
    turn = bench.ask("Hi", slots=1)
    bench.settle(turn)
    assert bench.upstream.requests[0]["messages"][0] == {
        "role": "system",
        "content": "Speak like a sailor.",
    }


def test_parameters_of_the_ask_win_and_are_kept(bench: Bench) -> None:
    bench.model.default_params = {"temperature": 0.2, "max_tokens": 50}
    bench.model.save()
    turn = bench.ask("Hi", slots=1, wake=False)
    Answer.objects.filter(turn=turn).update(params={"temperature": 0.9})
    bench.wake(turn)
    bench.settle(turn)
    assert bench.upstream.requests[0]["temperature"] == 0.9
    assert bench.slots(turn)[0].params == {"temperature": 0.9, "max_tokens": 50}

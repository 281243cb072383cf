"""Stories of the assistant, with a real database and a scripted model."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from django.db import OperationalError

from chatsite.lib import loops
from chatsite.lib.errors import Conflict
from chatsite.lib.loopdb import LoopConnections
from llm import answers
from llm.answers import statements
from llm.jobs import Job
from llm.models import Answer, ModelConfig
from sessions_app import actions
from sessions_app.models import ChatSession, Floor, Message
from tests.llm.desk import Desk, expire
from tests.upstream import DONE, ROLE, STALL, Reply, call_for_human, delta, event, refuse, say


def test_a_question_gets_one_answer(desk: Desk) -> None:
    session = desk.chat("Where is my order?")
    desk.settle(session)
    assert desk.answers(session) == ["Hello there."]
    (answer,) = desk.records(session)
    assert (answer.status, answer.total_tokens, answer.usage_source) == ("done", 17, "provider")
    assert answer.ttft_ms is not None
    assert desk.asked() == "Where is my order?"
    session.refresh_from_db()
    assert session.live_turn is None


def test_a_burst_gets_one_answer_to_all_of_it(desk: Desk) -> None:
    session = desk.open()
    desk.ask(session, "Hi", "I have a question", "about", "my", "order")
    for _ in range(5):
        desk.wake(session)
    desk.settle(session)
    assert desk.answers(session) == ["Hello there."]
    assert desk.asked() == "Hi\nI have a question\nabout\nmy\norder"
    assert len(desk.upstream.requests) == 1


def test_a_newer_message_replaces_the_running_answer(desk: Desk) -> None:
    desk.upstream.script([ROLE, delta("Old"), STALL])
    session = desk.chat("First")
    desk.until_shown(session)
    desk.ask(session, "Second")
    desk.until(desk.upstream.disconnected.is_set)
    desk.settle(session)
    assert desk.answers(session) == ["Hello there."]
    assert desk.asked() == "First\nSecond"
    assert desk.statuses(session) == ["superseded", "done"]


def test_the_third_answer_is_not_replaced_and_the_rest_is_answered_after_it(desk: Desk) -> None:
    gate = threading.Event()
    desk.upstream.script([ROLE, delta("a"), STALL], [ROLE, delta("b"), STALL])
    session = desk.chat("1")
    desk.until_shown(session)
    desk.ask(session, "2")
    desk.until(lambda: len(desk.upstream.requests) == 2)
    desk.until_shown(session)
    desk.upstream.script([ROLE, delta("c"), 1.5, *say("d")])
    desk.ask(session, "3")
    desk.until(lambda: len(desk.upstream.requests) == 3)
    desk.until_shown(session)
    desk.ask(session, "4")
    desk.settle(session)
    assert desk.statuses(session) == ["superseded", "superseded", "done", "done"]
    assert desk.answers(session) == ["cd", "Hello there."]
    assert "4" in desk.asked()
    gate.set()


def test_an_agent_who_claims_ends_the_running_answer(desk: Desk) -> None:
    desk.upstream.script([ROLE, delta("Hel"), STALL])
    session = desk.chat("Hi")
    desk.until_shown(session)
    actions.claim(viewer=desk.agent, session_id=session.pk)
    desk.until(desk.upstream.disconnected.is_set)
    desk.settle(session)
    assert desk.answers(session) == []
    (answer,) = desk.records(session)
    assert (answer.status, answer.error_reason, answer.text) == ("stopped", "floor", "")


def test_a_claim_between_the_last_word_and_the_commit_wins(
    by_locks: None, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, claimed = answers.finish, threading.Event()

    def late(*args: Any, **kwargs: Any) -> Any:
        assert claimed.wait(10)
        return finish(*args, **kwargs)

    monkeypatch.setattr(answers, "finish", late)
    session = desk.chat("Hi")
    desk.until(lambda: any(r.upstream and r.upstream.done() for r in _running(desk)))
    actions.claim(viewer=desk.agent, session_id=session.pk)
    claimed.set()
    desk.settle(session)
    assert desk.answers(session) == []
    assert desk.statuses(session) == ["stopped"]


def test_stop_closes_the_connection_and_keeps_what_was_said(desk: Desk) -> None:
    desk.upstream.script([ROLE, delta("Partial"), STALL])
    session = desk.chat("Hi")
    desk.until_shown(session)
    actions.stop_reply(viewer=desk.customer, session_id=session.pk)
    desk.until(desk.upstream.disconnected.is_set)
    desk.settle(session)
    (answer,) = desk.records(session)
    assert (answer.status, answer.text) == ("stopped", "Partial")
    actions.stop_reply(viewer=desk.customer, session_id=session.pk)
    assert desk.statuses(session) == ["stopped"]


def test_stop_during_silence_works_without_the_bus(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.engine, "_on_control", lambda event: None)
    loops.background().call_soon_threadsafe(desk.engine.retire)
    deaf = desk.new_engine()
    monkeypatch.setattr(deaf, "_cancel", lambda *_: None)
    desk.upstream.script(Reply([], before=[STALL]))
    session = desk.open()
    desk.ask(session, "Hi")
    desk.wake(session, deaf)
    desk.until(desk.upstream.asked.is_set)
    actions.stop_reply(viewer=desk.customer, session_id=session.pk)
    desk.until(desk.upstream.disconnected.is_set)
    desk.settle(session)
    assert desk.statuses(session) == ["stopped"]


def test_a_failure_is_visible_and_can_be_tried_again(desk: Desk) -> None:
    desk.upstream.script(refuse(500), refuse(500))
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.events(session) == ["reply_failed"]
    (answer,) = desk.records(session)
    assert (answer.status, answer.error_code, answer.error_reason) == (
        "failed",
        "PROVIDER_ERROR",
        "upstream",
    )
    actions.retry_reply(viewer=desk.customer, session_id=session.pk)
    desk.wake(session)
    desk.settle(session)
    assert desk.answers(session) == ["Hello there."]


def test_what_was_answered_is_not_answered_again(desk: Desk) -> None:
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.answers(session) == ["Hello there."]
    with pytest.raises(Conflict):
        actions.retry_reply(viewer=desk.customer, session_id=session.pk)


def test_the_second_failure_in_a_row_brings_a_person(desk: Desk) -> None:
    desk.upstream.script(*[refuse(500)] * 4)
    session = desk.chat("Hi")
    desk.settle(session)
    actions.retry_reply(viewer=desk.customer, session_id=session.pk)
    desk.wake(session)
    desk.settle(session)
    assert desk.events(session) == ["reply_failed", "handoff"]
    assert desk.statuses(session) == ["failed", "failed"]
    session.refresh_from_db()
    assert session.status == "queued"


@pytest.mark.parametrize("way", ["connect", "auth", "overloaded", "model"])
def test_where_no_endpoint_is_there_people_have_the_chat_at_once(desk: Desk, way: str) -> None:
    desk.upstream.default = {
        "connect": desk.upstream.default,
        "auth": refuse(401),
        "overloaded": refuse(503),
        "model": refuse(404),
    }[way]
    if way == "connect":
        ModelConfig.objects.update(base_url="http://127.0.0.1:9/v1")
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.events(session) == ["handoff"]
    said = Message.objects.get(session=session, kind="event")
    assert said.metadata["reason"] == "assistant_unavailable"
    assert said.content.startswith("Nobody is online right now.")
    (answer,) = desk.records(session)
    assert (answer.status, answer.error_reason) == ("failed", way)
    session.refresh_from_db()
    assert session.status == "queued"


def test_an_endpoint_that_goes_away_in_mid_answer_is_a_failure_to_try_again(desk: Desk) -> None:
    desk.upstream.script([ROLE, delta("Half"), event({"error": {"code": 503, "message": "no"}})])
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.events(session) == ["reply_failed"]


def test_an_answer_that_breaks_off_is_a_failure_with_its_part_kept(desk: Desk) -> None:
    desk.upstream.script([ROLE, delta("Half an")])
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.answers(session) == []
    (answer,) = desk.records(session)
    assert (answer.status, answer.error_reason, answer.text) == ("failed", "truncated", "Half an")


def test_a_wish_for_a_person_asks_no_model(desk: Desk) -> None:
    session = desk.chat("I want to talk to a humna")
    desk.settle(session)
    desk.wake(session)
    desk.settle(session)
    assert desk.upstream.requests == []
    assert desk.events(session) == ["handoff"]
    assert desk.statuses(session) == ["handoff"]
    assert Message.objects.get(session=session, kind="event").metadata["online"] is False


def test_who_comes_back_after_a_person_helped_is_not_handed_over_again(desk: Desk) -> None:
    first = desk.chat("I want to talk to a human")
    desk.settle(first)
    assert desk.events(first) == ["handoff"]
    actions.claim(viewer=desk.agent, session_id=first.pk)
    actions.close(viewer=desk.agent, session_id=first.pk)
    again = desk.chat("Do you sell boots?")
    desk.settle(again)
    assert desk.answers(again) == ["Hello there."]
    assert desk.events(again) == []
    assert "human" not in str(desk.upstream.requests[-1]["messages"][1:])
    # In the old chat there are people, as the customer wished, and no word of the assistant.
    actions.reopen(viewer=desk.customer, session_id=first.pk)
    desk.ask(first, "One more thing")
    desk.wake(first)
    desk.settle(first)
    assert desk.answers(first) == []
    assert desk.events(first) == ["handoff", "claimed", "closed", "reopened"]


def test_without_a_model_people_take_over(desk: Desk) -> None:
    ModelConfig.objects.update(enabled=False)
    session = desk.chat("Hi")
    desk.settle(session)
    event = Message.objects.get(session=session, kind="event")
    assert event.metadata["reason"] == "assistant_unavailable"


def test_the_model_can_ask_for_a_person(desk: Desk) -> None:
    desk.upstream.script(call_for_human("refund by phone"))
    session = desk.chat("My refund did not come")
    desk.settle(session)
    assert desk.answers(session) == []
    assert desk.events(session) == ["handoff"]
    (answer,) = desk.records(session)
    assert (answer.status, answer.error_reason) == ("handoff", "refund by phone")


def test_words_before_the_request_for_a_person_stay(desk: Desk) -> None:
    desk.upstream.script([ROLE, delta("One moment."), *call_for_human()[1:]])
    session = desk.chat("My refund did not come")
    desk.settle(session)
    assert desk.answers(session) == ["One moment."]
    assert desk.events(session) == ["handoff"]


def test_two_workers_woken_at_once_answer_once(desk: Desk) -> None:
    other = desk.new_engine()
    session = desk.open()
    desk.ask(session, "Hi")
    for _ in range(3):
        desk.wake(session, other)
        desk.wake(session)
    desk.settle(session)
    assert len(desk.upstream.requests) == 1
    assert desk.answers(session) == ["Hello there."]


def test_a_dead_workers_turn_is_begun_again_and_its_late_answer_refused(desk: Desk) -> None:
    session = desk.open()
    desk.ask(session, "Hi")
    dead = answers.claim(job=Job("reply", session.pk), worker="dead")
    assert isinstance(dead, answers.Claim)
    assert answers.sweep() == []
    expire(dead.answer_id)
    assert answers.sweep() == [Job("reply", session.pk)]
    desk.wake(session)
    desk.settle(session)
    ended = answers.finish(dead, answers.Figures(text="Too late"), wants_person=None)
    assert ended.status == "done"
    assert desk.answers(session) == ["Hello there."]
    (answer,) = desk.records(session)
    assert answer.attempt == 2


def test_a_late_worker_is_refused_while_the_second_attempt_runs(desk: Desk) -> None:
    session = desk.open()
    desk.ask(session, "Hi")
    dead = answers.claim(job=Job("reply", session.pk), worker="dead")
    assert isinstance(dead, answers.Claim)
    expire(dead.answer_id)
    desk.upstream.script([ROLE, delta("New"), STALL])
    desk.wake(session)
    desk.until_shown(session)
    answers.finish(dead, answers.Figures(text="Too late"), wants_person=None)
    answers.fail(dead, answers.Figures(), code="PROVIDER_ERROR", reason="upstream")
    assert desk.answers(session) == []
    assert desk.events(session) == []
    assert desk.statuses(session) == ["running"]


@pytest.mark.parametrize("shown", [{"ttft_ms": 5}, {"attempt": 2}])
def test_a_dead_workers_turn_that_cannot_go_on_fails_visibly(
    desk: Desk, shown: dict[str, int]
) -> None:
    session = desk.open()
    desk.ask(session, "Hi")
    dead = answers.claim(job=Job("reply", session.pk), worker="dead")
    assert isinstance(dead, answers.Claim)
    Answer.objects.update(**shown)
    ChatSession.objects.update(live_attempt=shown.get("attempt", 1))
    expire(dead.answer_id)
    desk.wake(session)
    desk.settle(session)
    assert desk.statuses(session) == ["running"]
    assert answers.sweep() == []
    assert desk.statuses(session) == ["failed"]
    assert desk.events(session) == ["reply_failed"]


def test_the_sweep_finds_what_no_task_told_of(desk: Desk) -> None:
    session = desk.open()
    desk.ask(session, "Hi")
    assert answers.sweep() == [Job("reply", session.pk)]


def test_leases_are_extended_and_partial_text_is_kept(desk: Desk) -> None:
    session = desk.open()
    desk.ask(session, "Hi")
    mine = answers.claim(job=Job("reply", session.pk), worker="me")
    assert isinstance(mine, answers.Claim)
    expire(mine.answer_id)
    answers.extend_leases(shown={mine.answer_id: (120, "So far")}, others=[], worker="other")
    assert answers.sweep() == [Job("reply", session.pk)]
    answers.extend_leases(shown={mine.answer_id: (120, "So far")}, others=[], worker="me")
    assert answers.sweep() == []
    (answer,) = desk.records(session)
    assert (answer.text, answer.ttft_ms) == ("So far", 120)


def test_a_worker_that_ends_gives_its_turns_back(desk: Desk) -> None:
    desk.upstream.script([ROLE, delta("Half"), STALL])
    session = desk.chat("Hi")
    desk.until_shown(session)
    assert desk.in_loop(desk.engine.drain(0)) == [Job("reply", session.pk)]
    assert desk.statuses(session) == ["queued"]
    desk.wake(session, desk.new_engine())
    desk.settle(session)
    assert desk.answers(session) == ["Hello there."]
    assert [answer.attempt for answer in desk.records(session)] == [2]


def test_a_worker_that_ends_lets_short_answers_finish(desk: Desk) -> None:
    desk.upstream.script([ROLE, delta("Whole"), 0.3, delta(" answer", finish="stop"), DONE])
    session = desk.chat("Hi")
    desk.until_shown(session)
    assert desk.in_loop(desk.engine.drain(5)) == []
    assert desk.answers(session) == ["Whole answer"]


def test_a_worker_that_ends_takes_nothing_new(desk: Desk) -> None:
    desk.engine.stop_claiming()
    session = desk.chat("Hi")
    assert desk.records(session) == []


def test_what_an_endpoint_refuses_is_remembered(desk: Desk) -> None:
    desk.upstream.script(refuse(400, "stream_options is not supported"))
    session = desk.chat("Hi")
    desk.settle(session)
    desk.model.refresh_from_db()
    assert desk.model.capabilities == {"refused": ["stream_options"]}
    desk.settle(desk.chat("Again"))
    assert len(desk.upstream.requests) == 3


def test_an_answer_is_finished_without_the_chunk_log(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ConnectionError("no Redis")

    monkeypatch.setattr("llm.running.ReplyStream.aclose", broken)
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.answers(session) == ["Hello there."]


def test_an_answer_is_finished_after_the_database_comes_back(
    by_locks: None, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, failures = answers.finish, [OperationalError("gone"), OperationalError("gone")]

    def flaky(*args: Any, **kwargs: Any) -> Any:
        if failures:
            raise failures.pop()
        return finish(*args, **kwargs)

    monkeypatch.setattr(answers, "finish", flaky)
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.answers(session) == ["Hello there."]


def test_a_commit_whose_answer_was_lost_is_not_repeated(
    by_locks: None, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, lost = answers.finish, [True]

    def flaky(*args: Any, **kwargs: Any) -> Any:
        ended = finish(*args, **kwargs)
        if lost:
            lost.clear()
            raise OperationalError("connection lost after the commit")
        return ended

    monkeypatch.setattr(answers, "finish", flaky)
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.answers(session) == ["Hello there."]
    assert desk.statuses(session) == ["done"]


def test_a_quick_commit_whose_answer_was_lost_is_not_repeated(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, lost = LoopConnections.run, [True]

    async def flaky(self: LoopConnections, statement: str, *parameters: object) -> Any:
        rows = await run(self, statement, *parameters)
        if lost and statement == statements.end():
            lost.clear()
            raise psycopg.OperationalError("connection lost after the commit")
        return rows

    monkeypatch.setattr(LoopConnections, "run", flaky)
    session = desk.chat("Hi")
    desk.settle(session)
    assert not lost or not LoopConnections.are_possible()
    assert desk.answers(session) == ["Hello there."]
    assert desk.statuses(session) == ["done"]


def test_an_endless_answer_is_cut(desk: Desk, settings: Any) -> None:
    settings.LLM_ANSWER_CHARS = 20
    desk.upstream.script([ROLE, *[delta("0123456789")] * 500, STALL])
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.answers(session) == ["0123456789012345678…"]
    assert desk.records(session)[0].finish_reason == "length"


def test_what_people_cannot_see_reaches_neither_model_nor_customer(desk: Desk) -> None:
    desk.upstream.script(say("Fi\u200bne\x00\U000e0041"))
    session = desk.chat("Hi\u200b\U000e0041")
    desk.settle(session)
    assert desk.asked() == "Hi"
    assert desk.answers(session) == ["Fine"]


def test_more_chats_than_slots_are_all_answered(desk: Desk, settings: Any) -> None:
    settings.LLM_MAX_STREAMS = 2
    chats = [desk.chat(f"Question {i}") for i in range(6)]
    for session in chats:
        desk.settle(session)
        assert desk.answers(session) == ["Hello there."]
    assert desk.upstream.most_open <= 2


def test_a_chat_that_waited_too_long_for_a_slot_goes_to_people(desk: Desk, settings: Any) -> None:
    settings.LLM_MAX_WAIT_S = 0.0
    session = desk.open()
    desk.ask(session, "Hi")
    answers.give_up_waiting(session_id=session.pk)
    assert desk.events(session) == ["handoff"]
    session.refresh_from_db()
    assert session.floor == Floor.NOBODY


def test_a_key_is_sent_and_stored_only_encrypted(desk: Desk) -> None:
    desk.model.set_api_key("sk-very-secret-1234")
    desk.model.save()
    desk.settle(desk.chat("Hi"))
    assert desk.upstream.headers[0]["authorization"] == "Bearer sk-very-secret-1234"
    row = ModelConfig.objects.values().get(pk=desk.model.pk)
    assert "very-secret" not in str(row)
    assert row["api_key_hint"] == "1234"


def test_a_key_that_cannot_be_read_brings_a_person(desk: Desk) -> None:
    ModelConfig.objects.update(api_key_encrypted="gone:xyz")
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.events(session) == ["handoff"]
    assert desk.records(session)[0].error_reason == "auth"


def _running(desk: Desk) -> list[Any]:
    return list(desk.engine._running.values())

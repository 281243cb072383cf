"""Replies begun and ended without locks: used where they can be, and never wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from chatsite.lib import clock
from chatsite.lib.bus import bus
from chatsite.lib.loopdb import LoopConnections
from llm import answers
from llm.answers.quick import Whole
from llm.answers.quick_replies import QuickReplies
from llm.gate.models import Publication, Release
from llm.jobs import Job
from llm.models import Answer, Breaker, ModelConfig
from sessions_app import actions, queries
from sessions_app.models import ChatSession, Message
from tests.llm.desk import Desk

pytestmark = pytest.mark.skipif(
    not LoopConnections.are_possible(), reason="the loop cannot use this database"
)


@pytest.fixture
def quick(desk: Desk) -> Iterator[QuickReplies]:
    """What a worker begins and ends replies with."""
    made = QuickReplies("quick")
    yield made
    desk.in_loop(made.close())


def owed(desk: Desk, *texts: str) -> ChatSession:
    session = desk.open()
    desk.ask(session, *texts)
    return session


def claim(desk: Desk, quick: QuickReplies, *sessions: ChatSession) -> list[Any]:
    found: list[Any] = desk.in_loop(quick.claim_all([session.pk for session in sessions]))
    return found


def finish(desk: Desk, quick: QuickReplies, *claims: Any, text: str = "Hello") -> list[Any]:
    wholes = [Whole(one, answers.Figures(text=text, total_tokens=3)) for one in claims]
    found: list[Any] = desk.in_loop(quick.finish_all(wholes))
    return found


def test_many_are_begun_and_ended_at_once(desk: Desk, quick: QuickReplies) -> None:
    sessions = [owed(desk, f"Question {number}", "and more") for number in range(5)]
    claims = claim(desk, quick, *sessions)
    assert [one.session_id for one in claims] == [session.pk for session in sessions]
    assert [said.text for said in claims[1].prompt.talk] == ["Question 1", "and more"]
    for session in sessions:
        session.refresh_from_db()
    rows = [desk.records(session)[0] for session in sessions]
    assert [session.live_turn for session in sessions] == [row.pk for row in rows]
    assert {(row.status, row.attempt, row.worker, row.watermark) for row in rows} == {
        ("running", 1, "quick", 2)
    }
    assert [one.status for one in finish(desk, quick, *claims)] == ["done"] * 5
    for session in sessions:
        assert desk.answers(session) == ["Hello"]
        (row,) = desk.records(session)
        assert (row.status, row.text, row.total_tokens) == ("done", "Hello", 3)
        session.refresh_from_db()
        assert (session.live_turn, session.last_seq, session.waiting_since) == (None, 3, None)


def _publish(model: ModelConfig) -> None:
    release = Release.objects.create(
        name="Shorter", model=model, system_prompt=" Be brief. ", params={"temperature": 0.1}
    )
    Publication.objects.create(release=release, override_reason="to try")


@pytest.mark.parametrize("live", ["nothing", "the default", "another", "one switched off"])
def test_what_is_begun_is_the_same_as_under_locks(
    desk: Desk, quick: QuickReplies, live: str
) -> None:
    ModelConfig.objects.update(default_params={"max_tokens": 70, "temperature": 0.9})
    if live == "the default":
        _publish(ModelConfig.objects.get())
    elif live != "nothing":
        other_model = ModelConfig.objects.get()
        other_model.pk, other_model.name, other_model.is_default = None, "Other", False
        other_model.enabled = live == "another"
        other_model.save()
        _publish(other_model)
    one, other = owed(desk, "Hi"), owed(desk, "Hi")
    (claimed,) = claim(desk, quick, one)
    locked = answers.claim(job=_job(other), worker="quick")
    assert isinstance(locked, answers.Claim)
    assert (claimed.prompt, claimed.model) == (locked.prompt, locked.model)
    assert claimed.has_fallback == locked.has_fallback == (live == "another")
    assert (claimed.floor, claimed.params, claimed.attempt) == (
        locked.floor,
        locked.params,
        locked.attempt,
    )
    ignored = {"_state", "id", "session_id", "created_at", "started_at", "lease_until"}
    rows = [
        {key: value for key, value in row.__dict__.items() if key not in ignored}
        for row in Answer.objects.filter(session__in=[one, other])
    ]
    assert rows[0] == rows[1]


def test_what_is_ended_is_the_same_as_under_locks(desk: Desk, quick: QuickReplies) -> None:
    one, other = owed(desk, "Hi"), owed(desk, "Hi")
    (first,), (second,) = claim(desk, quick, one), claim(desk, quick, other)
    finish(desk, quick, first)
    answers.finish(second, answers.Figures(text="Hello", total_tokens=3), wants_person=None)
    ignored = {"_state", "id", "session_id", "created_at", "updated_at", "live_turn", "title"}
    ignored |= {
        "client_msg_id",
        "send_key",
        "fingerprint",
        "metadata",
        "started_at",
        "lease_until",
        "finished_at",
    }
    for model, key in ((ChatSession, "pk"), (Message, "session"), (Answer, "session")):
        found = [
            [
                {name: value for name, value in row.__dict__.items() if name not in ignored}
                for row in model.objects.filter(**{key: session.pk}).order_by("pk")
            ]
            for session in (one, other)
        ]
        assert found[0] == found[1]


def test_leases_are_extended_by_one_statement_as_by_the_orm(
    desk: Desk, quick: QuickReplies, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = claim(desk, quick, *(owed(desk, "Hi") for _ in range(4)))
    Answer.objects.filter(pk=claims[1].answer_id).update(worker="another")
    Answer.objects.filter(pk=claims[3].answer_id).update(worker="another")
    said = [(120, 'So "far"'), (9, "Lost"), (7, "日本 ☃"), (9, "Lost")]
    shown = dict(zip((one.answer_id for one in claims), said, strict=True))
    first, second = dict(list(shown.items())[:2]), dict(list(shown.items())[2:])
    Answer.objects.update(lease_until=None)
    answers.extend_leases(shown=first, others=[], worker="quick")
    with monkeypatch.context() as patch:
        patch.setattr(connection, "vendor", "another")
        answers.extend_leases(shown=second, others=[], worker="quick")
    rows = Answer.objects.in_bulk(list(shown))
    found = [
        (row.ttft_ms, row.text, row.lease_until is not None)
        for row in (rows[one.answer_id] for one in claims)
    ]
    nothing = (None, "", False)
    assert found == [(120, 'So "far"', True), nothing, (7, "日本 ☃", True), nothing]


def test_what_a_reply_tells_of_its_session_is_what_its_rows_say(
    desk: Desk, quick: QuickReplies, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    session = owed(desk, "Hi")
    (begun,) = claim(desk, quick, session)
    monkeypatch.setattr(bus, "publish", lambda _topic, *events: told.extend(events))
    finish(desk, quick, begun)
    (event,) = [one for one in told if one["type"] == "message"]
    row = queries.shown_one(session.pk, staff=True)
    assert event["numbers"] == {key: row[key] for key in ("unread", "waiting_since", "live_turn")}
    assert event["numbers"]["live_turn"] is None


def test_a_session_twice_in_a_batch_is_begun_once(desk: Desk, quick: QuickReplies) -> None:
    session = owed(desk, "Hi")
    first, second = claim(desk, quick, session, session)
    assert (first is not None, second) == (True, None)
    assert desk.statuses(session) == ["running"]


CHANGES = ("agent", "human", "disabled", "limited", "budgeted", "in trouble", "taken", "nothing")


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_plain_is_left_to_the_locks(
    desk: Desk, quick: QuickReplies, change: str
) -> None:
    session = owed(desk, "I want a human" if change == "human" else "Hi")
    match change:
        case "agent":
            actions.claim(viewer=desk.agent, session_id=session.pk)
        case "disabled":
            ModelConfig.objects.update(enabled=False)
        case "limited":
            ModelConfig.objects.update(max_parallel=1)
        case "budgeted":
            ModelConfig.objects.update(daily_budget=0)
        case "in trouble":
            Breaker.objects.create(endpoint="elsewhere", open_until=clock.now())
        case "taken":
            answers.claim(job=_job(session), worker="other")
        case "nothing":
            ChatSession.objects.update(reply_due_at=None)
    before = desk.statuses(session)
    assert claim(desk, quick, session) == [None]
    assert desk.statuses(session) == before


def test_an_agent_who_claims_meanwhile_wins(desk: Desk, quick: QuickReplies) -> None:
    session, other = owed(desk, "Hi"), owed(desk, "Hi")
    claims = claim(desk, quick, session, other)
    actions.claim(viewer=desk.agent, session_id=session.pk)
    lost, ended = finish(desk, quick, *claims)
    assert (lost, ended.status) == (None, "done")
    assert desk.answers(session) == []


def test_a_newer_message_is_not_passed_over(desk: Desk, quick: QuickReplies) -> None:
    session = owed(desk, "Hi")
    claims = claim(desk, quick, session)
    desk.ask(session, "And?")
    assert finish(desk, quick, *claims) == [None]
    assert desk.answers(session) == []


def test_an_older_attempt_ends_nothing(desk: Desk, quick: QuickReplies) -> None:
    session = owed(desk, "Hi")
    claims = claim(desk, quick, session)
    Answer.objects.update(attempt=2)
    assert finish(desk, quick, *claims) == [None]
    assert desk.answers(session) == []
    assert desk.statuses(session) == ["running"]


def test_an_engine_uses_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("locks were taken")

    monkeypatch.setattr(answers, "claim", refuse)
    monkeypatch.setattr(answers, "finish", refuse)
    session = desk.chat("Hi")
    desk.until(lambda: desk.answers(session) == ["Hello there."])


def _job(session: ChatSession) -> Job:
    return Job("reply", session.pk)

"""A release is tried on the cases, beside what is in use."""

from __future__ import annotations

from typing import Any

import pytest

from chatsite.lib.errors import Conflict, PermissionDenied, ValidationFailed
from llm.answers import sweep
from llm.gate import actions
from llm.gate.models import CaseResult, Replay
from llm.gate.queries import report
from llm.jobs import Job
from llm.knowledge import actions as knowledge
from llm.models import Answer
from tests.llm.desk import expire
from tests.llm.gate.conftest import Gate
from tests.upstream import CUT, ROLE, Reply, call_for_human, delta, say


def test_a_release_passes_when_it_says_what_it_must(gate: Gate) -> None:
    gate.desk.upstream.default = Reply(say("You have ", "60 days."))
    gate.case("How long?", must_say=["60 days"], must_not_say=["30 days"], handoff="no")
    replay = gate.replay(gate.release())
    assert replay.passed
    assert gate.results(replay)["How long?"].text == "You have 60 days."


def test_it_does_not_pass_when_one_case_is_not_met(gate: Gate) -> None:
    gate.desk.upstream.default = Reply(say("You have 30 days."))
    gate.case("How long?", must_say=["60 days"])
    gate.case("Hello")
    assert gate.replay(gate.release()).passed is False


def test_both_sides_are_asked_in_their_own_words(gate: Gate) -> None:
    gate.desk.model.system_prompt = "The old words."
    gate.desk.model.save()
    gate.case("Hello")
    gate.replay(gate.release("The new words.", params={"temperature": 0.1}))
    asked = {r["messages"][0]["content"]: r.get("temperature") for r in gate.desk.upstream.requests}
    assert asked == {"The new words.": 0.1, "The old words.": None}


def test_what_the_release_breaks_and_mends_is_told(gate: Gate) -> None:
    gate.case("A", must_say=["good"])
    gate.desk.upstream.default = Reply(say("good"))
    replay = gate.replay(gate.release())
    result = CaseResult.objects.get(replay=replay, side="in_use")
    result.passed = False
    result.save()
    (compared,) = report(replay).compared
    assert compared.change == "fixed"
    CaseResult.objects.filter(replay=replay, side="candidate").update(passed=False)
    CaseResult.objects.filter(replay=replay, side="in_use").update(passed=True)
    assert report(replay).compared[0].change == "broken"


def test_the_record_keeps_what_it_cost(gate: Gate) -> None:
    gate.desk.model.prices = {"prompt": 1.0, "completion": 2.0, "currency": "EUR"}
    gate.desk.model.save()
    gate.case("Hello")
    shown = report(gate.replay(gate.release()))
    assert (shown.candidate.tokens, shown.candidate.cost) == (17, 22 / 1_000_000)
    assert {answer.purpose for answer in Answer.objects.all()} == {"replay"}


def test_a_wish_for_a_person_asks_no_model(gate: Gate) -> None:
    gate.case("I want to talk to a human", handoff="yes")
    assert gate.replay(gate.release()).passed
    assert gate.desk.upstream.requests == []


def test_a_model_that_asks_for_a_person_hands_over(gate: Gate) -> None:
    gate.desk.upstream.default = Reply(call_for_human("refund"))
    gate.case("My refund is wrong", handoff="no")
    replay = gate.replay(gate.release())
    assert replay.passed is False
    assert gate.results(replay)["My refund is wrong"].handed_over


def test_a_provider_that_fails_fails_the_case_and_not_the_replay(gate: Gate) -> None:
    gate.desk.upstream.default = Reply([ROLE, delta("Half"), CUT])
    gate.case("Hello")
    replay = gate.replay(gate.release())
    assert (replay.status, replay.passed) == ("done", False)
    assert gate.results(replay)["Hello"].error == "truncated"


def test_the_right_article_is_cited_or_not(gate: Gate) -> None:
    draft = knowledge.create_article(
        viewer=gate.admin, title="Returns of jackets", body="Return jackets within 60 days."
    )
    article = knowledge.publish_article(viewer=gate.admin, article_id=draft.pk)
    gate.desk.upstream.default = Reply(say("Within 60 days. [1]"))
    gate.case("Within how many days can jackets be returned?", cites=[article])
    replay = gate.replay(gate.release())
    (result,) = gate.results(replay).values()
    assert (result.passed, result.text) == (True, "Within 60 days.")
    assert result.cited == [{"article_id": article.pk, "title": "Returns of jackets"}]


def test_articles_of_the_release_are_read_as_they_will_be(gate: Gate) -> None:
    draft = knowledge.create_article(
        viewer=gate.admin, title="Returns of jackets", body="Return jackets within 60 days."
    )
    article = knowledge.publish_article(viewer=gate.admin, article_id=draft.pk)
    knowledge.edit_article(
        viewer=gate.admin, article_id=article.pk, body="Return jackets within 90 days."
    )
    gate.case("Within how many days can jackets be returned?")
    gate.replay(gate.release("The candidate.", articles=[article]))
    prompts = [r["messages"][0]["content"] for r in gate.desk.upstream.requests]
    (mine,) = [prompt for prompt in prompts if prompt.startswith("The candidate.")]
    (theirs,) = [prompt for prompt in prompts if not prompt.startswith("The candidate.")]
    assert "90 days" in mine
    assert "60 days" not in mine
    assert "60 days" in theirs
    assert "90 days" not in theirs


def test_an_answer_of_a_dead_worker_is_given_by_another(gate: Gate) -> None:
    gate.case("Hello")
    replay = actions.ask_for_replay(viewer=gate.admin, release=gate.release())
    from llm import answers

    pks = list(Answer.objects.values_list("pk", flat=True))
    for pk in pks:
        assert isinstance(answers.claim(job=Job("replay", pk), worker="dead"), answers.Claim)
        expire(pk)
    found = sweep()
    assert {job.id for job in found} == set(pks)

    async def wake() -> None:
        for job in found:
            gate.desk.engine.wake(job)

    gate.desk.in_loop(wake())
    gate.desk.until(lambda: Replay.objects.get(pk=replay.pk).passed is True)
    assert {answer.attempt for answer in Answer.objects.all()} == {2}


def test_a_replay_can_be_stopped(gate: Gate) -> None:
    gate.case("Hello")
    replay = actions.ask_for_replay(viewer=gate.admin, release=gate.release())
    actions.stop_replay(viewer=gate.admin, replay=replay)
    replay.refresh_from_db()
    assert (replay.status, replay.passed) == ("stopped", None)


def test_a_second_one_waits_for_the_first(gate: Gate) -> None:
    gate.case("Hello")
    release = gate.release()
    actions.ask_for_replay(viewer=gate.admin, release=release)
    with pytest.raises(Conflict):
        actions.ask_for_replay(viewer=gate.admin, release=release)


def test_without_a_case_nothing_is_proven(gate: Gate) -> None:
    with pytest.raises(ValidationFailed):
        actions.ask_for_replay(viewer=gate.admin, release=gate.release())


def test_agents_have_no_say(gate: Gate) -> None:
    with pytest.raises(PermissionDenied):
        actions.ask_for_replay(viewer=gate.desk.agent, release=gate.release())


def test_a_conversation_becomes_a_case(gate: Gate) -> None:
    session = gate.desk.open()
    gate.desk.ask(session, "Where is my parcel?")
    case = actions.keep_case(viewer=gate.admin, session_id=session.pk, name="Parcel")
    assert case.talk == [{"role": "customer", "text": "Where is my parcel?"}]
    assert case.session_id == session.pk


@pytest.mark.parametrize(
    "talk",
    [[], "x", [{"role": "assistant", "text": "Hi"}], [{"role": "x", "text": "y"}], [{"text": 1}]],
)
def test_a_case_needs_a_talk_that_a_customer_ends(gate: Gate, talk: Any) -> None:
    from llm.gate.models import Case

    with pytest.raises(ValidationFailed):
        actions.save_case(viewer=gate.admin, case=Case(name="x", talk=talk))

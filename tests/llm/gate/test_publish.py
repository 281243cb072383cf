"""Publishing needs a pass or a named override; one step leads back."""

from __future__ import annotations

import pytest

from chatsite.lib.errors import Conflict, PermissionDenied, ValidationFailed
from llm.gate import actions
from llm.gate.models import Case, Publication
from llm.gate.queries import current
from llm.knowledge import actions as knowledge
from llm.models import Answer
from tests.llm.gate.conftest import Gate
from tests.upstream import Reply, say


def live(gate: Gate) -> str:
    found = current()
    return found.release.name if found else ""


def test_a_release_that_passed_goes_live(gate: Gate) -> None:
    gate.case("Hello")
    publication = gate.pass_and_publish(gate.release("One."))
    assert live(gate) == "One."
    assert (publication.replay.passed, publication.override_reason) == (True, "")


def test_one_that_was_not_tried_does_not(gate: Gate) -> None:
    gate.case("Hello")
    with pytest.raises(Conflict):
        actions.publish(viewer=gate.admin, release=gate.release())
    assert current() is None


def test_one_that_did_not_pass_does_not(gate: Gate) -> None:
    gate.case("Hello", must_say=["never said"])
    release = gate.release()
    assert gate.replay(release).passed is False
    with pytest.raises(Conflict):
        actions.publish(viewer=gate.admin, release=release)


def test_an_override_is_kept_with_its_name(gate: Gate) -> None:
    made = actions.publish(
        viewer=gate.admin, release=gate.release(), override_reason="The shop is on fire"
    )
    assert (made.override_reason, made.published_by_id) == (
        "The shop is on fire",
        gate.admin.user_id,
    )


def test_a_pass_counts_for_what_was_tried_only(gate: Gate) -> None:
    gate.case("Hello")
    release = gate.release("Tried.")
    assert gate.replay(release).passed
    release.system_prompt = "Changed since."
    actions.save_release(viewer=gate.admin, release=release)
    with pytest.raises(Conflict):
        actions.publish(viewer=gate.admin, release=release)


def test_a_new_case_asks_for_a_new_replay(gate: Gate) -> None:
    gate.case("Hello")
    release = gate.release()
    assert gate.replay(release).passed
    gate.case("Another")
    with pytest.raises(Conflict):
        actions.publish(viewer=gate.admin, release=release)


def test_customers_are_answered_by_what_is_live(gate: Gate) -> None:
    actions.publish(
        viewer=gate.admin,
        release=gate.release("Speak like a pirate.", params={"max_tokens": 77}),
        override_reason="test",
    )
    session = gate.desk.chat("Hello?")
    gate.desk.settle(session)
    asked = gate.desk.upstream.requests[-1]
    assert asked["messages"][0]["content"].startswith("Speak like a pirate.")
    assert asked["max_tokens"] == 77
    assert Answer.objects.get(session=session).params["max_tokens"] == 77


def test_a_release_whose_model_is_off_makes_way(gate: Gate) -> None:
    from llm.gate.queries import in_use
    from llm.models import ModelConfig

    actions.publish(viewer=gate.admin, release=gate.release(), override_reason="test")
    spare = ModelConfig.objects.create(name="Spare", base_url="http://x", model="s")
    gate.desk.model.enabled = False
    gate.desk.model.is_default = False
    gate.desk.model.save()
    used = in_use()
    assert used is not None
    assert (used.model, used.release) == (spare, None)


def test_a_release_of_a_model_that_is_off_is_refused(gate: Gate) -> None:
    gate.desk.model.enabled = False
    gate.desk.model.save()
    with pytest.raises(ValidationFailed):
        actions.publish(viewer=gate.admin, release=gate.release(), override_reason="test")


def test_its_articles_go_live_with_it_and_come_back_with_the_roll_back(gate: Gate) -> None:
    draft = knowledge.create_article(viewer=gate.admin, title="T", body="Old text.")
    article = knowledge.publish_article(viewer=gate.admin, article_id=draft.pk)
    actions.publish(viewer=gate.admin, release=gate.release("One."), override_reason="test")
    knowledge.edit_article(viewer=gate.admin, article_id=article.pk, body="New text.")
    two = gate.release("Two.", articles=[article])
    actions.publish(viewer=gate.admin, release=two, override_reason="test")
    article.refresh_from_db()
    assert article.published is not None
    assert article.published.body == "New text."
    actions.roll_back(viewer=gate.admin)
    article.refresh_from_db()
    assert article.published is not None
    assert (live(gate), article.published.body) == ("One.", "Old text.")


def test_going_back_twice_goes_further_back(gate: Gate) -> None:
    for name in ("One.", "Two.", "Three."):
        actions.publish(viewer=gate.admin, release=gate.release(name), override_reason="test")
    actions.roll_back(viewer=gate.admin)
    assert live(gate) == "Two."
    actions.roll_back(viewer=gate.admin)
    assert live(gate) == "One."
    with pytest.raises(Conflict):
        actions.roll_back(viewer=gate.admin)
    assert live(gate) == "One."
    assert Publication.objects.filter(is_current=True).count() == 1


def test_what_was_live_does_not_change(gate: Gate) -> None:
    release = gate.release("One.")
    actions.publish(viewer=gate.admin, release=release, override_reason="test")
    release.system_prompt = "Other."
    with pytest.raises(Conflict):
        actions.save_release(viewer=gate.admin, release=release)
    copy = actions.copy_release(viewer=gate.admin, release=release)
    assert (copy.system_prompt, copy.publications.count()) == ("Other.", 0)


def test_agents_publish_nothing(gate: Gate) -> None:
    for deed in (
        lambda: actions.publish(
            viewer=gate.desk.agent, release=gate.release(), override_reason="please"
        ),
        lambda: actions.roll_back(viewer=gate.desk.agent),
    ):
        with pytest.raises(PermissionDenied):
            deed()


def test_the_cases_to_begin_with_are_put_in_once(gate: Gate) -> None:
    from llm.gate.actions.demo import seed_cases

    made = seed_cases()
    assert made == Case.objects.count() > 5
    assert seed_cases() == 0
    gate.desk.upstream.default = Reply(say("I do not know that; a person can help."))
    replay = gate.replay(gate.release())
    failed = [name for name, one in gate.results(replay).items() if not one.passed]
    assert failed == ["Returns: how long"]

"""The admin pages of the gate: all its buttons are forms, and only admins find them."""

from __future__ import annotations

import pytest
from django.test import Client

from llm.gate import actions
from llm.gate.models import Case, Release, Replay
from llm.gate.queries import current
from tests import cast
from tests.llm.gate.conftest import Gate


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(cast.ada())
    return client


def test_a_case_is_written_as_lines(gate: Gate, admin: Client) -> None:
    answer = admin.post(
        "/admin/gate/case/add/",
        {
            "name": "Returns",
            "enabled": "on",
            "talk": "Customer: Hello\nassistant: Hi!\ncustomer: How long\ndo I have?",
            "must_say": "60 days | two months\n\nfree",
            "must_not_say": "",
            "handoff": "no",
        },
    )
    assert answer.status_code == 302, answer.content
    case = Case.objects.get()
    assert case.talk[-1] == {"role": "customer", "text": "How long\ndo I have?"}
    assert (case.must_say, case.created_by) == (["60 days | two months", "free"], cast.ada())
    assert b"customer: How long" in admin.get(f"/admin/gate/case/{case.pk}/change/").content


def test_a_talk_that_the_assistant_ends_is_refused_with_words(gate: Gate, admin: Client) -> None:
    form = {"name": "X", "talk": "assistant: Hi", "handoff": "any"}
    answer = admin.post("/admin/gate/case/add/", form)
    assert answer.status_code == 200
    assert "the last one is theirs" in answer.content.decode()


def test_the_story_of_a_release(gate: Gate, admin: Client) -> None:
    gate.case("Hello")
    form = {"name": "Brief", "model": gate.desk.model.pk, "system_prompt": "Brief.", "params": "{}"}
    assert admin.post("/admin/gate/release/add/", form).status_code == 302
    release = Release.objects.get()
    page = f"/admin/gate/release/{release.pk}"
    assert "has not been tried yet" in admin.get(f"{page}/change/").content.decode()
    admin.post(f"{page}/publish/", {"reason": ""})
    assert current() is None
    running = actions.ask_for_replay(viewer=gate.admin, release=release)
    shown = admin.get(f"/admin/gate/replay/{running.pk}/change/").content.decode()
    assert "answers to come" in shown
    assert "data-running" in shown
    actions.stop_replay(viewer=gate.admin, replay=running)
    assert gate.replay(release).passed
    replay = Replay.objects.exclude(pk=running.pk).get()
    shown = admin.get(f"/admin/gate/replay/{replay.pk}/change/").content.decode()
    assert "1 / 1" in shown
    assert "Hello there." in shown
    assert "data-running" not in shown
    assert admin.post(f"{page}/publish/").status_code == 302
    assert "published by" in admin.get("/admin/gate/release/").content.decode()
    second = gate.release("Second.")
    actions.publish(viewer=gate.admin, release=second, override_reason="because")
    assert "Go back to “Brief”" in admin.get("/admin/gate/release/").content.decode()
    admin.post("/admin/gate/release/roll-back/")
    live = current()
    assert live is not None
    assert live.release == release


def test_what_was_live_can_be_copied_and_not_changed(gate: Gate, admin: Client) -> None:
    release = gate.release("One.")
    actions.publish(viewer=gate.admin, release=release, override_reason="test")
    page = f"/admin/gate/release/{release.pk}"
    assert admin.post(f"{page}/change/", {"name": "x"}).status_code == 403
    assert admin.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    admin.post(f"{page}/copy/")
    assert Release.objects.exclude(pk=release.pk).get().system_prompt == "One."


def test_links_press_no_button(gate: Gate, admin: Client) -> None:
    release = gate.release()
    for door in (f"{release.pk}/replay/", f"{release.pk}/publish/", "roll-back/"):
        assert admin.get(f"/admin/gate/release/{door}").status_code == 405


def test_agents_and_strangers_get_no_page(gate: Gate) -> None:
    client = Client()
    assert client.get("/admin/gate/release/").status_code == 302
    client.force_login(cast.ben())
    assert client.get("/admin/gate/release/").status_code in (302, 403)
    assert client.post("/admin/gate/release/roll-back/").status_code in (302, 403)


def test_a_conversation_is_frozen_by_its_address(gate: Gate, admin: Client) -> None:
    session = gate.desk.open()
    gate.desk.ask(session, "Where is my parcel?")
    page = admin.get(f"/admin/gate/case/add/?session={session.pk}").content.decode()
    assert "customer: Where is my parcel?" in page
    assert admin.get("/admin/gate/case/add/?session=nonsense").status_code == 200

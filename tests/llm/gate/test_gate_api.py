"""The gate over REST: the story of a release, and who may do what."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from llm.gate import actions
from llm.gate.models import Case, Publication, Release, Replay
from llm.gate.queries import current
from llm.jobs import Job
from llm.knowledge import actions as knowledge
from llm.models import Answer, ModelConfig
from tests import cast
from tests.kernel import Rest, code
from tests.llm.gate.conftest import Gate
from tests.upstream import Reply, say

TALK = [{"role": "customer", "text": "How long do I have?"}]


@pytest.fixture
def ada() -> Rest:
    """The admin."""
    return Rest(cast.ada())


def release(rest: Rest, gate: Gate, **fields: Any) -> dict[str, Any]:
    """A candidate, made over REST."""
    body = {"name": "Shorter", "model_id": gate.desk.model.pk, **fields}
    made = rest.post("/gate/releases", body)
    assert made.status_code == 201, made.content
    found: dict[str, Any] = made.json()
    return found


def settle(gate: Gate, replay_id: str) -> None:
    """Let the workers answer a replay."""
    mine = Answer.objects.filter(case_result__replay=UUID(replay_id))
    jobs = [Job("replay", pk) for pk in mine.values_list("pk", flat=True)]

    async def wake() -> None:
        for job in jobs:
            gate.desk.engine.wake(job)

    gate.desk.in_loop(wake())
    gate.desk.until(lambda: Replay.objects.get(pk=replay_id).status != "running")


def test_the_story_of_a_release(gate: Gate, ada: Rest) -> None:
    gate.desk.upstream.default = Reply(say("You have 60 days."))
    case = ada.post("/gate/cases", {"name": "Returns", "talk": TALK, "must_say": ["60 days"]})
    assert case.status_code == 201
    made = release(ada, gate, system_prompt="Be brief.", params={"temperature": 0.2})
    assert (made["state"], made["passing_replay"]) == ("candidate", None)
    path = f"/gate/releases/{made['id']}"
    assert code(ada.post(f"{path}/publish")) == (409, "CONFLICT")
    asked = ada.post(f"{path}/replay")
    assert (asked.status_code, asked.json()["status"]) == (202, "running")
    replay_id = asked.json()["id"]
    assert ada.get(f"/gate/replays/{replay_id}").json()["open"] == 2
    settle(gate, replay_id)
    report = ada.get(f"/gate/replays/{replay_id}").json()
    assert (report["passed"], report["open"], report["candidate"]["passed"]) == (True, 0, 1)
    (compared,) = report["cases"]
    assert (compared["case"]["name"], compared["change"]) == ("Returns", "met")
    assert compared["candidate"]["text"] == "You have 60 days."
    assert {"check": "says", "wanted": "60 days", "ok": True} in compared["candidate"]["checks"]
    assert ada.get(path).json()["passing_replay"]["id"] == replay_id
    published = ada.post(f"{path}/publish")
    assert (published.status_code, published.json()["replay_id"]) == (201, replay_id)
    assert ada.get(path).json()["state"] == "live"
    live = current()
    assert live is not None
    assert live.release_id == made["id"]


def test_an_override_is_kept_and_one_step_leads_back(gate: Gate, ada: Rest) -> None:
    first, second = release(ada, gate, name="One"), release(ada, gate, name="Two")
    for one in (first, second):
        made = ada.post(f"/gate/releases/{one['id']}/publish", {"override_reason": "On fire"})
        assert (made.status_code, made.json()["override_reason"]) == (201, "On fire")
        assert made.json()["published_by"]["id"] == cast.ada().pk
    back = ada.post("/gate/roll-back")
    assert (back.status_code, back.json()["is_rollback"]) == (201, True)
    assert back.json()["release"]["name"] == "One"
    history = ada.get("/gate/publications").json()["results"]
    assert [one["release"]["name"] for one in history] == ["One", "Two", "One"]
    assert [one["is_current"] for one in history] == [True, False, False]
    assert ada.get(f"/gate/releases/{second['id']}").json()["state"] == "used"
    assert code(ada.post("/gate/roll-back")) == (409, "CONFLICT")


def test_what_a_release_changes_is_told(gate: Gate, ada: Rest) -> None:
    draft = knowledge.create_article(viewer=gate.admin, title="Returns", body="30 days.")
    article = knowledge.publish_article(viewer=gate.admin, article_id=draft.pk)
    gate.desk.model.system_prompt = "Old words."
    gate.desk.model.save()
    knowledge.edit_article(viewer=gate.admin, article_id=article.pk, body="60 days.")
    fresh = knowledge.create_article(viewer=gate.admin, title="Tents", body="We rent none.")
    made = release(
        ada,
        gate,
        system_prompt="New words.",
        params={"temperature": 0.2},
        article_ids=[article.pk, fresh.pk],
    )
    found = ada.get(f"/gate/releases/{made['id']}/changes").json()
    assert found["against"] == {
        "release": None,
        "model": {"id": gate.desk.model.pk, "name": "Scripted"},
    }
    assert found["parts"] == [
        {"field": "system_prompt", "before": "Old words.", "after": "New words."},
        {"field": "params.temperature", "before": None, "after": 0.2},
    ]
    assert {one["title"]: one["change"] for one in found["articles"]} == {
        "Returns": "changed",
        "Tents": "new",
    }
    ada.post(f"/gate/releases/{made['id']}/publish", {"override_reason": "test"})
    other = ModelConfig.objects.create(name="Other", base_url="http://x", model="o")
    second = release(ada, gate, model_id=other.pk, system_prompt="New words.")
    parts = ada.get(f"/gate/releases/{second['id']}/changes").json()
    assert parts["against"]["release"]["name"] == "Shorter"
    assert [one["field"] for one in parts["parts"]] == ["model", "params.temperature"]


def waiting() -> bool:
    """Whether somebody waits for a row that somebody else has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
        return cursor.fetchone() is not None


def test_admins_who_change_different_things_at_once_both_win(gate: Gate, ada: Rest) -> None:
    case = ada.post("/gate/cases", {"name": "Returns", "talk": TALK}).json()
    candidate = release(ada, gate)
    places: list[tuple[Any, str, dict[str, Any], dict[str, Any]]] = [
        (Case, f"/gate/cases/{case['id']}", {"must_say": ["60"]}, {"must_not_say": ["30"]}),
        (Release, f"/gate/releases/{candidate['id']}", {"notes": "why"}, {"system_prompt": "Be."}),
    ]
    for model, path, first, second in places:
        with ThreadPoolExecutor(1) as other:
            with transaction.atomic():
                model.objects.filter(pk=path.rpartition("/")[2]).update(**first)
                patched = other.submit(alone, partial(ada.call, "PATCH", path, second))
                gate.desk.until(waiting)
            assert patched.result().status_code == 200
        kept = ada.get(path).json()
        assert {name: kept[name] for name in first | second} == first | second


def alone(work: Callable[[], Any]) -> Any:
    """Do it in a thread, with a connection of its own."""
    try:
        return work()
    finally:
        connection.close()


def test_what_was_published_neither_changes_nor_goes(gate: Gate, ada: Rest) -> None:
    made = release(ada, gate)
    path = f"/gate/releases/{made['id']}"
    changed = ada.call("PATCH", path, {"system_prompt": "Be kind.", "notes": "why"})
    assert changed.json()["system_prompt"] == "Be kind."
    ada.post(f"{path}/publish", {"override_reason": "test"})
    assert code(ada.call("PATCH", path, {"notes": "x"})) == (409, "CONFLICT")
    assert code(ada.call("DELETE", path)) == (409, "CONFLICT")
    copy = ada.post(f"{path}/copy")
    assert (copy.status_code, copy.json()["system_prompt"]) == (201, "Be kind.")
    assert ada.call("DELETE", f"/gate/releases/{copy.json()['id']}").status_code == 204
    assert Release.objects.count() == 1


def test_a_replay_is_listed_and_stopped(gate: Gate, ada: Rest) -> None:
    gate.case("Hello")
    made, other = release(ada, gate), release(ada, gate, name="Other")
    path = f"/gate/releases/{made['id']}"
    replay = ada.post(f"{path}/replay").json()
    assert code(ada.post(f"{path}/replay")) == (409, "CONFLICT")
    assert code(ada.call("DELETE", path)) == (409, "CONFLICT")
    assert code(ada.call("DELETE", f"/gate/cases/{Case.objects.get().pk}")) == (409, "CONFLICT")
    stopped = ada.post(f"/gate/replays/{replay['id']}/stop").json()
    assert (stopped["status"], stopped["passed"]) == ("stopped", None)
    listed = ada.get(f"/gate/replays?release={made['id']}").json()["results"]
    assert [one["id"] for one in listed] == [replay["id"]]
    assert ada.get(f"/gate/replays?release={other['id']}").json()["results"] == []


def test_cases_are_written_changed_and_listed(gate: Gate, ada: Rest) -> None:
    made = ada.post("/gate/cases", {"name": "Returns", "talk": TALK, "handoff": "no"}).json()
    assert (made["enabled"], made["handoff"], made["talk"]) == (True, "no", TALK)
    path = f"/gate/cases/{made['id']}"
    changed = ada.call("PATCH", path, {"enabled": False, "must_say": ["60 days"]}).json()
    assert (changed["enabled"], changed["must_say"]) == (False, ["60 days"])
    ada.post("/gate/cases", {"name": "Attack", "talk": TALK, "is_red_team": True})
    names = {
        query: [one["name"] for one in ada.get(f"/gate/cases?{query}").json()["results"]]
        for query in ("", "enabled=false", "is_red_team=true", "limit=1")
    }
    assert names == {
        "": ["Attack", "Returns"],
        "enabled=false": ["Returns"],
        "is_red_team=true": ["Attack"],
        "limit=1": ["Attack"],
    }
    first = ada.get("/gate/cases?limit=1").json()
    rest = ada.get(f"/gate/cases?limit=1&cursor={first['next']}").json()
    assert ([one["name"] for one in rest["results"]], rest["next"]) == (["Returns"], None)
    assert code(ada.post("/gate/cases", {"name": "Returns", "talk": TALK})) == (409, "CONFLICT")
    assert ada.call("DELETE", path).status_code == 204
    assert code(ada.get(path)) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "wrong",
    [
        {"talk": []},
        {"talk": "x"},
        {"talk": [{"role": "assistant", "text": "Hi"}]},
        {"talk": [{"role": "ghost", "text": "Boo"}]},
        {"talk": [{"role": "customer", "text": "\0"}]},
        {"talk": [{"role": "customer", "text": " \u200b "}]},
        {"name": ""},
        {"name": "\u200b"},
        {"name": "x" * 121},
        {"must_say": "x"},
        {"must_say": ["x" * 301]},
        {"must_not_say": [{}]},
        {"handoff": "maybe"},
        {"cites": [4711]},
        {"cites": ["x"]},
        {"enabled": "perhaps"},
    ],
)
def test_a_wrong_case_says_so(gate: Gate, ada: Rest, wrong: dict[str, Any]) -> None:
    body = {"name": "Returns", "talk": TALK, **wrong}
    assert code(ada.post("/gate/cases", body)) == (400, "VALIDATION_FAILED")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"params": {"temperature": 9}},
        {"params": {"seed": 1}},
        {"params": []},
        {"article_ids": [4711]},
        {"system_prompt": "x" * 20_001},
        {"model_id": "x"},
    ],
)
def test_a_wrong_release_says_so(gate: Gate, ada: Rest, wrong: dict[str, Any]) -> None:
    body = {"name": "Shorter", "model_id": gate.desk.model.pk, **wrong}
    assert code(ada.post("/gate/releases", body)) == (400, "VALIDATION_FAILED")
    assert not Release.objects.exists()


def test_what_is_not_there_says_so(gate: Gate, ada: Rest) -> None:
    assert code(ada.post("/gate/releases", {"name": "x", "model_id": 4711})) == (
        404,
        "MODEL_NOT_FOUND",
    )
    for path in (
        "/gate/cases/4711",
        "/gate/cases/x",
        "/gate/releases/99999999999999999999",
        "/gate/releases/4711/changes",
        "/gate/replays/nonsense",
        "/gate/replays/019aa5c4-7f3b-7c1e-9d53-2f6f6f3f9f10",
    ):
        assert code(ada.get(path)) == (404, "NOT_FOUND"), path
    for query in ("gate/cases?cursor=x", "gate/releases?limit=0", "gate/replays?cursor=x"):
        assert code(ada.get(f"/{query}")) == (400, "VALIDATION_FAILED"), query


def test_only_admins_decide(gate: Gate, ada: Rest) -> None:
    made = release(ada, gate)
    gate.case("Hello")
    pk = made["id"]
    doors = [
        ("GET", "/gate/cases", None),
        ("POST", "/gate/cases", {"name": "x", "talk": TALK}),
        ("PATCH", f"/gate/cases/{Case.objects.get().pk}", {"enabled": False}),
        ("GET", "/gate/releases", None),
        ("POST", "/gate/releases", {"name": "x", "model_id": gate.desk.model.pk}),
        ("GET", f"/gate/releases/{pk}", None),
        ("GET", f"/gate/releases/{pk}/changes", None),
        ("POST", f"/gate/releases/{pk}/copy", {}),
        ("POST", f"/gate/releases/{pk}/replay", {}),
        ("POST", f"/gate/releases/{pk}/publish", {"override_reason": "please"}),
        ("GET", "/gate/replays", None),
        ("GET", "/gate/publications", None),
        ("POST", "/gate/roll-back", {}),
    ]
    for who in (cast.ben(), cast.vic()):
        for method, path, body in doors:
            assert code(Rest(who).call(method, path, body)) == (403, "PERMISSION_DENIED"), path
    for method, path, body in doors:
        assert code(Rest(None).call(method, path, body)) == (401, "AUTH_TOKEN_INVALID"), path
    assert (Release.objects.count(), Publication.objects.count()) == (1, 0)


# Keeping a chat


def asked(gate: Gate, *questions: str) -> Any:
    """A chat in which a customer asked."""
    session = gate.desk.open()
    for question in questions:
        gate.desk.ask(session, question)
    return session


def test_a_chat_is_seen_as_a_case_and_kept(gate: Gate, ada: Rest) -> None:
    session = asked(gate, "Where is my parcel?")
    path = f"/chat/sessions/{session.pk}/case"
    begun = ada.get(path).json()
    assert begun["talk"] == [{"role": "customer", "text": "Where is my parcel?"}]
    assert begun["name"] == "Where is my parcel?"
    assert not Case.objects.exists()
    kept = ada.post(path, {"must_say": ["tracking"], "handoff": "no"})
    assert (kept.status_code, kept.json()["enabled"]) == (201, True)
    case = Case.objects.get()
    assert (case.must_say, case.session_id, case.created_by) == (
        ["tracking"],
        session.pk,
        cast.ada(),
    )
    assert ada.get(path).json()["name"] == "Where is my parcel? (2)"
    assert code(ada.post(path, {"name": case.name})) == (409, "CONFLICT")


def test_what_an_agent_keeps_waits_for_an_admin(gate: Gate) -> None:
    session = asked(gate, "Where is my parcel?")
    gate.case("Hello")
    candidate = gate.release()
    assert gate.replay(candidate).passed
    kept = Rest(gate.desk.agent_user).post(f"/chat/sessions/{session.pk}/case", {})
    assert (kept.status_code, kept.json()["enabled"]) == (201, False)
    # It is not asked yet, so what was passed is still passed.
    assert actions.publish(viewer=gate.admin, release=candidate).replay is not None


def test_a_chat_is_kept_up_to_a_message(gate: Gate, ada: Rest) -> None:
    session = asked(gate, "First?", "Second?")
    path = f"/chat/sessions/{session.pk}/case"
    begun = ada.get(f"{path}?upto_seq=1").json()
    assert [said["text"] for said in begun["talk"]] == ["First?"]
    assert ada.post(path, {"upto_seq": 1}).json()["talk"] == begun["talk"]


def test_a_chat_without_a_question_is_no_case(gate: Gate, ada: Rest) -> None:
    path = f"/chat/sessions/{gate.desk.open().pk}/case"
    assert ada.get(path).json()["talk"] == []
    assert code(ada.post(path, {})) == (400, "VALIDATION_FAILED")


def test_nobody_keeps_a_chat_they_do_not_see(gate: Gate) -> None:
    session = asked(gate, "Where is my parcel?")
    path = f"/chat/sessions/{session.pk}/case"
    for method in ("GET", "POST"):
        assert code(Rest(cast.bea()).call(method, path, {})) == (404, "SESSION_NOT_FOUND")
        assert code(Rest(cast.vic()).call(method, path, {})) == (403, "PERMISSION_DENIED")
        assert code(Rest(None).call(method, path, {})) == (401, "AUTH_TOKEN_INVALID")
    assert not Case.objects.exists()

"""Conversations and turns over REST; no model is asked here."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from accounts.actions import make_api_key
from accounts.models import User
from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import PermissionDenied, SessionNotFound, ValidationFailed
from llm import turns, wake
from llm.answers.records import close
from llm.models import Answer, Conversation, ModelConfig, Turn
from sessions_app import actions
from sessions_app.models import ChatSession, Message
from tests import cast, kernel
from tests.kernel import Rest, code

pytestmark = pytest.mark.django_db
NOWHERE = "01a1fdb8-9738-7f83-97a6-bbd2073f6cdd"


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The jobs that workers were woken for; nobody works here."""
    jobs: list[Any] = []
    monkeypatch.setattr(wake.Waker, "now", lambda self, *given: jobs.extend(given))
    return jobs


@pytest.fixture
def small() -> ModelConfig:
    return ModelConfig.objects.create(name="Small", base_url="http://127.0.0.1:1/v1", model="s")


@pytest.fixture
def large() -> ModelConfig:
    return ModelConfig.objects.create(name="Large", base_url="http://127.0.0.1:1/v1", model="l")


@pytest.fixture
def ben() -> Rest:
    return Rest(cast.ben())


def opened(rest: Rest, *models: ModelConfig, **fields: Any) -> dict[str, Any]:
    response = rest.post("/conversations", {"model_ids": [m.pk for m in models], **fields})
    assert response.status_code == 201, response.content
    body: dict[str, Any] = response.json()
    return body


def asked(rest: Rest, conversation: dict[str, Any], content: str = "Hi", **more: Any) -> str:
    response = rest.post(
        f"/conversations/{conversation['id']}/messages", {"content": content, **more}
    )
    assert response.status_code == 202, response.content
    turn_id: str = response.json()["turn_id"]
    return turn_id


def end(turn_id: str, *texts: str | None) -> None:
    """End a turn: each slot with its text, or failed."""
    for slot, text in enumerate(texts):
        Answer.objects.filter(turn__pk=turn_id, slot=slot, is_current=True).update(
            attempt=1,
            status="failed" if text is None else "done",
            error_code="PROVIDER_TIMEOUT" if text is None else "",
            text=text or "",
        )
    Turn.objects.filter(pk=turn_id).update(finished_at=clock.now())


# --- Conversations ---


def test_a_conversation_is_opened_changed_and_listed(
    ben: Rest, small: ModelConfig, large: ModelConfig
) -> None:
    made = opened(ben, small, small, title="Tone", tags=["A"], metadata={"x": 1})
    assert (made["model_ids"], made["tags"]) == ([small.pk, small.pk], ["a"])
    path = f"/conversations/{made['id']}"
    changed = ben.call(
        "PATCH", path, {"title": "Words", "model_ids": [large.pk], "tags": ["b"], "archived": True}
    ).json()
    assert (changed["title"], changed["model_ids"], changed["tags"]) == ("Words", [large.pk], ["b"])
    assert changed["metadata"] == {"x": 1}
    assert changed["archived_at"]
    assert ben.get(path).json() == changed
    assert ben.get("/conversations").json() == {"results": [], "next": None}
    assert ben.get("/conversations?archived=true").json()["results"] == [changed]
    assert ben.call("PATCH", path, {"archived": False}).json()["archived_at"] is None


def test_an_opening_sent_again_opens_nothing(
    ben: Rest, small: ModelConfig, large: ModelConfig
) -> None:
    body = {"model_ids": [small.pk], "title": "Tone", "client_conversation_id": "once"}
    first, again = ben.post("/conversations", body), ben.post("/conversations", body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    for other in ({"title": "Words"}, {"model_ids": [large.pk]}, {"metadata": {"x": 1}}):
        refused = ben.post("/conversations", {**body, **other})
        assert code(refused) == (409, "CONFLICT")
    assert Conversation.objects.count() == ChatSession.objects.count() == 1
    small.enabled = False
    small.save()
    assert ben.post("/conversations", body).status_code == 200, "what was opened stays opened"


def test_an_id_of_an_opening_is_its_senders_own(ben: Rest, small: ModelConfig) -> None:
    body = {"model_ids": [small.pk], "client_conversation_id": "once"}
    mine = ben.post("/conversations", body).json()["id"]
    theirs = Rest(cast.ada()).post("/conversations", body)
    assert theirs.status_code == 201
    assert theirs.json()["id"] != mine
    assert len({opened(ben, small)["id"] for _ in range(2)}) == 2, "without an id nothing is one"


@pytest.mark.parametrize(
    "odd", [{"title": "\ud800"}, {"metadata": {"n": 2**70}}, {"system_prompt": "a\0b"}]
)
def test_an_odd_opening_with_an_id_is_refused_like_one_without(
    ben: Rest, small: ModelConfig, odd: dict[str, Any]
) -> None:
    body = {"model_ids": [small.pk], **odd}
    for one in (body, {**body, "client_conversation_id": "odd"}):
        answer = ben.call("POST", "/conversations", json.dumps(one).encode())
        assert code(answer) == (400, "VALIDATION_FAILED")


@pytest.mark.parametrize("wrong", ["", "two words", "é", "x" * 65, 7])
def test_a_bad_id_of_an_opening_is_refused(ben: Rest, small: ModelConfig, wrong: Any) -> None:
    body = {"model_ids": [small.pk], "client_conversation_id": wrong}
    answer = ben.post("/conversations", body)
    if wrong == 7:  # a number is taken as its digits, as everywhere
        assert answer.status_code == 201
        return
    assert code(answer) == (400, "VALIDATION_FAILED")
    assert answer.json()["errors"][0]["field"] == "client_conversation_id"


@pytest.mark.django_db(transaction=True)
def test_the_same_opening_at_the_same_moment_is_one_conversation(small: ModelConfig) -> None:
    viewer, start = Viewer.of(cast.ben()), threading.Barrier(6)

    def open_it(_: int) -> turns.Opened:
        try:
            start.wait(60)
            return turns.open_conversation(
                viewer=viewer, model_ids=[small.pk], client_conversation_id="once"
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(open_it, range(6)))
    assert len({one.conversation.pk for one in made}) == 1
    assert sum(one.created for one in made) == 1
    assert ChatSession.objects.count() == 1


def test_a_pick_and_other_settings_are_changes_that_others_hear_of(
    ben: Rest, small: ModelConfig
) -> None:
    talk = opened(ben, small)
    path = f"/conversations/{talk['id']}"

    def version() -> int:
        return int(ben.get(path).json()["version"])

    turn_id = asked(ben, talk)
    end(turn_id, "Hello")
    before = version()
    assert ben.post(f"/turns/{turn_id}/pick", {"slot": 0}).status_code == 200
    picked = version()
    assert picked > before
    ben.post(f"/turns/{turn_id}/pick", {"slot": 0})
    assert version() == picked, "nothing changed"
    ben.call("PATCH", path, {"system_prompt": "Be brief."})
    assert version() > picked


def test_changes_at_the_same_moment_take_nothing_back(
    ben: Rest, small: ModelConfig, large: ModelConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened(ben, small, system_prompt="Be brief.")
    at = f"/conversations/{one['id']}"
    describe = actions.describe
    others = [lambda: ben.call("PATCH", at, {"system_prompt": "Be kind."})]

    def after_another(**given: Any) -> ChatSession:
        while others:
            assert others.pop()().status_code == 200
        return describe(**given)

    monkeypatch.setattr(actions, "describe", after_another)
    ben.call("PATCH", at, {"model_ids": [large.pk]})
    stored = Conversation.objects.get()
    assert (stored.model_ids, stored.system_prompt) == ([large.pk], "Be kind.")


def test_the_list_is_paged_and_searched(ben: Rest, small: ModelConfig) -> None:
    made = [opened(ben, small, title=f"Talk {n}", tags=["odd"] if n % 2 else []) for n in range(5)]
    asked(ben, made[0], "Where is the lighthouse?")
    seen, cursor = [], ""
    while cursor is not None:
        page = ben.get(f"/conversations?limit=2{cursor and f'&cursor={cursor}'}").json()
        seen += [one["title"] for one in page["results"]]
        cursor = page["next"]
    assert seen == ["Talk 0", "Talk 4", "Talk 3", "Talk 2", "Talk 1"]

    def titles(query: str) -> set[str]:
        found = ben.get(f"/conversations?{query}").json()["results"]
        return {one["title"] for one in found}

    assert titles("tag=odd") == {"Talk 1", "Talk 3"}
    assert titles("q=lighthouse") == {"Talk 0"}
    assert titles("q=talk%203") == {"Talk 3"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "model_ids"),
        ({"model_ids": []}, "model_ids"),
        ({"model_ids": "all"}, "model_ids"),
        ({"model_ids": [1] * 7}, "model_ids"),
        ({"model_ids": [1], "title": "x" * 201}, "title"),
        ({"model_ids": [1], "tags": [""]}, "tags.0"),
        ({"model_ids": [1], "metadata": []}, "metadata"),
    ],
)
def test_a_bad_conversation_is_refused(ben: Rest, body: dict[str, Any], field: str) -> None:
    response = ben.post("/conversations", body)
    assert code(response) == (400, "VALIDATION_FAILED")
    assert response.json()["errors"][0]["field"] == field


def test_unknown_and_disabled_models_are_not_found(ben: Rest, small: ModelConfig) -> None:
    assert code(ben.post("/conversations", {"model_ids": [999]})) == (404, "MODEL_NOT_FOUND")
    made = opened(ben, small)
    ModelConfig.objects.update(enabled=False)
    path = f"/conversations/{made['id']}/messages"
    assert code(ben.post(path, {"content": "Hi"})) == (404, "MODEL_NOT_FOUND")
    assert not Message.objects.exists()


def test_customers_use_no_models(small: ModelConfig, ben: Rest) -> None:
    vic = Rest(cast.vic())
    body = {"model_ids": [small.pk]}
    assert code(vic.post("/conversations", body)) == (403, "PERMISSION_DENIED")
    assert code(vic.get("/conversations")) == (403, "PERMISSION_DENIED")
    path = f"/conversations/{opened(ben, small)['id']}"
    assert code(vic.get(path)) == (404, "CONVERSATION_NOT_FOUND")
    assert code(vic.post(f"{path}/messages", {"content": "x"})) == (404, "CONVERSATION_NOT_FOUND")


def test_a_conversation_is_its_openers_alone(small: ModelConfig, ben: Rest) -> None:
    made = opened(ben, small)
    turn = asked(ben, made)
    path = f"/conversations/{made['id']}"
    bea, ada = Rest(cast.bea()), Rest(cast.ada())
    for method, where in [
        ("GET", path),
        ("PATCH", path),
        ("DELETE", path),
        ("GET", f"{path}/messages"),
        ("POST", f"{path}/messages"),
    ]:
        assert code(bea.call(method, where, {})) == (404, "CONVERSATION_NOT_FOUND")
    assert code(bea.get(f"/turns/{turn}")) == (404, "NOT_FOUND")
    for deed in ("stop", "pick", "retry"):
        assert code(bea.post(f"/turns/{turn}/{deed}", {"slot": 0})) == (404, "NOT_FOUND")
    assert bea.get("/conversations").json()["results"] == []
    assert ada.get(path).status_code == 200
    assert code(Rest().get(path))[0] == 401


def test_an_api_key_of_staff_asks(small: ModelConfig) -> None:
    _, secret = make_api_key(name="crm", user=cast.ben(), scope="write")
    rest = Rest()
    rest._headers = {"Authorization": f"Api-Key {secret}"}
    assert asked(rest, opened(rest, small))


def test_a_support_session_is_no_conversation(ben: Rest, small: ModelConfig) -> None:
    kernel.team("support", cast.ben(), is_default=True)
    chat = kernel.chat(cast.vic())
    assert code(ben.get(f"/conversations/{chat.pk}")) == (404, "CONVERSATION_NOT_FOUND")


# --- Asking ---


def test_a_question_makes_a_turn_and_queued_answers(
    ben: Rest,
    small: ModelConfig,
    large: ModelConfig,
    woken: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:
    made = opened(ben, small)
    with django_capture_on_commit_callbacks(execute=True):
        turn_id = asked(
            ben, made, "What now?", model_ids=[large.pk, small.pk, large.pk],
            params={"temperature": 0.5},
        )  # fmt: skip
    rows = list(Answer.objects.filter(turn__pk=turn_id).order_by("slot"))
    assert [(row.slot, row.model_id, row.status, row.purpose) for row in rows] == [
        (0, large.pk, "queued", "compare"),
        (1, small.pk, "queued", "compare"),
        (2, large.pk, "queued", "compare"),
    ]
    assert rows[0].params == {"temperature": 0.5}
    assert [job.id for job in woken] == [row.pk for row in rows]
    turn = ben.get(f"/turns/{turn_id}").json()
    assert (turn["status"], turn["results"][1]["model"]["name"]) == ("running", "Small")
    shown = ben.get(f"/conversations/{made['id']}").json()
    assert (shown["running_turn_id"], shown["title"]) == (turn_id, "What now?")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "content"),
        ({"content": " "}, "content"),
        ({"content": "x" * 16_001}, "content"),
        ({"content": "x\0"}, "content"),
        ({"content": "x", "model_ids": []}, "model_ids"),
        ({"content": "x", "params": {"temperature": 9}}, "params.temperature"),
        ({"content": "x", "client_msg_id": "ä"}, "client_msg_id"),
    ],
)
def test_a_bad_question_is_refused(
    ben: Rest, small: ModelConfig, body: dict[str, Any], field: str
) -> None:
    response = ben.post(f"/conversations/{opened(ben, small)['id']}/messages", body)
    assert code(response) == (400, "VALIDATION_FAILED")
    assert response.json()["errors"][0]["field"] == field
    assert not Turn.objects.exists()


def test_the_same_client_id_is_the_same_turn(ben: Rest, small: ModelConfig) -> None:
    made = opened(ben, small)
    first = asked(ben, made, client_msg_id="a")
    assert asked(ben, made, client_msg_id="a") == first
    end(first, "Hello")
    assert asked(ben, made, client_msg_id="a") == first
    other = ben.post(
        f"/conversations/{made['id']}/messages", {"content": "Else", "client_msg_id": "a"}
    )
    assert code(other) == (409, "CONFLICT")
    assert Answer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_five_times_at_once_is_one_turn(ben: Rest, small: ModelConfig) -> None:
    made = opened(ben, small)
    start = threading.Barrier(5)
    got: list[str] = []

    def send() -> None:
        start.wait()
        got.append(asked(Rest(cast.ben()), made, client_msg_id="a"))
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 5
    assert len(set(got)) == 1
    assert (Turn.objects.count(), Answer.objects.count()) == (1, 1)


def test_a_question_while_a_turn_runs_is_a_conflict(ben: Rest, small: ModelConfig) -> None:
    made = opened(ben, small)
    first = asked(ben, made)
    again = ben.post(f"/conversations/{made['id']}/messages", {"content": "And?"})
    assert code(again) == (409, "CONFLICT")
    assert Message.objects.count() == 1
    end(first, "Hello")
    assert asked(ben, made, "And?")


def test_questions_are_limited(ben: Rest, small: ModelConfig, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "turn_user": (1, 60)}
    made = opened(ben, small)
    asked(ben, made)
    refused = ben.post(f"/conversations/{made['id']}/messages", {"content": "x"})
    assert code(refused) == (429, "RATE_LIMITED")
    assert int(refused["Retry-After"]) > 0


@pytest.mark.parametrize("limit", ["LLM_USER_SLOTS", "LLM_MODEL_QUEUE"])
def test_too_many_open_answers_are_refused_before_any_model_is_asked(
    ben: Rest, small: ModelConfig, settings: Any, woken: list[Any], limit: str
) -> None:
    if limit == "LLM_MODEL_QUEUE":  # one may be asked at once, and one may wait
        ModelConfig.objects.update(max_parallel=1)
        settings.LLM_MODEL_QUEUE = 1
    else:
        settings.LLM_USER_SLOTS = 2
    asked(ben, opened(ben, small, small))
    woken.clear()
    made = opened(ben, small)
    refused = ben.post(f"/conversations/{made['id']}/messages", {"content": "x"})
    assert code(refused) == (429, "RATE_LIMITED")
    assert int(refused["Retry-After"]) > 0
    assert (Turn.objects.count(), woken) == (1, [])
    assert not Message.objects.filter(session=made["id"]).exists()


# --- History ---


def test_history_holds_each_turns_results(
    ben: Rest, small: ModelConfig, large: ModelConfig
) -> None:
    made = opened(ben, small, large)
    path = f"/conversations/{made['id']}/messages"
    for number in range(3):
        end(asked(ben, made, f"Q{number}"), f"A{number}", None)
    page = ben.get(path).json()
    assert page["next"] is None
    assert [(line["content"], line["turn"]["results"][0]["text"]) for line in page["results"]] == [
        ("Q0", "A0"), ("Q1", "A1"), ("Q2", "A2"),
    ]  # fmt: skip
    good, bad = page["results"][0]["turn"]["results"]
    assert good["model"] == {"id": small.pk, "name": "Small"}
    assert (good["status"], good["error"]) == ("done", None)
    assert (bad["status"], bad["error"]["code"]) == ("failed", "PROVIDER_TIMEOUT")
    first = ben.get(f"{path}?order=desc&limit=2").json()
    assert [line["content"] for line in first["results"]] == ["Q2", "Q1"]
    rest = ben.get(f"{path}?order=desc&limit=2&cursor={first['next']}").json()
    assert ([line["content"] for line in rest["results"]], rest["next"]) == (["Q0"], None)
    assert code(ben.get(f"{path}?cursor=x")) == (400, "VALIDATION_FAILED")


def test_a_blind_turn_hides_names_until_one_is_picked(ben: Rest, small: ModelConfig) -> None:
    made = opened(ben, small, small)
    turn_id = asked(ben, made, blind=True)
    end(turn_id, "One", "Two")
    before = ben.get(f"/conversations/{made['id']}/messages").content.decode()
    assert "Small" not in before
    picked = ben.post(f"/turns/{turn_id}/pick", {"slot": 1}).json()
    assert [one["model"]["name"] for one in picked["results"]] == ["Small", "Small"]
    assert picked["picked_slot"] == 1


# --- Deciding ---


def test_a_pick_may_be_changed_until_the_next_question(
    ben: Rest, small: ModelConfig, large: ModelConfig
) -> None:
    made = opened(ben, small, large)
    first = asked(ben, made)
    end(first, "One", "Two")
    for slot in (0, 1):
        assert ben.post(f"/turns/{first}/pick", {"slot": slot}).json()["picked_slot"] == slot
    asked(ben, made, "And?")
    assert code(ben.post(f"/turns/{first}/pick", {"slot": 0})) == (409, "CONFLICT")
    assert Turn.objects.get(pk=first).picked_slot == 1


@pytest.mark.parametrize("body", [{}, {"slot": 2}, {"slot": 1}, {"slot": "x"}, {"slot": -1}])
def test_only_an_answer_is_picked(ben: Rest, small: ModelConfig, body: dict[str, Any]) -> None:
    turn_id = asked(ben, opened(ben, small, small))
    end(turn_id, "One", None)
    assert code(ben.post(f"/turns/{turn_id}/pick", body)) == (400, "VALIDATION_FAILED")


def test_stopping_twice_or_after_the_end_changes_nothing(ben: Rest, small: ModelConfig) -> None:
    turn_id = asked(ben, opened(ben, small, small))
    one = ben.post(f"/turns/{turn_id}/stop", {"slot": 1})
    assert [r["status"] for r in one.json()["results"]] == ["queued", "stopped"]
    both = ben.post(f"/turns/{turn_id}/stop").json()
    assert [r["status"] for r in both["results"]] == ["stopped", "stopped"]
    assert both["status"] == "done"
    again = ben.post(f"/turns/{turn_id}/stop")
    assert (again.status_code, again.json()) == (200, both)
    assert code(ben.post(f"/turns/{turn_id}/stop", {"slot": 9})) == (400, "VALIDATION_FAILED")


def test_a_retry_asks_what_failed_and_keeps_the_old_record(
    ben: Rest, small: ModelConfig, large: ModelConfig
) -> None:
    made = opened(ben, small, large)
    turn_id = asked(ben, made)
    end(turn_id, "One", None)
    again = ben.post(f"/turns/{turn_id}/retry")
    assert again.status_code == 202
    assert [r["status"] for r in again.json()["results"]] == ["done", "queued"]
    assert again.json()["status"] == "running"
    assert Answer.objects.filter(turn__pk=turn_id, is_current=False).count() == 1
    end(turn_id, "One", "Two")
    assert code(ben.post(f"/turns/{turn_id}/retry")) == (409, "CONFLICT")


def test_asking_the_picked_slot_again_takes_the_pick_back(ben: Rest, small: ModelConfig) -> None:
    made = opened(ben, small)
    turn_id = asked(ben, made)
    end(turn_id, "One")
    ben.post(f"/turns/{turn_id}/pick", {"slot": 0})
    assert ben.post(f"/turns/{turn_id}/retry", {"slot": 0}).json()["picked_slot"] is None
    end(turn_id, "Two")
    asked(ben, made, "And?")
    assert code(ben.post(f"/turns/{turn_id}/retry", {"slot": 0})) == (409, "CONFLICT")


# --- Forgetting ---


def test_a_deleted_conversation_leaves_figures_and_no_words(ben: Rest, small: ModelConfig) -> None:
    made = opened(ben, small, title="Secret title", metadata={"k": "secret"})
    end(asked(ben, made, "Secret question"), "Secret answer")
    Answer.objects.update(total_tokens=17)
    running = asked(ben, made, "Secret again")
    Answer.objects.filter(turn__pk=running).update(status="running", attempt=1, text="Secret half")
    path = f"/conversations/{made['id']}"
    assert ben.call("DELETE", path).status_code == 204
    assert code(ben.get(path)) == (404, "CONVERSATION_NOT_FOUND")
    assert code(ben.get(f"/turns/{running}")) == (404, "NOT_FOUND")
    assert code(ben.get(f"/chat/sessions/{made['id']}")) == (404, "SESSION_NOT_FOUND")
    assert not Conversation.objects.exists()
    assert [a.text for a in Answer.objects.all()] == ["", ""]
    assert Answer.objects.filter(total_tokens=17).count() == 1
    words = [*Message.objects.values_list("content", flat=True)]
    session = ChatSession.objects.get()
    assert "ecret" not in f"{words}{session.title}{session.metadata}"
    # Its worker is still at it, and comes too late.
    answer = Answer.objects.get(turn__pk=running)
    assert answer.status == "stopped"
    assert not close(answer.pk, 1, "done", text="Secret late")


# --- Help for agents ---


@pytest.fixture
def chat(ben: Rest) -> ChatSession:
    kernel.team("support", cast.ben(), is_default=True)
    return kernel.chat(cast.vic())


def about(user: User, chat: ChatSession, kind: str, *models: ModelConfig, **given: Any) -> Turn:
    return turns.ask_about(
        viewer=Viewer.of(user),
        session_id=chat.pk,
        kind=kind,
        input=given,
        model_ids=[model.pk for model in models],
    )


def test_help_with_a_chat_is_a_turn_without_a_message(
    chat: ChatSession, small: ModelConfig, ben: Rest
) -> None:
    draft = about(cast.ben(), chat, "draft", small, small, instruction="Be brief")
    rewrite = about(cast.ben(), chat, "rewrite", small, text="Hi", how="shorter")
    purposes = Answer.objects.order_by("created_at", "slot").values_list("turn", "purpose")
    assert list(purposes) == [(draft.pk, "draft")] * 2 + [(rewrite.pk, "assist")]
    assert not Message.objects.filter(session=chat).exists()
    assert ben.get(f"/turns/{draft.pk}").json()["input"] == {"instruction": "Be brief"}


def test_help_is_for_who_works_on_the_chat(chat: ChatSession, small: ModelConfig) -> None:
    draft = about(cast.ben(), chat, "draft", small)
    for stranger in (cast.vic(), cast.mia(), cast.bea()):
        assert code(Rest(stranger).get(f"/turns/{draft.pk}")) == (404, "NOT_FOUND")
        with pytest.raises((SessionNotFound, PermissionDenied)):
            about(stranger, chat, "draft", small)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("compare", {}),
        ("poem", {}),
        ("summary", {"text": "x"}),
        ("rewrite", {"text": " ", "how": "shorter"}),
        ("rewrite", {"text": "x", "how": "louder"}),
        ("draft", {"instruction": 5}),
    ],
)
def test_help_of_another_kind_is_refused(
    chat: ChatSession, small: ModelConfig, kind: str, given: dict[str, Any]
) -> None:
    with pytest.raises(ValidationFailed):
        about(cast.ben(), chat, kind, small, **given)
    assert not Turn.objects.exists()

"""Questions to several models at once, grounded replies and drafts, against both real servers."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from accounts.viewer import Viewer
from llm import answers, turns
from llm.knowledge import actions as knowledge
from llm.limits import breakers
from llm.models import Answer, Breaker, ModelConfig, Turn
from sessions_app import actions
from sessions_app.models import Message, SenderKind
from tests import cast
from tests.kernel import Rest
from tests.llm.desk import Desk
from tests.llm.real import servers
from tests.llm.real.servers import LLAMA_MODEL, PROXY_KEY, ModelServer
from tests.llm.stage import Stage
from tests.sse import Event, Page

HELLO = "Hello. 你好，这里是客服。"
REFUNDS = "We refund within 3 working days of your return reaching our warehouse."
LONG = {"temperature": 0.0, "max_tokens": 400}


@pytest.fixture(autouse=True)
def _patient(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.llm.desk.PATIENCE_S", 90.0)
    monkeypatch.setattr("tests.sse.PATIENCE_S", 90.0)
    settings.KNOWLEDGE_BUDGET_S = 5.0


def behind(proxy: ModelServer, name: str, **fields: Any) -> ModelConfig:
    """A model at the proxy."""
    model = ModelConfig(name=name, base_url=proxy.base_url, model=name, **fields)
    model.set_api_key(PROXY_KEY)
    model.save()
    return model


def at(server: ModelServer, name: str = "Gemma", **fields: Any) -> ModelConfig:
    """The small model at its own server."""
    params = {"default_params": {"temperature": 0.0, "max_tokens": 60}} | fields
    return ModelConfig.objects.create(
        name=name, base_url=server.base_url, model=LLAMA_MODEL, **params
    )


def until(stage: Stage, turn: Turn, page: Page, slot: int, chunks: int = 5) -> None:
    """Follow a turn until a slot has said something."""
    with stage.stream(turn, last_event_id=page.last_id) as stream:
        for event in stream:
            page.show(event)
            assert slot not in page.finals, page.finals[slot]
            if page.seqs.get(slot, 0) >= chunks:
                return
    raise AssertionError("the stream ended before the slot said so much")


def serves_within(server: ModelServer, seconds: float) -> float:
    """How long a short question takes at a server that answers one at a time."""

    began = time.monotonic()
    body = {"model": LLAMA_MODEL, "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}
    httpx.post(f"{server.base_url}/chat/completions", json=body, timeout=90).raise_for_status()
    took = time.monotonic() - began
    assert took < seconds
    return took


# --- Side by side ---


def test_models_of_every_temper_side_by_side(
    stage: Stage, litellm: ModelServer, llama: ModelServer
) -> None:
    ok, slow = behind(litellm, "mock-ok"), behind(litellm, "mock-slow")
    limited, broken = behind(litellm, "mock-429"), behind(litellm, "mock-500")
    turn = stage.ask(ok, limited, slow, at(llama), broken, ok)
    events: list[Event] = []
    page = Page()
    with stage.stream(turn) as stream:
        for event in stream:
            events.append(event)
            page.show(event)
    stage.bench.settle(turn)
    rows = stage.bench.slots(turn)
    assert [row.status for row in rows] == ["done", "failed", "done", "done", "failed", "done"]
    assert [rows[slot].error_reason for slot in (1, 4)] == ["rate_limited", "upstream"]
    assert (rows[0].text, rows[5].text, rows[2].text) == (HELLO, HELLO, "slow but fine")
    assert [page.texts.get(row.slot or 0, "") for row in rows] == [row.text for row in rows]
    assert [rows[slot].usage_source for slot in (0, 3)] == ["provider", "estimated"]
    assert page.done is not None
    assert (page.done.data["models_succeeded"], page.done.data["models_failed"]) == (4, 2)
    # What is ready does not wait for who takes four seconds to begin.
    first_of_slow = next(n for n, one in enumerate(events) if one.data.get("slot") == 2)
    ended = [one.data["slot"] for one in events[:first_of_slow] if one.kind in ("final", "error")]
    assert {0, 1, 5} <= set(ended)


def test_one_slot_is_stopped_in_mid_stream_and_asked_again(
    stage: Stage, litellm: ModelServer, llama: ModelServer
) -> None:
    long = at(llama, default_params=LONG)
    turn, page = stage.ask(long, behind(litellm, "mock-ok")), Page()
    until(stage, turn, page, 0)
    assert Rest(stage.ben).post(f"/turns/{turn.pk}/stop", {"slot": 0}).status_code == 200
    print(f"\nserved again after {serves_within(llama, 6):.2f} s")
    stage.read(turn, page)
    stage.bench.settle(turn)
    stopped, fine = stage.bench.slots(turn)
    assert (stopped.status, fine.status, fine.text) == ("stopped", "done", HELLO)
    assert stopped.text
    assert page.shown() == [stopped.text, HELLO]
    assert (stopped.usage_source, stopped.completion_tokens or 0) > ("estimated", 0)

    long.default_params = {"temperature": 0.0, "max_tokens": 30}
    long.save()
    answers.retry_slots(turn_id=turn.pk, slot=0)
    stage.bench.wake(turn)
    stage.read(turn, page)
    stage.bench.settle(turn)
    again = stage.bench.slots(turn)[0]
    assert (again.status, again.attempt) == ("done", 2)
    assert page.shown() == [again.text, HELLO]
    assert page.kinds.count("reset") == 1


def test_a_stop_while_the_prompt_is_read_ends_the_slot(stage: Stage, llama: ModelServer) -> None:
    model = at(llama, default_params=LONG)
    talk = turns.open_conversation(viewer=stage.viewer, model_ids=[model.pk])
    content = "The coat is green and the boots are brown. " * 60
    turn = turns.ask(
        viewer=stage.viewer, conversation_id=talk.conversation.pk, content=content
    ).turn
    stage.bench.wake(turn)
    stage.bench.until(lambda: stage.bench.statuses(turn) == ["running"])
    began = time.monotonic()
    answers.stop_slots(turn_id=turn.pk)
    stage.bench.until(lambda: stage.bench.finished(turn))
    print(f"\nstopped after {time.monotonic() - began:.2f} s")
    (slot,) = stage.bench.slots(turn)
    assert (slot.status, slot.text) == ("stopped", "")


def test_a_slot_whose_server_is_killed_keeps_its_part_and_the_breaker_counts(
    stage: Stage, litellm: ModelServer
) -> None:
    with servers.llama() as mortal:
        gemma = at(mortal, default_params=LONG)
        turn, page = stage.ask(gemma, behind(litellm, "mock-ok")), Page()
        until(stage, turn, page, 0, chunks=10)
        mortal.kill()
        stage.read(turn, page)
    stage.bench.settle(turn)
    failed, fine = stage.bench.slots(turn)
    assert (failed.status, failed.error_code) == ("failed", "PROVIDER_ERROR")
    assert (fine.status, fine.text) == ("done", HELLO)
    assert failed.text
    assert page.shown() == [failed.text, HELLO]
    counted = Breaker.objects.get(pk=breakers.key_of(gemma))
    assert [reason for _, reason in counted.failures] == ["truncated"]
    with servers.llama() as reborn:
        gemma.base_url, gemma.default_params = reborn.base_url, {"max_tokens": 20}
        gemma.save()
        answers.retry_slots(turn_id=turn.pk)
        stage.bench.wake(turn)
        stage.read(turn, page)
    stage.bench.settle(turn)
    assert stage.bench.statuses(turn) == ["done", "done"]
    assert page.shown() == stage.bench.texts(turn)


def test_a_model_frozen_in_mid_answer_stalls_its_slot_and_thawed_changes_nothing(
    stage: Stage, litellm: ModelServer, llama: ModelServer, settings: Any
) -> None:
    settings.LLM_DEADLINES = {**settings.LLM_DEADLINES, "gap": 2.0, "first_content": 60.0}
    turn, page = stage.ask(at(llama, default_params=LONG), behind(litellm, "mock-ok")), Page()
    until(stage, turn, page, 0)
    with llama.frozen():
        stage.read(turn, page)
        stage.bench.settle(turn)
        before = stage.bench.slots(turn)[0]
        assert (before.status, before.error_reason) == ("failed", "stalled")
    serves_within(llama, 30)
    after = stage.bench.slots(turn)[0]
    assert (after.text, after.status) == (before.text, before.status)
    assert page.shown() == [before.text, HELLO]


def test_what_does_not_fit_is_a_failure_and_never_an_empty_answer(
    stage: Stage, llama: ModelServer, settings: Any
) -> None:
    settings.LLM_CONTEXT_CHARS = 60_000
    talk = turns.open_conversation(viewer=stage.viewer, model_ids=[at(llama).pk])
    content = "the coat is green and " * 700
    turn = turns.ask(
        viewer=stage.viewer, conversation_id=talk.conversation.pk, content=content
    ).turn
    stage.bench.wake(turn)
    page = stage.read(turn)
    stage.bench.settle(turn)
    (slot,) = stage.bench.slots(turn)
    assert slot.status == "failed"
    assert slot.error_reason in ("empty", "context_length", "reset")
    assert page.finals[0].kind == "error"


# --- Replies and drafts ---


def test_a_silent_model_is_asked_once_and_the_spare_one_answers(
    desk: Desk, litellm: ModelServer, llama: ModelServer, settings: Any
) -> None:
    settings.LLM_DEADLINES = {**settings.LLM_DEADLINES, "first_content": 2.0}
    ModelConfig.objects.update(base_url=llama.base_url, model=LLAMA_MODEL)
    spare = behind(litellm, "mock-ok")
    with llama.frozen():
        session = desk.chat("Do you sell coats?")
        desk.settle(session)
    assert desk.answers(session) == [HELLO]
    (answer,) = desk.records(session)
    assert (answer.status, answer.model_id, answer.attempt) == ("done", spare.pk, 1)


def test_an_answer_cites_the_passage_it_rests_on(desk: Desk, litellm: ModelServer) -> None:
    admin = Viewer.of(cast.ada())
    draft = knowledge.create_article(viewer=admin, title="When do I get my refund?", body=REFUNDS)
    article = knowledge.publish_article(viewer=admin, article_id=draft.pk)
    ModelConfig.objects.all().delete()
    behind(litellm, "mock-cites", is_default=True)
    session = desk.chat("When will I get my refund?")
    desk.settle(session)
    message = Message.objects.get(session=session, sender_kind=SenderKind.ASSISTANT)
    assert message.content == "Within 3 working days. Anything else?"
    (citation,) = message.metadata["citations"]
    assert (citation["n"], citation["article_id"], citation["quote"]) == (1, article.pk, REFUNDS)
    other = desk.chat("Who won the world cup in 2018?")
    desk.settle(other)
    said = Message.objects.get(session=other, sender_kind=SenderKind.ASSISTANT)
    assert "citations" not in said.metadata


def test_a_real_model_takes_passages_in_its_prompt(desk: Desk, llama: ModelServer) -> None:
    admin = Viewer.of(cast.ada())
    draft = knowledge.create_article(viewer=admin, title="When do I get my refund?", body=REFUNDS)
    knowledge.publish_article(viewer=admin, article_id=draft.pk)
    ModelConfig.objects.all().delete()
    at(llama, is_default=True, system_prompt="You sell coats.")
    session = desk.chat("When will I get my refund?")
    desk.settle(session)
    (answer,) = desk.records(session)
    assert [source["quote"] for source in answer.sources] == [REFUNDS]
    assert answer.status in (Answer.Status.DONE, Answer.Status.FAILED)


def test_drafts_of_two_models_stand_beside_each_other(
    stage: Stage, litellm: ModelServer, llama: ModelServer
) -> None:
    bench = stage.bench
    chat = bench.open()
    bench.say(chat, "My tent is torn.")
    actions.claim(viewer=bench.agent, session_id=chat.pk)
    ModelConfig.objects.all().delete()
    behind(litellm, "mock-ok", draft_weight=1)
    at(llama, draft_weight=1, default_params={"max_tokens": 30})
    before = Message.objects.filter(session=chat).count()
    turn = turns.ask_for_help(viewer=bench.agent, session_id=chat.pk, kind="draft", models=2)
    bench.wake(turn)
    page = stage.read(turn)
    bench.settle(turn)
    assert bench.statuses(turn) == ["done", "done"]
    assert page.shown() == bench.texts(turn)
    assert HELLO in bench.texts(turn)
    assert Message.objects.filter(session=chat).count() == before
    slot = bench.texts(turn).index(HELLO)
    sent = actions.post_message(viewer=bench.agent, session_id=chat.pk, content=f"{HELLO}!")
    used = turns.use_draft(
        viewer=bench.agent, turn_id=turn.pk, slot=slot, message_id=sent.message.pk
    )
    assert (used.edit_distance, used.picked_slot) == (1, slot)

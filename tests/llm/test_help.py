"""Help for an agent with an open chat: drafts by weight, and what became of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from chatsite.lib.errors import Conflict, ModelNotFound, ValidationFailed
from llm import turns
from llm.models import Answer, ModelConfig, Turn
from sessions_app import actions
from sessions_app.models import ChatSession, Message, Tag
from tests import cast
from tests.kernel import Rest, code
from tests.llm.bench import Bench
from tests.upstream import Reply, say


@pytest.fixture
def chat(bench: Bench) -> ChatSession:
    session = bench.open()
    bench.say(session, "My tent is torn.")
    actions.claim(viewer=bench.agent, session_id=session.pk)
    return session


def drafted(bench: Bench, chat: ChatSession, models: int = 1) -> Turn:
    turn = turns.ask_for_help(viewer=bench.agent, session_id=chat.pk, kind="draft", models=models)
    bench.wake(turn)
    bench.settle(turn)
    return turn


def send(bench: Bench, chat: ChatSession, text: str, **more: Any) -> Message:
    return actions.post_message(
        viewer=bench.agent, session_id=chat.pk, content=text, **more
    ).message


def test_a_draft_rests_on_the_chat_and_says_nothing_to_the_customer(
    bench: Bench, chat: ChatSession
) -> None:
    before = Message.objects.filter(session=chat).count()
    turn = drafted(bench, chat)
    assert bench.texts(turn) == ["Hello there."]
    assert bench.desk.asked() == "My tent is torn."
    assert Message.objects.filter(session=chat).count() == before


def test_models_are_drawn_by_their_weight(bench: Bench, chat: ChatSession) -> None:
    heavy, off = bench.add_model("Heavy", "h"), bench.add_model("Off", "o")
    ModelConfig.objects.filter(pk=heavy.pk).update(draft_weight=9)
    ModelConfig.objects.filter(pk=off.pk).update(draft_weight=0)
    from llm.turns.helping import _drawn

    drawn = Counter(_drawn(1)[0] for _ in range(400))
    assert set(drawn) == {bench.model.pk, heavy.pk}
    assert drawn[heavy.pk] > 3 * drawn[bench.model.pk]


def test_side_by_side_each_model_stands_once(bench: Bench, chat: ChatSession) -> None:
    bench.add_model("Other", "x")
    turn = turns.ask_for_help(viewer=bench.agent, session_id=chat.pk, kind="draft", models=4)
    assert len({answer.model_id for answer in bench.slots(turn)}) == 2


def test_without_a_model_that_takes_part_it_says_so(bench: Bench, chat: ChatSession) -> None:
    ModelConfig.objects.update(draft_weight=0)
    with pytest.raises(ModelNotFound):
        turns.ask_for_help(viewer=bench.agent, session_id=chat.pk, kind="draft")


def test_what_the_agent_made_of_a_draft_is_kept(bench: Bench, chat: ChatSession) -> None:
    turn = drafted(bench, chat)
    message = send(bench, chat, "Hello Vic.")
    used = turns.use_draft(viewer=bench.agent, turn_id=turn.pk, slot=0, message_id=message.pk)
    assert (used.sent_message, used.picked_slot) == (message, 0)
    assert used.edit_distance == 5  # three letters replaced, two dropped
    again = turns.use_draft(viewer=bench.agent, turn_id=turn.pk, slot=0, message_id=message.pk)
    assert again.picked_at == used.picked_at


def test_a_draft_becomes_one_message(bench: Bench, chat: ChatSession) -> None:
    turn = drafted(bench, chat)
    first, second = send(bench, chat, "One."), send(bench, chat, "Two.")
    turns.use_draft(viewer=bench.agent, turn_id=turn.pk, slot=0, message_id=first.pk)
    with pytest.raises(Conflict):
        turns.use_draft(viewer=bench.agent, turn_id=turn.pk, slot=0, message_id=second.pk)


def test_only_the_agents_own_later_message_counts(bench: Bench, chat: ChatSession) -> None:
    earlier = send(bench, chat, "Before.")
    turn = drafted(bench, chat)
    note = send(bench, chat, "For us.", kind="note")
    customers = Message.objects.filter(session=chat, sender_kind="customer").first()
    assert customers is not None
    Message.objects.filter(pk=earlier.pk).update(created_at="2020-01-01T00:00:00Z")
    for message in (earlier.pk, note.pk, customers.pk, "nonsense"):
        with pytest.raises(ValidationFailed):
            turns.use_draft(viewer=bench.agent, turn_id=turn.pk, slot=0, message_id=message)


def test_tags_are_those_that_exist(bench: Bench, chat: ChatSession) -> None:
    Tag.objects.create(name="damaged")
    bench.upstream.default = Reply(say('Sure: ["Damaged", "made-up"]'))
    turn = turns.ask_for_help(viewer=bench.agent, session_id=chat.pk, kind="tags")
    bench.wake(turn)
    bench.settle(turn)
    from llm.turns.queries import shown_turn

    assert shown_turn(Turn.objects.get(pk=turn.pk))["tags"] == ["damaged"]


def test_the_rest_api(bench: Bench, chat: ChatSession) -> None:
    agent = Rest(bench.desk.agent_user)
    answer = agent.post(f"/chat/sessions/{chat.pk}/help", {"kind": "draft"})
    assert answer.status_code == 202
    body = answer.json()
    assert (body["kind"], body["blind"], body["results"][0]["model"]) == ("draft", True, None)
    turn = Turn.objects.get(pk=body["id"])
    bench.wake(turn)
    bench.settle(turn)
    message = send(bench, chat, "Hello there.")
    used = agent.post(f"/turns/{turn.pk}/use", {"slot": 0, "message_id": str(message.pk)})
    assert used.status_code == 200
    assert used.json()["results"][0]["model"]["name"] == "Scripted"
    assert Turn.objects.get(pk=turn.pk).edit_distance == 0
    wrong = agent.post(f"/chat/sessions/{chat.pk}/help", {"kind": "poem"})
    assert code(wrong) == (400, "VALIDATION_FAILED")


def test_a_customers_own_chat_with_the_assistant_gets_help_and_a_comparison_does_not(
    bench: Bench, chat: ChatSession
) -> None:
    agent, vic = Rest(bench.desk.agent_user), Rest(cast.vic())
    own = vic.post("/chat/send?wait=0", {"message": "Where is my parcel?"}).json()["session_id"]
    for kind in ("draft", "summary", "tags"):
        assert agent.post(f"/chat/sessions/{own}/help", {"kind": kind}).status_code == 202
    talk = agent.post("/conversations", {"model_ids": [bench.model.pk]}).json()["id"]
    wrong = agent.post(f"/chat/sessions/{talk}/help", {"kind": "draft"})
    assert code(wrong) == (400, "VALIDATION_FAILED")


def test_customers_and_strangers_get_no_help(bench: Bench, chat: ChatSession) -> None:
    address = f"/chat/sessions/{chat.pk}/help"
    assert code(Rest(None).post(address, {"kind": "draft"})) == (401, "AUTH_TOKEN_INVALID")
    assert code(Rest(cast.vic()).post(address, {"kind": "draft"})) == (403, "PERMISSION_DENIED")
    stranger = Rest(cast.bea()).post(address, {"kind": "draft"})
    assert code(stranger) == (404, "SESSION_NOT_FOUND")
    assert not Answer.objects.filter(purpose="draft").exists()


def test_the_demo_does_what_an_agent_asks(bench: Bench, chat: ChatSession) -> None:
    from llm.demo.replies import reply_to
    from llm.models import ModelConfig as Config
    from llm.prompts import for_turn

    Tag.objects.create(name="tent")
    Tag.objects.create(name="refund")

    def said(kind: str, **input: str) -> str:
        turn = turns.ask_for_help(
            viewer=bench.agent, session_id=chat.pk, kind=kind, input=input or None
        )
        prompt = for_turn(turn, Config(name="Demo"))
        return reply_to(prompt.messages(9_000), can_hand_over=False).text

    assert "My tent is torn." in said("summary")
    assert said("tags") == '["tent"]'
    assert said("rewrite", text="One. Two.", how="shorter") == "One."
    assert "No refund." in said("rewrite", text="No refund.", how="friendlier")
    assert "cannot translate" in said("rewrite", text="Hi", how="translate", language="German")

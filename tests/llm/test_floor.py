"""An agent takes the floor while the assistant writes: random moments, no word afterwards."""

from __future__ import annotations

import asyncio
import os
import random
import time
from typing import Any

import pytest

from chatsite.lib.loopdb import LoopConnections
from llm import answers
from llm.answers.quick_replies import QuickReplies
from llm.models import Answer
from sessions_app import actions
from sessions_app.models import ChatSession, Message, MessageKind, SenderKind
from tests.llm.desk import Desk
from tests.upstream import Reply, say

INTERLEAVINGS = int(os.environ.get("INTERLEAVINGS", "200"))


def spoke_after_the_claim(session: ChatSession) -> bool:
    """Whether the assistant's message stands after the event by which an agent took the floor."""
    claimed = Message.objects.get(
        session=session, kind=MessageKind.EVENT, metadata__event="claimed"
    )
    return Message.objects.filter(
        session=session, sender_kind=SenderKind.ASSISTANT, seq__gt=claimed.seq
    ).exists()


def test_the_checker_sees_a_word_after_the_claim(desk: Desk) -> None:
    session = desk.open()
    actions.claim(viewer=desk.agent, session_id=session.pk)
    assert not spoke_after_the_claim(session)
    session.refresh_from_db()
    Message.objects.create(
        session=session,
        seq=session.last_seq + 1,
        prev_public_seq=session.last_seq,
        version=session.version + 1,
        sender_kind=SenderKind.ASSISTANT,
        content="I am still here",
    )
    assert spoke_after_the_claim(session)


@pytest.mark.parametrize("way", ["quick", "by_locks"])
def test_no_word_of_the_assistant_after_a_claim(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, way: str
) -> None:
    if way == "by_locks":
        request.getfixturevalue(way)
    elif not LoopConnections.are_possible():
        pytest.skip("the loop cannot use this database")
    chance = random.Random(20261121)
    finish, quick = answers.finish, QuickReplies._finish

    def dawdling(*args: Any, **kwargs: Any) -> Any:
        # More claims than by chance fall between the last word and the commit.
        time.sleep(chance.uniform(0, 0.02))
        return finish(*args, **kwargs)

    async def dawdling_quick(self: QuickReplies, wholes: Any) -> Any:
        await asyncio.sleep(chance.uniform(0, 0.02))
        return await quick(self, wholes)

    monkeypatch.setattr(answers, "finish", dawdling)
    monkeypatch.setattr(QuickReplies, "_finish", dawdling_quick)
    desk.upstream.default = Reply(say("One ", "two ", "three ", "four.", pause=0.01))
    usual = min(_seconds_to_answer(desk) for _ in range(5))
    chats: list[ChatSession] = []
    for _ in range(INTERLEAVINGS):
        chats.append(session := desk.chat("Hi"))
        time.sleep(chance.uniform(0, 2 * usual))
        if chance.random() < 0.5:
            actions.claim(viewer=desk.agent, session_id=session.pk)
        else:
            actions.post_message(
                viewer=desk.agent, session_id=session.pk, content="I am Ben, let me help."
            )
    before = after = 0
    for session in chats:
        desk.settle(session)
        assert not spoke_after_the_claim(session)
        answered = bool(desk.answers(session))
        before, after = before + answered, after + (not answered)
        assert ("done" in desk.statuses(session)) == answered
    assert not Answer.objects.filter(status__in=Answer.OPEN).exists()
    # The moments must have fallen on both sides, or this proves nothing.
    assert before >= 20
    assert after >= 20
    print(f"\nanswered before the claim: {before}, silenced by it: {after}")


def _seconds_to_answer(desk: Desk) -> float:
    began = time.monotonic()
    session = desk.chat("Hi")
    desk.until(lambda: desk.answers(session))
    return time.monotonic() - began

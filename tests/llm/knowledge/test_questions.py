"""Unanswered questions: alike ones are one, and small talk is none."""

from __future__ import annotations

import pytest

from chatsite.lib.ids import uuid7
from llm.knowledge import actions
from llm.knowledge.models import Question
from sessions_app.models import ChatSession
from tests import cast, kernel


@pytest.fixture
def chat(db: None) -> ChatSession:
    """Vic's chat with the support team."""
    kernel.team("support", cast.ben(), is_default=True)
    return kernel.chat(cast.vic())


def note(chat: ChatSession, text: str) -> Question | None:
    """A reply could not answer this."""
    return actions.note_unanswered(
        text=text, session_id=chat.pk, answer_id=uuid7(), reason="nothing"
    )


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("Do you rent tents?", "can I rent a tent"),
        ("可以租帐篷吗？", "请问可以租帐篷吗"),
    ],
)
def test_alike_questions_are_counted_together(chat: ChatSession, first: str, again: str) -> None:
    note(chat, first)
    note(chat, again)
    question = Question.objects.get()
    assert (question.text, question.count, question.askings.count()) == (first, 2, 2)


def test_other_questions_stand_alone(chat: ChatSession) -> None:
    note(chat, "Do you rent tents?")
    note(chat, "Do you sell gas stoves?")
    assert Question.objects.count() == 2


@pytest.mark.parametrize("text", ["thanks", "hello!", "你好", "ok", "👍", ""])
def test_small_talk_is_no_question(chat: ChatSession, text: str) -> None:
    assert note(chat, text) is None


def test_the_same_reply_is_noted_once(chat: ChatSession) -> None:
    reply = uuid7()
    for _ in range(2):
        actions.note_unanswered(
            text="Do you rent tents?", session_id=chat.pk, answer_id=reply, reason="weak"
        )
    assert Question.objects.get().count == 1


def test_an_answered_question_that_is_asked_again_comes_back(chat: ChatSession) -> None:
    note(chat, "Do you rent tents?")
    Question.objects.update(status="answered")
    note(chat, "Do you rent tents?")
    assert Question.objects.filter(status="open").count() == 1


def test_a_dismissed_question_stays_dismissed(chat: ChatSession) -> None:
    note(chat, "Do you rent tents?")
    Question.objects.update(status="dismissed")
    note(chat, "Do you rent tents?")
    assert Question.objects.get().status == "dismissed"


def test_questions_of_two_teams_do_not_mix(chat: ChatSession) -> None:
    note(chat, "Do you rent tents?")
    other = kernel.chat(cast.mia())
    ChatSession.objects.filter(pk=other.pk).update(team=kernel.team("sales", cast.bea()))
    note(other, "Do you rent tents?")
    assert Question.objects.count() == 2

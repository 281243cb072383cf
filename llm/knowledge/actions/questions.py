"""Questions that the knowledge does not answer: noted by replies, closed by people."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from accounts.viewer import Viewer
from chatsite.lib import clock
from llm.knowledge.access import article_for, question_for
from llm.knowledge.actions.articles import create_article
from llm.knowledge.models import Article, Asking, Question
from llm.knowledge.terms import is_chinese, tokens
from sessions_app.models import ChatSession

ALIKE = 0.6
LOOKED_AT = 500
FEWEST_TERMS = 2
LONGEST = 1_000
REMEMBERED = timedelta(days=180)


def is_question(text: str) -> bool:
    """Say whether a text asks for something that an article could hold; thanks do not."""
    return len(set(tokens(text))) >= FEWEST_TERMS


def note_unanswered(
    *, text: str, session_id: uuid.UUID, answer_id: uuid.UUID, reason: str
) -> Question | None:
    """Note that a reply could not rest on anything; joins an open question that is alike.

    What is no question (thanks, a greeting) is not noted; neither is the same reply twice.
    """
    text = " ".join(text.split())[:LONGEST]
    terms = set(tokens(text))
    if not is_question(text):
        return None
    with transaction.atomic():
        if Asking.objects.filter(answer_id=answer_id).exists():
            return None
        now = clock.now()
        language = "zh-hans" if is_chinese(text) else "en"
        team_id = ChatSession.objects.values_list("team_id", flat=True).get(pk=session_id)
        question = _alike(terms, team_id) or Question.objects.create(
            text=text, language=language, team_id=team_id, first_asked_at=now
        )
        Asking.objects.create(
            question=question,
            session_id=session_id,
            answer_id=answer_id,
            text=text,
            reason=reason,
            asked_at=now,
        )
        Question.objects.filter(pk=question.pk).update(count=F("count") + 1, last_asked_at=now)
    return question


def _alike(terms: set[str], team_id: int | None) -> Question | None:
    """The team's question of the last half year whose words are most like these, if they are alike.

    One that was dismissed stays dismissed and takes its like; one that was answered does not.
    """
    same_team = Q(team__isnull=True) if team_id is None else Q(team_id=team_id)
    recent = Question.objects.filter(
        same_team, last_asked_at__gte=clock.now() - REMEMBERED
    ).exclude(status=Question.Status.ANSWERED)
    best, found = ALIKE, None
    for question in recent.order_by("-last_asked_at")[:LOOKED_AT]:
        others = set(tokens(question.text))
        alike = len(terms & others) / max(1, len(terms | others))
        if alike >= best:
            best, found = alike, question
    return found


def write_answer(*, viewer: Viewer, question_id: object, **fields: Any) -> Article:
    """Make the draft that will answer an open question; publishing it closes the question."""
    with transaction.atomic():
        question = question_for(viewer, question_id)
        article = create_article(viewer=viewer, **fields)
        Question.objects.filter(pk=question.pk, status=Question.Status.OPEN).update(article=article)
    return article


def answer_question(*, viewer: Viewer, question_id: object, article_id: object) -> Question:
    """Close a question with the article that answers it."""
    question = question_for(viewer, question_id)
    article = article_for(viewer, article_id)
    return _close(viewer, question, Question.Status.ANSWERED, article.pk)


def dismiss_question(*, viewer: Viewer, question_id: object) -> Question:
    """Close a question that needs no article."""
    question = question_for(viewer, question_id)
    return _close(viewer, question, Question.Status.DISMISSED, None)


def reopen_question(*, viewer: Viewer, question_id: object) -> Question:
    """Put a question back on the list."""
    question = question_for(viewer, question_id)
    return _close(viewer, question, Question.Status.OPEN, None)


def _close(viewer: Viewer, question: Question, status: str, article_id: int | None) -> Question:
    is_open = status == Question.Status.OPEN
    Question.objects.filter(pk=question.pk).update(
        status=status,
        article_id=article_id,
        closed_at=None if is_open else clock.now(),
        closed_by_id=None if is_open else viewer.user_id,
    )
    return question_for(viewer, question.pk)

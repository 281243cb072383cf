"""The JSON shapes of articles, passages and questions, for staff."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from accounts.models import Team, User
from chatsite.lib import clock
from llm.knowledge.found import Found, Passage
from llm.knowledge.models import Article, ArticleVersion, Asking, Question

Payload = dict[str, Any]

EXCERPT_CHARS = 200


def article_row(article: Article) -> Payload:
    """An article as lists show it, without its text."""
    return {
        "id": article.pk,
        "title": article.title,
        "excerpt": " ".join(article.body[: EXCERPT_CHARS * 2].split())[:EXCERPT_CHARS],
        "language": article.language,
        "status": article.status,
        "audience": article.audience,
        "team": _team(article.team),
        "tags": article.tags,
        "version": article.version,
        "published_version": article.published.number if article.published else None,
        "has_changes": article.has_changes,
        "source": {
            "kind": article.source_kind,
            "url": article.source_url,
            "name": article.source_name,
            "imported_at": clock.rfc3339_or_none(article.imported_at),
        },
        "author": _person(article.author),
        "created_at": clock.rfc3339(article.created_at),
        "updated_at": clock.rfc3339(article.updated_at),
        "published_at": clock.rfc3339_or_none(article.published_at),
    }


def article(article: Article) -> Payload:
    """An article with its text."""
    return {**article_row(article), "body": article.body}


def version(kept: ArticleVersion) -> Payload:
    """A version as it was published."""
    return {
        "number": kept.number,
        "title": kept.title,
        "body": kept.body,
        "language": kept.language,
        "audience": kept.audience,
        "tags": kept.tags,
        "created_at": clock.rfc3339(kept.created_at),
        "created_by": _person(kept.created_by),
    }


def found(found: Found) -> Payload:
    """What a search came to."""
    return {
        "outcome": found.outcome.value,
        "by_meaning": found.by_meaning,
        "results": [passage(one, rank) for rank, one in enumerate(found.passages, 1)],
    }


def passage(passage: Passage, rank: int) -> Payload:
    """A passage of a search; ranks say what scores of models would only seem to."""
    return {
        "rank": rank,
        "article": {
            "id": passage.article_id,
            "title": passage.title,
            "url": passage.url,
            "version": passage.version,
            "language": passage.language,
            "audience": passage.audience,
        },
        "heading": passage.heading,
        "text": passage.text,
        "supports": passage.supports,
    }


def question(question: Question) -> Payload:
    """An unanswered question as lists show it."""
    return {
        "id": question.pk,
        "text": question.text,
        "language": question.language,
        "team": _team(question.team),
        "status": question.status,
        "count": question.count,
        "first_asked_at": clock.rfc3339(question.first_asked_at),
        "last_asked_at": clock.rfc3339(question.last_asked_at),
        "article": {"id": question.article.pk, "title": question.article.title}
        if question.article
        else None,
        "closed_at": clock.rfc3339_or_none(question.closed_at),
        "closed_by": _person(question.closed_by),
    }


def question_with(question_: Question, askings: Collection[Asking]) -> Payload:
    """A question with the latest times it was asked."""
    return {
        **question(question_),
        "askings": [
            {
                "session_id": str(asking.session_id),
                "text": asking.text,
                "reason": asking.reason,
                "asked_at": clock.rfc3339(asking.asked_at),
            }
            for asking in askings
        ],
    }


def _team(team: Team | None) -> Payload | None:
    return {"id": team.pk, "name": team.name} if team else None


def _person(user: User | None) -> Payload | None:
    return {"id": user.pk, "name": user.name} if user else None

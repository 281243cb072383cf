"""Pages of articles and questions, by keyset."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from typing import Any, TypeVar

import orjson
from django.db.models import Case, Model, Q, QuerySet, Value, When

from accounts.viewer import Viewer
from chatsite.lib.errors import ValidationFailed
from llm.knowledge import payloads
from llm.knowledge.access import article_for, question_for, require_staff
from llm.knowledge.models import Article, ArticleVersion, Question
from sessions_app.listing import as_moment

M = TypeVar("M", bound=Model)

ASKINGS_SHOWN = 50
LARGEST_ID = 2**63 - 1


def article_page(viewer: Viewer, wanted: dict[str, Any], *, reads: str = "") -> payloads.Payload:
    """Return ``{results, next}`` of articles, the last changed first.

    With `reads`, a language tag such as "en" or "zh-hans", those in that language come before.
    """
    require_staff(viewer)
    rows = Article.objects.visible_to(viewer).select_related("team", "published", "author")
    for name in ("status", "audience", "language", "source_kind"):
        if wanted.get(name):
            rows = rows.filter(**{name: wanted[name]})
    if wanted.get("team"):
        rows = rows.filter(team_id=wanted["team"])
    if words := wanted.get("q"):
        rows = rows.filter(Q(title__icontains=words) | Q(body__icontains=words))
    page, following = _page(rows, "updated_at", wanted, first=in_language(reads) if reads else None)
    return {"results": [payloads.article_row(row) for row in page], "next": following}


def in_language(tag: str) -> Q:
    """Return the condition of what is written in a language, whatever its region or script."""
    base = tag.split("-")[0]
    return Q(language__iexact=base) | Q(language__istartswith=f"{base}-")


def question_page(viewer: Viewer, wanted: dict[str, Any]) -> payloads.Payload:
    """Return ``{results, next}`` of unanswered questions, the most asked first."""
    page, following = question_rows(viewer, wanted)
    return {"results": [payloads.question(row) for row in page], "next": following}


def question_rows(viewer: Viewer, wanted: dict[str, Any]) -> tuple[list[Question], str | None]:
    """Return a page of unanswered questions, the most asked first, and the cursor behind it."""
    require_staff(viewer)
    rows = Question.objects.visible_to(viewer).select_related("team", "article", "closed_by")
    if wanted.get("status"):
        rows = rows.filter(status=wanted["status"])
    return _page(rows, "count", wanted)


def articles_named(viewer: Viewer, words: str, *, limit: int = 50) -> list[tuple[int, str]]:
    """Return id and title of articles in use or in the making whose title holds the words."""
    require_staff(viewer)
    rows = Article.objects.visible_to(viewer).exclude(status=Article.Status.ARCHIVED)
    found = rows.filter(title__icontains=words).order_by("title", "pk")
    return list(found.values_list("pk", "title")[:limit])


def question_shown(viewer: Viewer, question_id: object) -> payloads.Payload:
    """Return a question with the latest times it was asked."""
    found = question_for(viewer, question_id)
    return payloads.question_with(found, found.askings.order_by("-asked_at")[:ASKINGS_SHOWN])


def versions_of(viewer: Viewer, article_id: object) -> list[ArticleVersion]:
    """Return the kept versions of an article, the newest first."""
    article = article_for(viewer, article_id)
    return list(article.versions.select_related("created_by").order_by("-number"))


def _page(
    rows: QuerySet[M], key: str, wanted: dict[str, Any], *, first: Q | None = None
) -> tuple[list[M], str | None]:
    """A page by a falling key and the id, and the cursor behind it: a place in that order.

    What meets `first` comes before the rest.
    """
    ranked: QuerySet[Any] = rows.annotate(
        rank=Case(When(first, then=1), default=0) if first is not None else Value(0)
    )
    if wanted.get("cursor"):
        value, pk, rank = _read_cursor(wanted["cursor"], is_time=key.endswith("_at"))
        behind = Q(**{f"{key}__lt": value}) | Q(**{key: value, "pk__lt": pk})
        ranked = ranked.filter(Q(rank__lt=rank) | Q(behind, rank=rank))
    limit = wanted["limit"]
    found = list(ranked.order_by("-rank", f"-{key}", "-pk")[: limit + 1])
    page = found[:limit]
    more = len(found) > limit
    return page, _cursor(page[-1], key) if more else None


def _cursor(row: Any, key: str) -> str:
    value = getattr(row, key)
    place = value.isoformat() if isinstance(value, dt.datetime) else value
    return base64.urlsafe_b64encode(orjson.dumps([place, row.pk, row.rank])).decode()


def _read_cursor(raw: str, *, is_time: bool) -> tuple[Any, int, int]:
    try:
        value, pk, rank = orjson.loads(base64.urlsafe_b64decode(raw.encode("ascii")))
        if is_time:
            value = as_moment(value)
        elif not isinstance(value, int) or not 0 <= value <= LARGEST_ID:
            raise ValueError("not a number of this list")
        if not isinstance(pk, int) or not 0 <= pk <= LARGEST_ID or rank not in (0, 1):
            raise ValueError("not an id")
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise ValidationFailed.of("cursor", "not a cursor of this list") from None
    return value, pk, rank

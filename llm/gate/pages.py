"""Pages of cases, releases, replays and publications, by keyset."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from chatsite.lib.errors import ValidationFailed
from llm.gate.access import BIGGEST_ID
from llm.gate.models import Case, Publication, Release, Replay
from sessions_app.listing import read_cursor, write_cursor

M = TypeVar("M", bound=Model)


def cases() -> QuerySet[Case]:
    """Return cases with what their payload shows."""
    return Case.objects.select_related("created_by").prefetch_related("cites")


def releases() -> QuerySet[Release]:
    """Return releases with what their payload shows."""
    return Release.objects.select_related("model", "created_by").prefetch_related(
        "articles", "publications", "replays"
    )


def replays() -> QuerySet[Replay]:
    """Return replays with what their payload shows."""
    return Replay.objects.select_related("release", "against", "asked_by")


def publications() -> QuerySet[Publication]:
    """Return publications with what their payload shows."""
    return Publication.objects.select_related("release", "previous__release", "published_by")


def page(rows: QuerySet[M], *, limit: int, cursor: str = "") -> tuple[list[M], str | None]:
    """Return rows with a whole number as their id, the newest first, and the next cursor."""
    if cursor:
        if not (cursor.isascii() and cursor.isdecimal() and int(cursor[:20]) <= BIGGEST_ID):
            raise ValidationFailed.of("cursor", "not a cursor of this list")
        rows = rows.filter(pk__lt=int(cursor[:20]))
    found = list(rows.order_by("-pk")[: limit + 1])
    return found[:limit], str(found[limit - 1].pk) if len(found) > limit else None


def replay_page(
    rows: QuerySet[Replay], *, limit: int, cursor: str = ""
) -> tuple[list[Replay], str | None]:
    """Return replays, the newest first, and the next cursor."""
    if cursor:
        at, pk = read_cursor(cursor)
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))
    found = list(rows.order_by("-created_at", "-pk")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return found[:limit], write_cursor(last.created_at, last.pk) if last else None


def filtered(rows: QuerySet[Any], wanted: dict[str, Any], *names: str) -> QuerySet[Any]:
    """Return the rows that have what was asked for of these fields."""
    given = {name: wanted[name] for name in names if wanted.get(name) is not None}
    return rows.filter(**given)

"""What became of the customers' chats: who answered, how soon, and how well it was liked."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, DateTimeField, Exists, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.viewer import Viewer
from llm.models import Answer
from llm.stats.sql import interval_number
from llm.stats.window import Window
from sessions_app.models import ChatSession, Message, MessageKind, SenderKind, SessionKind


@dataclass
class ChatFigures:
    """Chats by when they were opened; closed and rated ones by when they were closed."""

    opened: int = 0
    assistant_replies: int = 0
    handoffs: int = 0
    closed: int = 0
    without_person: int = 0
    ratings: list[int] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)

    @property
    def deflection(self) -> float | None:
        """Closed chats in which no person wrote, of all closed; None of none."""
        return self.without_person / self.closed if self.closed else None

    @property
    def rating(self) -> float | None:
        """Mean rating, 1 to 5; None of none."""
        return statistics.fmean(self.ratings) if self.ratings else None

    @property
    def first_response_s(self) -> float | None:
        """Median seconds until a person's first answer; None of none."""
        return statistics.median(self.waits_s) if self.waits_s else None


@dataclass(frozen=True, slots=True)
class ChatUsage:
    """The window's figures, and by number those of intervals that have any."""

    everything: ChatFigures
    intervals: Mapping[int, ChatFigures]


def of(viewer: Viewer) -> QuerySet[ChatSession]:
    """Return the support chats that the viewer may see, in no order."""
    return ChatSession.objects.visible_to(viewer).filter(kind=SessionKind.SUPPORT).order_by()


def without_person(mine: QuerySet[ChatSession]) -> QuerySet[ChatSession]:
    """Of chats, those in which no person ever wrote."""
    return mine.filter(~Exists(_said_by_person().filter(session=OuterRef("pk"))))


def rated(mine: QuerySet[ChatSession]) -> QuerySet[ChatSession]:
    """Of chats, those that the customer rated."""
    return mine.filter(rating_score__isnull=False)


def answered(mine: QuerySet[ChatSession]) -> QuerySet[ChatSession]:
    """Of chats, those in which a person wrote."""
    return mine.filter(Exists(_said_by_person().filter(session=OuterRef("pk"))))


def handoffs_in(mine: QuerySet[ChatSession]) -> QuerySet[Message]:
    """Return the events in chats that a person was asked for."""
    return _handoffs().filter(session__in=mine.values("pk"))


def replies_in(mine: QuerySet[ChatSession]) -> QuerySet[Answer]:
    """Return the assistant's replies in chats."""
    replies = Answer.objects.filter(purpose=Answer.Purpose.REPLY, status=Answer.Status.DONE)
    return replies.filter(session__in=mine.values("pk")).order_by()


def chats(viewer: Viewer, window: Window) -> ChatUsage:
    """Count the support chats that the viewer may see."""
    mine = of(viewer)
    found: dict[int, ChatFigures] = {}

    def at(number: int) -> ChatFigures:
        return found.setdefault(number, ChatFigures())

    for number, count in _by(mine, window, "created_at"):
        at(number).opened = count
    for number, count in _by(without_person(mine), window, "closed_at"):
        at(number).without_person = count
    for number, count in _by(mine, window, "closed_at"):
        at(number).closed = count
    scores = _inside(rated(mine), window, "closed_at").values_list("number", "rating_score")
    for number, score in scores:
        at(number).ratings.append(score)
    for number, count in _by(replies_in(mine), window, "created_at"):
        at(number).assistant_replies = count
    for number, count in _by(handoffs_in(mine), window, "created_at"):
        at(number).handoffs = count
    for number, seconds in _waits(mine, window):
        at(number).waits_s.append(seconds)
    return ChatUsage(_sum(found), found)


def _inside(rows: QuerySet[Any], window: Window, moment: str) -> QuerySet[Any]:
    inside = {f"{moment}__gte": window.start, f"{moment}__lt": window.end}
    found: QuerySet[Any] = rows.filter(**inside).annotate(
        number=interval_number(moment, window.starts)
    )
    return found


def _by(rows: QuerySet[Any], window: Window, moment: str) -> Iterable[tuple[int, int]]:
    counted = _inside(rows, window, moment).values("number").annotate(count=Count("pk"))
    pairs: Iterable[tuple[int, int]] = counted.values_list("number", "count")
    return pairs


def _handoffs() -> QuerySet[Message]:
    return Message.objects.filter(kind=MessageKind.EVENT, metadata__event="handoff").order_by()


def _said_by_person() -> QuerySet[Message]:
    return Message.objects.filter(
        ~Q(kind__in=(MessageKind.NOTE, MessageKind.EVENT)), sender_kind=SenderKind.AGENT
    ).order_by()


def _waits(mine: QuerySet[ChatSession], window: Window) -> list[tuple[int, float]]:
    """Return, by interval of the chat's opening, how long people took to answer first.

    Counted from when a person was asked for, or else from when the chat was opened.
    """

    def first(rows: QuerySet[Message]) -> Subquery:
        of_chat = rows.filter(session=OuterRef("pk")).values("session")
        return Subquery(of_chat.annotate(at=Min("created_at")).values("at"))

    timed = _inside(mine, window, "created_at").annotate(
        answered=first(_said_by_person()),
        asked=Coalesce(first(_handoffs()), "created_at", output_field=DateTimeField()),
    )
    lines = timed.filter(answered__isnull=False).values_list("number", "asked", "answered")
    return [
        (number, max(dt.timedelta(), to - begin).total_seconds()) for number, begin, to in lines
    ]


def _sum(parts: Mapping[int, ChatFigures]) -> ChatFigures:
    whole = ChatFigures()
    for part in parts.values():
        whole.opened += part.opened
        whole.assistant_replies += part.assistant_replies
        whole.handoffs += part.handoffs
        whole.closed += part.closed
        whole.without_person += part.without_person
        whole.ratings += part.ratings
        whole.waits_s += part.waits_s
    return whole

"""What became of drafts: shown to an agent, sent or not, changed how much, and liked how well.

A draft counts when it is whole, by the moment its turn was asked for. It is *sent* once the agent
told which message was made of it. What customers made of that message is read from its chat: the
rating, if it was given after the message; whether the chat was closed after it, and reopened again.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from llm.models import Answer, Turn
from llm.stats.chosen import EVERYTHING, Chosen
from llm.stats.places import Piece, Place
from llm.stats.sql import interval_number
from llm.stats.window import Window
from sessions_app.models import Message, MessageKind


@dataclass(frozen=True, slots=True)
class Drafts:
    """Drafts of a model; ``distances`` in characters, ``waits_s`` from request to message."""

    shown: int = 0
    sent: int = 0
    unchanged: int = 0
    closed: int = 0
    reopened: int = 0
    distances: tuple[int, ...] = ()
    waits_s: tuple[float, ...] = ()
    ratings: tuple[int, ...] = ()

    @classmethod
    def sum_of(cls, parts: Iterable[Drafts]) -> Drafts:
        """Add drafts up."""
        parts = [part for part in parts if part.shown or part.sent]
        if len(parts) == 1:
            return parts[0]
        return cls(
            shown=sum(part.shown for part in parts),
            sent=sum(part.sent for part in parts),
            unchanged=sum(part.unchanged for part in parts),
            closed=sum(part.closed for part in parts),
            reopened=sum(part.reopened for part in parts),
            distances=tuple(chain.from_iterable(part.distances for part in parts)),
            waits_s=tuple(chain.from_iterable(part.waits_s for part in parts)),
            ratings=tuple(chain.from_iterable(part.ratings for part in parts)),
        )

    @property
    def sent_rate(self) -> float | None:
        """Sent of shown; None of none."""
        return self.sent / self.shown if self.shown else None

    @property
    def unchanged_rate(self) -> float | None:
        """Sent as they were, of those sent; None of none."""
        return self.unchanged / self.sent if self.sent else None

    @property
    def reopened_rate(self) -> float | None:
        """Of the chats that were closed after the message, those opened again; None of none."""
        return self.reopened / self.closed if self.closed else None

    @property
    def distance(self) -> float | None:
        """Median number of characters inserted, deleted or replaced; None of none."""
        return statistics.median(self.distances) if self.distances else None

    @property
    def wait_s(self) -> float | None:
        """Median seconds from the request to the message; None of none."""
        return statistics.median(self.waits_s) if self.waits_s else None

    @property
    def rating(self) -> float | None:
        """Mean rating, 1 to 5; None of none."""
        return statistics.fmean(self.ratings) if self.ratings else None


NO_DRAFTS = Drafts()

SENT = Q(turn__sent_message__isnull=False, turn__picked_slot=F("slot"))
UNCHANGED = SENT & Q(turn__edit_distance=0)


def _event_after(name: str) -> Exists:
    """Whether that happened in the chat after the draft was sent."""
    return Exists(
        Message.objects.filter(
            session=OuterRef("turn__sent_message__session"),
            seq__gt=OuterRef("turn__sent_message__seq"),
            kind=MessageKind.EVENT,
            metadata__event=name,
        )
    )


def rated() -> Q:
    """The condition that the customer rated the chat after the message."""
    return SENT & Q(turn__session__rating_score__isnull=False) & Q(_event_after("rated"))


def closed() -> Q:
    """The condition that the chat was closed after the message."""
    return SENT & Q(_event_after("closed"))


def reopened() -> Q:
    """The condition that the chat was closed after the message, and then opened again."""
    return closed() & Q(_event_after("reopened"))


def shown(window: Window, chosen: Chosen = EVERYTHING) -> QuerySet[Answer]:
    """Return the drafts that agents could read."""
    return _shown((window.start, window.end)).filter(chosen.of_answers())


def _shown(span: Piece) -> QuerySet[Answer]:
    return Answer.objects.filter(
        is_current=True,
        status=Answer.Status.DONE,
        turn__kind=Turn.Kind.DRAFT,
        turn__created_at__gte=span[0],
        turn__created_at__lt=span[1],
    ).order_by()


@dataclass(frozen=True, slots=True)
class Sent:
    """A draft that was sent; the rating is the customer's, given after it."""

    place: Place
    distance: int
    wait_s: float
    rating: int | None
    is_closed: bool
    is_reopened: bool


def sent(pieces: Sequence[Piece]) -> Iterator[Sent]:
    """Yield the drafts that were sent, of pieces of time that follow each other."""
    lines = (
        _shown((pieces[0][0], pieces[-1][1]))
        .filter(SENT)
        .annotate(
            number=interval_number("turn__created_at", [start for start, _ in pieces]),
            distance=F("turn__edit_distance"),
            begun=F("turn__created_at"),
            sent_at=F("turn__sent_message__created_at"),
            rating=F("turn__session__rating_score"),
            is_rated=_event_after("rated"),
            is_closed=_event_after("closed"),
            is_reopened=_event_after("reopened"),
        )
        .values(
            *("model_id", "model_label", "purpose", "number", "distance", "begun", "sent_at"),
            *("rating", "is_rated", "is_closed", "is_reopened"),
        )
    )
    for line in lines:
        yield Sent(
            Place.of(line),
            distance=line["distance"] or 0,
            wait_s=(line["sent_at"] - line["begun"]).total_seconds(),
            rating=line["rating"] if line["is_rated"] else None,
            is_closed=line["is_closed"],
            is_reopened=line["is_closed"] and line["is_reopened"],
        )

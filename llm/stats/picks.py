"""How often a model's answer was the one that somebody picked, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import (
    BooleanField,
    Count,
    ExpressionWrapper,
    F,
    Max,
    Min,
    Q,
    QuerySet,
)

from llm.models import Answer, Turn
from llm.stats.chosen import EVERYTHING, Chosen
from llm.stats.places import OFFERING, Piece, Place
from llm.stats.sql import interval_number
from llm.stats.window import Window

# Below this many comparisons a rate says nothing: its interval is wider than half of everything.
ENOUGH = 10
Z = 1.959963984540054  # 95 %


@dataclass(frozen=True, slots=True)
class Picks:
    """``picked`` of ``beside``: the finished comparisons in which the answer could be picked."""

    picked: int = 0
    beside: int = 0

    @property
    def enough(self) -> bool:
        """Whether the rate means anything."""
        return self.beside >= ENOUGH

    @property
    def rate(self) -> float | None:
        """Picked of beside; None where nothing was compared."""
        return self.picked / self.beside if self.beside else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval; unlike the usual one it holds near 0 and 1 and for few."""
        n = self.beside
        if not n:
            return None
        p = self.picked / n
        middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
        reach = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
        return max(0.0, middle - reach), min(1.0, middle + reach)

    def __add__(self, other: Picks) -> Picks:
        return Picks(self.picked + other.picked, self.beside + other.beside)

    @classmethod
    def sum_of(cls, parts: Iterable[Picks]) -> Picks:
        """Add picks up."""
        return sum(parts, NO_PICKS)


NO_PICKS = Picks()


def compared(window: Window, chosen: Chosen = EVERYTHING) -> QuerySet[Answer]:
    """Return the answers that could be picked: whole, in a turn that is over, not alone.

    The turn's moment is what counts. Alone is also who stands beside nobody but itself: a model
    that is asked twice wins half the time.
    """
    span = (window.start, window.end)
    return _whole(span).filter(chosen.of_answers(), _could_be_picked(span))


def _whole(span: Piece) -> QuerySet[Answer]:
    return Answer.objects.filter(
        is_current=True,
        status=Answer.Status.DONE,
        turn__kind__in=OFFERING,
        turn__created_at__gte=span[0],
        turn__created_at__lt=span[1],
    ).order_by()


def _could_be_picked(span: Piece) -> Q:
    # By label, which is as unique as a model's name, and stays when the model goes.
    beside = (
        _whole(span)
        .values("turn")
        .annotate(first=Min("model_label"), last=Max("model_label"))
        .filter(first__lt=F("last"))
    )
    return Q(turn__finished_at__isnull=False, turn__in=beside.values("turn"))


@dataclass(frozen=True, slots=True)
class Offered:
    """Whole answers of turns: picks of those that could be picked, and drafts that were shown."""

    place: Place
    picks: Picks
    drafts: int


def offered(pieces: Sequence[Piece]) -> Iterator[Offered]:
    """Count what was offered to people in pieces of time that follow each other, in one pass."""
    span = (pieces[0][0], pieces[-1][1])
    could = ExpressionWrapper(_could_be_picked(span), output_field=BooleanField())
    lines = (
        _whole(span)
        .annotate(
            number=interval_number("turn__created_at", [start for start, _ in pieces]), could=could
        )
        .values("model_id", "model_label", "purpose", "number", "could")
        .annotate(
            count=Count("pk"),
            picked=Count("pk", filter=PICKED),
            drafts=Count("pk", filter=Q(turn__kind=Turn.Kind.DRAFT)),
        )
    )
    for line in lines:
        picks = Picks(line["picked"], line["count"]) if line["could"] else NO_PICKS
        yield Offered(Place.of(line), picks, line["drafts"])


PICKED = Q(turn__picked_slot=F("slot"))

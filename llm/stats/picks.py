"""How often a model's answer was the one that somebody picked, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from llm.models import Answer
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


NO_PICKS = Picks()


def compared(window: Window, *, model_id: int | None = None, purpose: str = "") -> QuerySet[Answer]:
    """Return the answers that could be picked: whole, in a turn that is over, not alone.

    The turn's moment is what counts. Alone is also who stands beside nobody but itself: a model
    that is asked twice wins half the time.
    """
    done = Answer.objects.filter(is_current=True, status=Answer.Status.DONE)
    rivals = done.filter(turn=OuterRef("turn")).exclude(model=OuterRef("model"))
    found = done.filter(
        Exists(rivals),
        turn__kind__in=("compare", "draft"),
        turn__created_at__gte=window.start,
        turn__created_at__lt=window.end,
        turn__finished_at__isnull=False,
        model__isnull=False,
    )
    if model_id is not None:
        found = found.filter(model_id=model_id)
    return (found.filter(purpose=purpose) if purpose else found).order_by()


def picks(
    window: Window, *, model_id: int | None = None, purpose: str = ""
) -> dict[tuple[int, int], Picks]:
    """Count the picks by model and number of the interval."""
    lines = (
        compared(window, model_id=model_id, purpose=purpose)
        .annotate(number=interval_number("turn__created_at", window.starts))
        .values("model_id", "number")
        .annotate(picked=Count("pk", filter=PICKED), beside=Count("pk"))
    )
    return {
        (line["model_id"], line["number"]): Picks(line["picked"], line["beside"]) for line in lines
    }


PICKED = Q(turn__picked_slot=F("slot"))

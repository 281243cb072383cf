"""What answers came to, as numbers that can be added without losing anything.

Percentiles of a sum come from the values of its parts, never from their percentiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import chain

from llm.stats.picks import NO_PICKS, Picks

COUNTS = (
    "requests done failed handoff stopped superseded open refused_budget refused_admission "
    "replies_done replies_handoff prompt_tokens completion_tokens total_tokens estimated_tokens"
).split()


@dataclass
class Figures:
    """Counts, tokens, cost by currency, and every latency in milliseconds, ascending."""

    requests: int = 0
    done: int = 0
    failed: int = 0
    handoff: int = 0
    stopped: int = 0
    superseded: int = 0
    open: int = 0
    refused_budget: int = 0
    refused_admission: int = 0
    replies_done: int = 0
    replies_handoff: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    estimated_tokens: int = 0
    latencies: list[int] = field(default_factory=list)
    ttfts: list[int] = field(default_factory=list)
    cost: dict[str, Decimal] = field(default_factory=dict)
    picks: Picks = NO_PICKS

    @classmethod
    def sum_of(cls, parts: Iterable[Figures]) -> Figures:
        """Add figures up."""
        parts = list(parts)
        whole = cls(**{name: sum(getattr(part, name) for part in parts) for name in COUNTS})
        # Sorting what consists of ascending runs only merges them.
        whole.latencies = sorted(chain.from_iterable(part.latencies for part in parts))
        whole.ttfts = sorted(chain.from_iterable(part.ttfts for part in parts))
        for part in parts:
            for currency, amount in part.cost.items():
                whole.cost[currency] = whole.cost.get(currency, Decimal()) + amount
        picked = sum(part.picks.picked for part in parts)
        whole.picks = Picks(picked, sum(part.picks.beside for part in parts))
        return whole

    @property
    def success_rate(self) -> float | None:
        """Done of done and failed; None of none."""
        return _share(self.done, self.done + self.failed)

    @property
    def handoff_rate(self) -> float | None:
        """Replies that said a person should answer, of all that said something; None of none."""
        return _share(self.replies_handoff, self.replies_done + self.replies_handoff)

    @property
    def estimated_share(self) -> float | None:
        """Tokens that were estimated here, not counted by the provider; None of none."""
        return _share(self.estimated_tokens, self.total_tokens)

    @cached_property
    def latency_avg(self) -> float | None:
        """Mean latency in milliseconds."""
        return sum(self.latencies) / len(self.latencies) if self.latencies else None


def percentile(ascending: Sequence[int], share: float) -> float | None:
    """Return the value below which ``share`` of ``ascending`` lies; None of nothing.

    Between two values it lies on the straight line, as with PostgreSQL's PERCENTILE_CONT.
    """
    if not ascending:
        return None
    place = share * (len(ascending) - 1)
    below = int(place)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (ascending[above] - ascending[below]) * (place - below)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

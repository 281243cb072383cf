"""What answers came to, as numbers that can be added without losing anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import NamedTuple, TypeVar

from llm.stats.drafts import NO_DRAFTS, Drafts
from llm.stats.picks import NO_PICKS, Picks
from llm.stats.times import Times, Values

T = TypeVar("T")

COUNTS = (
    "requests done failed handoff stopped superseded open refused_budget refused_admission "
    "replies_done replies_handoff grounded unsupported prompt_tokens completion_tokens "
    "total_tokens estimated_tokens"
).split()
OF_DRAFTS = "shown sent unchanged closed reopened".split()


class Cell(NamedTuple):
    """Part of the figures, as it is counted and kept: what is zero is not named.

    What was kept has its times packed.
    """

    counts: Mapping[str, int]
    cost: Mapping[str, str]
    latencies: Values = ()
    ttfts: Values = ()
    distances: Sequence[int] = ()
    waits_s: Sequence[float] = ()
    ratings: Sequence[int] = ()


@dataclass
class Figures:
    """Counts, tokens, cost by currency, times in milliseconds, picks, and drafts."""

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
    grounded: int = 0
    unsupported: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    estimated_tokens: int = 0
    latencies: Times = field(default_factory=Times)
    ttfts: Times = field(default_factory=Times)
    cost: dict[str, Decimal] = field(default_factory=dict)
    picks: Picks = NO_PICKS
    drafts: Drafts = NO_DRAFTS

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> Figures:
        """Return what cells come to together."""
        counts = _added(cell.counts for cell in cells)
        whole = cls()
        for cell in cells:
            for currency, amount in cell.cost.items():
                whole.cost[currency] = whole.cost.get(currency, Decimal()) + Decimal(amount)
            whole.latencies.extend(cell.latencies)
            whole.ttfts.extend(cell.ttfts)
        for name in COUNTS:
            setattr(whole, name, counts[name])
        whole.picks = Picks(counts["picked"], counts["beside"])
        whole.drafts = Drafts(
            **{name: counts[name] for name in OF_DRAFTS},
            distances=_joined(cell.distances for cell in cells),
            waits_s=_joined(cell.waits_s for cell in cells),
            ratings=_joined(cell.ratings for cell in cells),
        )
        return whole

    @classmethod
    def sum_of(cls, parts: Iterable[Figures]) -> Figures:
        """Add figures up."""
        parts = list(parts)
        whole = cls(**{name: sum(getattr(part, name) for part in parts) for name in COUNTS})
        whole.latencies = Times([part.latencies for part in parts])
        whole.ttfts = Times([part.ttfts for part in parts])
        for part in parts:
            for currency, amount in part.cost.items():
                whole.cost[currency] = whole.cost.get(currency, Decimal()) + amount
        whole.picks = Picks.sum_of(part.picks for part in parts)
        whole.drafts = Drafts.sum_of(part.drafts for part in parts)
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
    def unsupported_rate(self) -> float | None:
        """Done answers that rest on no passage, of those for which some were looked for."""
        return _share(self.unsupported, self.grounded)

    @property
    def estimated_share(self) -> float | None:
        """Tokens that were estimated here, not counted by the provider; None of none."""
        return _share(self.estimated_tokens, self.total_tokens)


def _added(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add counts up by name; what none of them names is zero."""
    # Most cells name the same: their numbers are added column by column.
    alike: dict[tuple[str, ...], list[Iterable[int]]] = defaultdict(list)
    for part in parts:
        alike[tuple(part)].append(part.values())
    counts: dict[str, int] = defaultdict(int)
    for names, rows in alike.items():
        for name, numbers in zip(names, zip(*rows, strict=True), strict=True):
            counts[name] += sum(numbers)
    return counts


def _joined(parts: Iterable[Sequence[T]]) -> tuple[T, ...]:
    return tuple(chain.from_iterable(parts))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

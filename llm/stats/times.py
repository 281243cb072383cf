"""Lengths of time of which percentiles are taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any


class Times:
    """Whole milliseconds; those of a sum are all values of its parts, never their percentiles."""

    def __init__(self, parts: Sequence[Times] = ()) -> None:
        self._values: list[int] = []
        self._parts = parts

    def extend(self, values: Iterable[int]) -> None:
        """Add values; not after anything was asked."""
        self._values.extend(values)

    @cached_property
    def ascending(self) -> Any:
        """All values as an array."""
        import numpy as np  # not needed before somebody looks at figures

        own = np.array(self._values, dtype=np.int64)
        return np.sort(np.concatenate([own, *(part.ascending for part in self._parts)]))

    def __len__(self) -> int:
        return len(self._values) + sum(map(len, self._parts))

    @property
    def mean(self) -> float | None:
        """The mean; None of nothing."""
        return int(self.ascending.sum()) / len(self) if len(self) else None

    def percentile(self, share: float) -> float | None:
        """Return the value below which ``share`` of all lies; None of nothing.

        Between two values it lies on the straight line, as with PostgreSQL's PERCENTILE_CONT.
        """
        if not len(self):
            return None
        place = share * (len(self) - 1)
        below = int(place)
        above = min(below + 1, len(self) - 1)
        low, high = int(self.ascending[below]), int(self.ascending[above])
        return low + (high - low) * (place - below)

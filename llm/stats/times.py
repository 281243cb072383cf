"""Lengths of time of which percentiles are taken."""

from __future__ import annotations

import struct
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import Any

Values = Sequence[int] | str
"""Whole milliseconds, as numbers or packed."""


def packed(values: Values) -> str:
    """Return milliseconds as one text: the base64 of 32 bits each, the lowest first.

    A month has hundreds of thousands; as numbers in JSON each would be read one by one.
    """
    if isinstance(values, str):
        return values
    return b2a_base64(struct.pack(f"<{len(values)}I", *values), newline=False).decode()


class Times:
    """Whole milliseconds; those of a sum are all values of its parts, never their percentiles."""

    def __init__(self, parts: Sequence[Times] = ()) -> None:
        self._numbers: list[Sequence[int]] = []
        self._packed: list[str] = []
        self._parts = parts

    def extend(self, values: Values) -> None:
        """Add values; not after anything was asked."""
        if isinstance(values, str):
            self._packed.append(values)
        else:
            self._numbers.append(values)

    @cached_property
    def ascending(self) -> Any:
        """All values as an array."""
        import numpy as np  # not needed before somebody looks at figures

        kept = np.frombuffer(b"".join(map(a2b_base64, self._packed)), dtype="<u4")
        counted = np.fromiter(chain.from_iterable(self._numbers), dtype="<u4")
        return np.sort(np.concatenate([kept, counted, *(one.ascending for one in self._parts)]))

    def __len__(self) -> int:
        return len(self.ascending)

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

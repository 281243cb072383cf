"""Where a count belongs: which model, asked for what, in which piece of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from llm.models import Turn

Piece = tuple[dt.datetime, dt.datetime]
Key = tuple[int | None, str, str]
"""A model's id (None once it is deleted), its label, and the purpose."""

# Turns whose answers people choose from.
OFFERING = (Turn.Kind.COMPARE, Turn.Kind.DRAFT)


class Place(NamedTuple):
    """The number of a piece of time, and what in it."""

    number: int
    key: Key

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Place:
        """Read it from a row that has all of it."""
        return cls(line["number"], (line["model_id"], line["model_label"], line["purpose"]))

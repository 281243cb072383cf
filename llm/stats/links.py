"""Addresses of the page of statistics: what is looked at is all in the query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from chatsite.lib.clock import rfc3339
from llm.stats.chosen import Asked


class Links:
    """Makes addresses that change something of the present one and keep the rest."""

    def __init__(self, kept: Mapping[str, Any]) -> None:
        self._kept = _without_empty(kept)

    def to(self, **changes: Any) -> str:
        """The present address with changes; None takes something out."""
        return f"?{'&'.join(map(_pair, _without_empty(self._kept | changes).items()))}"

    def rows(self, outcome: str) -> str:
        """The rows of all models that count towards a figure."""
        return self.to(rows=outcome or "all", sort=None)

    def rows_of(self, asked: Asked) -> Callable[[str], str]:
        """The rows of one model."""
        model: dict[str, Any] = (
            {"deleted_model": asked.name} if asked.model_id is None else {"model": asked.model_id}
        )
        return lambda outcome: self.to(rows=outcome or "all", sort=None, **model)

    def rows_in(self, asked: Asked, start: dt.datetime, end: dt.datetime) -> Callable[[str], str]:
        """The rows of one model in one interval."""
        inside = {"from": rfc3339(start), "to": rfc3339(end), "days": None}
        narrow = Links({**self._kept, **inside})
        return narrow.rows_of(asked)

    def chats(self, outcome: str) -> str:
        """The chats that count towards a figure."""
        return self.to(chats=outcome, sort=None)

    def chats_in(self, start: dt.datetime, end: dt.datetime) -> Callable[[str], str]:
        """The same in one interval."""
        inside = {"from": rfc3339(start), "to": rfc3339(end), "days": None}
        return Links({**self._kept, **inside}).chats


@lru_cache(maxsize=4096)
def _pair(pair: tuple[str, Any]) -> str:
    """One of the pairs of an address; a page has thousands of them, most of them the same."""
    return urlencode([pair])


def _without_empty(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value not in (None, "")}

"""What a search of the knowledge finds."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass


class Outcome(enum.StrEnum):
    """What a search came to."""

    NOTHING = "nothing"
    WEAK = "weak"
    SUPPORTED = "supported"


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that was found, as its article was published."""

    chunk_id: int
    article_id: int
    version: int
    title: str
    heading: str
    text: str
    url: str
    audience: str
    language: str
    supports: bool
    """Near enough to the question to answer it, not only the best there is."""


@dataclass(frozen=True, slots=True)
class Found:
    """The passages of a search, best first, and what they are worth together."""

    outcome: Outcome
    passages: Sequence[Passage]
    by_meaning: bool
    """False when only words were compared: there was no vector index, or not in time."""


@dataclass(frozen=True, slots=True)
class NearHit:
    """A passage near in meaning, and how far above chance (see nearness)."""

    chunk_id: int
    lift: float

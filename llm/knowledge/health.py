"""How well the knowledge can be searched now, for operators."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings

from llm.knowledge import vectors
from llm.knowledge.embedding import EmbeddingUnavailable

PATIENCE_S = 1.0


def report() -> dict[str, Any]:
    """Say whether questions are compared by meaning, and why not if not.

    An installation that chose to do without a vector index is well; one whose index is away is not.
    """
    if not settings.EMBEDDED and not settings.CHROMA_URL:
        return {"ok": True, "search": "words", "detail": "CHROMA_URL is not set"}
    began = time.perf_counter()
    try:
        vectors.ask(vectors.index.ping).result(PATIENCE_S)
    except (vectors.IndexUnavailable, EmbeddingUnavailable) as error:
        return {"ok": False, "search": "words", "detail": str(error)}
    except TimeoutError:
        return {"ok": False, "search": "words", "detail": "The vector index does not answer"}
    ms = round((time.perf_counter() - began) * 1000, 1)
    return {"ok": True, "search": "words and meaning", "ms": ms}

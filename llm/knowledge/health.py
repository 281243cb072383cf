"""How well the knowledge can be searched now, for operators."""

from __future__ import annotations

import time
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from django.conf import settings

from llm.knowledge import vectors
from llm.knowledge.embedding import EmbeddingUnavailable, local

PATIENCE_S = 1.0


def has_index() -> bool:
    """Say whether this installation has a vector index at all."""
    return bool(settings.EMBEDDED or settings.CHROMA_URL)


def report() -> dict[str, Any]:
    """Say whether questions are compared by meaning, and why not if not.

    An installation that chose to do without a vector index is well; one whose index is away is not.
    """
    if not has_index():
        return {"ok": True, "search": "words", "detail": "CHROMA_URL is not set"}
    if not settings.KNOWLEDGE_EMBEDDINGS_URL and not local.can_run():
        return {"ok": True, "search": "words", "detail": local.NO_AVX2}
    began = time.perf_counter()
    try:
        _ask()
    except (vectors.IndexUnavailable, EmbeddingUnavailable) as error:
        return {"ok": False, "search": "words", "detail": str(error)}
    except (TimeoutError, URLError, OSError):
        return {"ok": False, "search": "words", "detail": "The vector index does not answer"}
    ms = round((time.perf_counter() - began) * 1000, 1)
    return {"ok": True, "search": "words and meaning", "ms": ms}


def _ask() -> None:
    if settings.CHROMA_URL:
        # By hand: a web process that never searches needs neither client nor model in its memory.
        address = urlsplit(settings.CHROMA_URL)
        netloc = address.netloc.rpartition("@")[2]
        probe = f"{address.scheme}://{netloc}/api/v2/heartbeat"
        with urlopen(probe, timeout=PATIENCE_S):  # noqa: S310 - the operator's own address
            return
    vectors.ask(vectors.index.ping).result(PATIENCE_S)

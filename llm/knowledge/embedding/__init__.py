"""Where vectors come from: the built-in model, or an endpoint of the operator's choice."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from llm.knowledge.embedding.base import Embedder, EmbeddingUnavailable, Vector
from llm.knowledge.embedding.local import LocalEmbedder
from llm.knowledge.embedding.remote import RemoteEmbedder

__all__ = ["Embedder", "EmbeddingUnavailable", "Vector", "embedder"]


def embedder() -> Embedder:
    """Return the embedder of this process."""
    return _made(
        settings.KNOWLEDGE_EMBEDDINGS_URL,
        settings.KNOWLEDGE_EMBEDDINGS_MODEL,
        settings.KNOWLEDGE_EMBEDDINGS_KEY,
    )


@cache
def _made(url: str, model: str, key: str) -> Embedder:
    if url:
        return RemoteEmbedder(url=url, model=model, key=key)
    return LocalEmbedder()

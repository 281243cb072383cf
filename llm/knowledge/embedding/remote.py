"""Vectors from an OpenAI-compatible ``/embeddings`` endpoint."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from llm.knowledge.embedding.base import EmbeddingUnavailable, Vector

TIMEOUT_S = 10.0
QUERY_TIMEOUT_S = 2.0


class RemoteEmbedder:
    """An endpoint of the operator's choice (settings KNOWLEDGE_EMBEDDINGS_*)."""

    def __init__(self, *, url: str, model: str, key: str) -> None:
        self.model_id = model
        self._url = url.rstrip("/").removesuffix("/embeddings") + "/embeddings"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        # Models of the e5 family were trained to be told which is which; servers leave it to us.
        is_e5 = re.search(r"\be5\b", model.casefold()) is not None
        self._query_prefix, self._passage_prefix = ("query: ", "passage: ") if is_e5 else ("", "")
        self._client: Any = None
        self._dimension = 0

    def dimension(self) -> int:
        """The length of its vectors; asks once."""
        return self._dimension or len(self.query("dimension"))

    def query(self, text: str) -> Vector:
        """The vector of a question."""
        return self._ask([f"{self._query_prefix}{text}"], QUERY_TIMEOUT_S)[0]

    def passages(self, texts: Sequence[str]) -> list[Vector]:
        """The vectors of passages."""
        return self._ask([f"{self._passage_prefix}{text}" for text in texts], TIMEOUT_S)

    def _ask(self, texts: Sequence[str], timeout: float) -> list[Vector]:
        import httpx

        if self._client is None:
            # The operator chose the address; where it points elsewhere, the key must not follow.
            self._client = httpx.Client(headers=self._headers, follow_redirects=False)
        body = {"model": self.model_id, "input": list(texts), "encoding_format": "float"}
        try:
            response = self._client.post(self._url, json=body, timeout=timeout)
            response.raise_for_status()
            found = _vectors(response.json(), len(texts))
        except httpx.HTTPStatusError as error:
            raise EmbeddingUnavailable(
                f"The embedding endpoint answered {error.response.status_code}."
            ) from None
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            # Without its text: it may quote the address, and with it a key.
            raise EmbeddingUnavailable(
                f"The embedding endpoint failed ({type(error).__name__})."
            ) from None
        self._dimension = len(found[0])
        return found


def _vectors(body: Any, wanted: int) -> list[Vector]:
    rows = sorted(body["data"], key=lambda row: int(row["index"]))
    found = [[float(number) for number in row["embedding"]] for row in rows]
    if len(found) != wanted or len({len(vector) for vector in found}) != 1 or not found[0]:
        raise ValueError("not one vector for each text")
    return found

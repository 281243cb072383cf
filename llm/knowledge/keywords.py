"""Keyword search over the postings in the database: BM25, the same on PostgreSQL and SQLite.

It sees a passage in the transaction that publishes it, works in every process, and is what is left
when there are no vectors.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db.models import Avg, Count

from llm.knowledge.models import Chunk, Posting
from llm.knowledge.scope import Scope
from llm.knowledge.terms import tokens

K1, B = 1.4, 0.6
MOST_TERMS = 24
MOST_POSTINGS = 20_000
# In a handful of passages a word that stands in one of them is not yet a common word.
SMALLEST_CORPUS = 50


@dataclass(frozen=True, slots=True)
class WordHit:
    """A passage that shares words with a question.

    ``coverage`` is how much of the question it holds, by rarity of the words (0 to 1); ``matched``
    is how many of its terms.
    """

    chunk_id: int
    score: float
    coverage: float
    matched: int


def search(question: str, scope: Scope, k: int) -> list[WordHit]:
    """Return the best ``k`` passages by words, best first."""
    asked = list(dict.fromkeys(tokens(question)))[:MOST_TERMS]
    if not asked:
        return []
    seen = Chunk.objects.filter(scope.of_chunks())
    corpus = seen.aggregate(n=Count("pk"), mean=Avg("length"))
    if not corpus["n"]:
        return []
    rows = (
        Posting.objects.filter(term__in=asked)
        .filter(chunk__in=seen)
        .values_list("term", "chunk_id", "count", "chunk__length")[:MOST_POSTINGS]
    )
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    lengths: dict[int, int] = {}
    for term, chunk_id, count, length in rows:
        counts[chunk_id][term] = count
        lengths[chunk_id] = length
    spread = Counter(term for found in counts.values() for term in found)
    size = max(corpus["n"], SMALLEST_CORPUS)
    rarity = {
        term: math.log(1 + (size - spread[term] + 0.5) / (spread[term] + 0.5)) for term in asked
    }
    total = sum(rarity.values())
    hits = [
        WordHit(
            chunk_id,
            score=sum(
                rarity[term] * _weight(count, lengths[chunk_id] / (corpus["mean"] or 1))
                for term, count in found.items()
            ),
            coverage=sum(rarity[term] for term in found) / total,
            matched=len(found),
        )
        for chunk_id, found in counts.items()
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[:k]


def _weight(count: int, relative_length: float) -> float:
    return count * (K1 + 1) / (count + K1 * (1 - B + B * relative_length))

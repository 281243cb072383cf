"""Finds the passages that answer a question: by words and by meaning, fused by rank.

Words are looked up in the database, meaning in the vector index, at the same time; whoever is late
is left out. Every hit is read from the database again, with the same filter, before it is shown.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future

from django.conf import settings

from llm.knowledge import keywords, nearness, vectors
from llm.knowledge.embedding import EmbeddingUnavailable
from llm.knowledge.found import Found, NearHit, Outcome, Passage
from llm.knowledge.keywords import WordHit
from llm.knowledge.metrics import FAILURES
from llm.knowledge.models import Article, Chunk
from llm.knowledge.nearness import Asked
from llm.knowledge.scope import Scope
from llm.knowledge.trial import Trial

log = logging.getLogger(__name__)

CANDIDATES = 20
RANK_CONSTANT = 60  # of reciprocal rank fusion, as in its paper
WORDS_WEIGHT = 0.7  # a shared word says less than a shared meaning
LONGEST_QUESTION = 1_000


def find(question: str, scope: Scope, *, k: int) -> Found:
    """Search, for a caller that may wait: blocks for the budget of a reply at most."""
    question = question.strip()[:LONGEST_QUESTION]
    began = time.monotonic()
    asked = begin_near(question, scope)
    words = keywords.search(question, scope, CANDIDATES)
    hits = end_near(asked, began + settings.KNOWLEDGE_BUDGET_S - time.monotonic())
    return fuse(words, hits, scope, k=k)


def begin_near(question: str, scope: Scope) -> Future[list[NearHit]]:
    """Start to look for passages near in meaning."""
    return vectors.ask(functools.partial(_near, question, scope))


def _near(question: str, scope: Scope) -> list[NearHit]:
    return near(nearness.ask(question), scope)


def near(asked: Asked, scope: Scope, trial: Trial | None = None) -> list[NearHit]:
    """Return the passages nearest to a question; blocks."""
    found = vectors.index.chunks_near(asked.vector, scope, CANDIDATES)
    hits = [NearHit(chunk_id, asked.lift(similarity)) for chunk_id, similarity in found]
    return trial.near(asked, hits) if trial else hits


def end_near(asked: Future[list[NearHit]], left_s: float) -> list[NearHit] | None:
    """Return what was found near in meaning, or None when there is no telling in time."""
    try:
        return asked.result(max(0.0, left_s))
    except Exception as error:  # noqa: BLE001 - whatever it is, words are left
        without("vectors", error)
        return None


def without(part: str, error: BaseException) -> None:
    """Note that a search goes on without a part of it."""
    FAILURES.labels(part).inc()
    if isinstance(error, TimeoutError):
        vectors.rest()
        log.warning("a part of the search took too long", extra={"part": part})
    elif not isinstance(error, EmbeddingUnavailable | vectors.IndexUnavailable):
        log.error("a part of the search failed", exc_info=error, extra={"part": part})


def fuse(
    words: Sequence[WordHit],
    near: Sequence[NearHit] | None,
    scope: Scope,
    *,
    k: int,
    trial: Trial | None = None,
) -> Found:
    """Fuse both ranks, and read the passages from the database, or from the ``trial``."""
    by_word = {hit.chunk_id: hit for hit in words}
    by_meaning = {hit.chunk_id: hit.lift for hit in near or ()}
    scores: dict[int, float] = {}
    for weight, ranked in ((WORDS_WEIGHT, by_word), (1.0, by_meaning)):
        for rank, chunk_id in enumerate(ranked, 1):
            scores[chunk_id] = scores.get(chunk_id, 0.0) + weight / (RANK_CONSTANT + rank)
    fits = {
        chunk_id: _supports(by_word.get(chunk_id), by_meaning.get(chunk_id)) for chunk_id in scores
    }
    best = sorted(scores, key=lambda chunk_id: (not fits[chunk_id], -scores[chunk_id], chunk_id))
    rows = Chunk.objects.filter(scope.of_chunks(), pk__in=best)
    if trial is not None:
        rows = rows.exclude(article_id__in=trial.article_ids)
    read = {
        chunk.pk: _passage(chunk, fits[chunk.pk])
        for chunk in rows.select_related("article", "article__published")
    } | (trial.passages(fits) if trial else {})
    passages = [read[pk] for pk in best if pk in read][:k]
    return Found(_outcome(passages, by_meaning), passages, near is not None)


def _supports(word: WordHit | None, lift: float | None) -> bool:
    coverage = word.coverage if word else 0.0
    if lift is not None:
        if lift >= nearness.STRONG:
            return True
        # Where the meaning seems to be elsewhere, the words have to be all there: a part number.
        return coverage >= (0.34 if lift >= nearness.POSSIBLE else 0.85)
    two_rare_words = word is not None and word.matched >= 2 and word.score >= 7
    return coverage >= (0.34 if two_rare_words else 0.6)


def _outcome(passages: Sequence[Passage], lifts: dict[int, float]) -> Outcome:
    if any(passage.supports for passage in passages):
        return Outcome.SUPPORTED
    hints = [passage for passage in passages if lifts.get(passage.chunk_id, 1.0) > 0.1]
    return Outcome.WEAK if hints else Outcome.NOTHING


def _passage(chunk: Chunk, supports: bool) -> Passage:
    article: Article = chunk.article
    published = article.published
    assert published is not None  # by the filter and a constraint
    return Passage(
        chunk_id=chunk.pk,
        article_id=article.pk,
        version=published.number,
        title=published.title,
        heading=chunk.heading,
        text=chunk.text,
        url=published.source_url,
        audience=published.audience,
        language=published.language,
        supports=supports,
    )

"""A search as it will be once some articles are published as they stand now.

Their newest texts are cut and compared in memory, beside what the index finds, on the same scales;
what is published of them is left out. Nothing is written, so customers notice nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from llm.knowledge.embedding import Vector, embedder
from llm.knowledge.found import NearHit, Passage
from llm.knowledge.indexing import as_compared
from llm.knowledge.keywords import WordHit
from llm.knowledge.models import Article, Audience
from llm.knowledge.nearness import Asked
from llm.knowledge.scope import Scope
from llm.knowledge.splitting import Piece, split
from llm.knowledge.terms import tokens


@dataclass(frozen=True, slots=True)
class Trial:
    """The articles on trial, and the passages they will have, by made-up ids below zero."""

    article_ids: frozenset[int]
    pieces: Mapping[int, tuple[Article, Piece]]

    @classmethod
    def of(cls, article_ids: Collection[int], scope: Scope) -> Trial:
        """Read the newest texts of the articles that ``scope`` may see."""
        rows = Article.objects.filter(pk__in=article_ids)
        if not scope.internal:
            rows = rows.filter(audience=Audience.PUBLIC)
        seen = [one for one in rows.order_by("pk") if _is_seen(one, scope)]
        cut = [(article, piece) for article in seen for piece in split(article.body)]
        return cls(frozenset(article_ids), {-n: pair for n, pair in enumerate(cut, 1)})

    def words(self, question: str, found: Sequence[WordHit]) -> list[WordHit]:
        """Return the hits by words with those of the trial among them.

        Without a corpus of their own, all words of the question count alike.
        """
        asked = set(tokens(question))
        best = max((hit.score for hit in found), default=1.0)
        hits = []
        for pk, (article, piece) in self.pieces.items():
            shared = asked & set(tokens(f"{article.title}\n{piece.heading}\n{piece.text}"))
            if shared:
                coverage = len(shared) / len(asked)
                hits.append(WordHit(pk, best * coverage, coverage, len(shared)))
        return sorted([*found, *hits], key=lambda hit: (-hit.score, hit.chunk_id))

    def near(self, asked: Asked, found: Sequence[NearHit]) -> list[NearHit]:
        """Return the hits by meaning with those of the trial among them; blocks."""
        hits = [
            NearHit(pk, asked.lift(_cosine(asked.vector, _embedded(article.title, piece))))
            for pk, (article, piece) in self.pieces.items()
        ]
        return sorted([*found, *hits], key=lambda hit: -hit.lift)

    def passages(self, fits: Mapping[int, bool]) -> dict[int, Passage]:
        """Return the trial's passages that were hit, by their made-up ids."""
        return {
            pk: Passage(
                chunk_id=pk,
                article_id=article.pk,
                version=article.version + 1,
                title=article.title,
                heading=piece.heading,
                text=piece.text,
                url=article.source_url,
                audience=article.audience,
                language=article.language,
                supports=fits[pk],
            )
            for pk, (article, piece) in self.pieces.items()
            if pk in fits
        }


def _is_seen(article: Article, scope: Scope) -> bool:
    return scope.teams is None or article.team_id is None or article.team_id in scope.teams


@lru_cache(maxsize=2_000)
def _embedded(title: str, piece: Piece) -> Vector:
    (vector,) = embedder().passages([as_compared(title, piece.heading, piece.text)])
    return vector


def _cosine(one: Vector, other: Vector) -> float:
    along = sum(a * b for a, b in zip(one, other, strict=True))
    return along / (math.hypot(*one) * math.hypot(*other))

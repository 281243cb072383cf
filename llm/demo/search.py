"""Finds help articles for a question: BM25 over a few dozen short texts, in two languages."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from llm.knowledge.terms import tokens

K1, B = 1.4, 0.6
TITLE_WEIGHT, WORDS_WEIGHT = 2, 3


@dataclass(frozen=True, slots=True)
class Article:
    """One help article."""

    slug: str
    title: str
    words: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """An article found: how well it fits, and how much of the question it covers (0 to 1)."""

    article: Article
    score: float
    coverage: float


class Index:
    """A searchable set of articles."""

    def __init__(self, articles: list[Article]) -> None:
        self.articles = articles
        self._counts = [_counts(article) for article in articles]
        self._lengths = [sum(counts.values()) for counts in self._counts]
        self._mean = sum(self._lengths) / len(self._lengths)
        self._spread = Counter(token for counts in self._counts for token in counts)

    def search(self, question: str, k: int = 3) -> list[Hit]:
        """Return the best ``k`` articles, best first."""
        asked = list(dict.fromkeys(tokens(question)))
        total = sum(self._rarity(token) for token in asked)
        if not total:
            return []
        hits = [
            Hit(
                article,
                sum(self._weight(token, i) for token in asked),
                sum(self._rarity(token) for token in asked if token in self._counts[i]) / total,
            )
            for i, article in enumerate(self.articles)
        ]
        hits = [hit for hit in hits if hit.score > 0]
        return sorted(hits, key=lambda hit: -hit.score)[:k]

    def _rarity(self, token: str) -> float:
        n = self._spread[token]
        return math.log(1 + (len(self.articles) - n + 0.5) / (n + 0.5))

    def _weight(self, token: str, i: int) -> float:
        n = self._counts[i][token]
        norm = K1 * (1 - B + B * self._lengths[i] / self._mean)
        return self._rarity(token) * n * (K1 + 1) / (n + norm)


def _counts(article: Article) -> Counter[str]:
    counts = Counter(tokens(article.text))
    for token in tokens(article.title):
        counts[token] += TITLE_WEIGHT
    for token in tokens(article.words):
        counts[token] += WORDS_WEIGHT
    return counts


@cache
def index(language: str) -> Index:
    """Return the index of ``en`` or ``zh``."""
    raw = (Path(__file__).parent / f"articles.{language}.md").read_text("utf-8")
    return Index([_parse(block) for block in re.split(r"^# ", raw, flags=re.M)[1:]])


def _parse(block: str) -> Article:
    head, words, *lines = block.strip().split("\n")
    slug, _, title = head.partition(" | ")
    return Article(slug, title, words.removeprefix("words: "), "\n".join(lines).strip())

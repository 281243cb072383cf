"""Finds help articles for a question: BM25 over a few dozen short texts, in two languages."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

K1, B = 1.4, 0.6
TITLE_WEIGHT, WORDS_WEIGHT = 2, 3

_STOP = frozenset(
    re.findall(
        "[a-z]+",
        """
        a an the and or but if of to in on at for from by with as is are was were be been am do does
        did can could would should will shall may might must have has had i me my mine you your
        yours we us our they them their it its this that these those there here what which who whom
        how why not no so too very just also any some all please hi hello hey thanks thank get got
        go want need like know tell say about into out up than then really much many one
        """,
    )
)
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_HAN_STOP = re.compile(
    "请问|你们|我们|您好|你好|我想|一下|什么|怎么|如何|可以|能不能|有没有|是不是|吗|呢|吧|的|了|是|我|你|您|在|有|要|想"
)


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


def is_chinese(text: str) -> bool:
    """Say whether a text is to be answered in Chinese."""
    return sum(len(run) for run in _HAN.findall(text)) >= 2


def tokens(text: str) -> list[str]:
    """Return what a text is compared by: stems of words, and pairs of Chinese characters."""
    lowered = text.casefold()
    found = [_stem(word) for word in _WORD.findall(lowered) if word not in _STOP]
    for run in _HAN.findall(lowered):
        for part in _HAN_STOP.split(run):
            found += [part[i : i + 2] for i in range(len(part) - 1)] or ([part] if part else [])
    return found


def _stem(word: str) -> str:
    word = word.removesuffix("'s").replace("'", "")
    for ending, rest in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending) + rest
            break
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


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

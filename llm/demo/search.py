"""Finds help articles for a question: BM25F over a few dozen short texts, in two languages.

The more of an article's title a question covers, the more the rest counts: "return a jacket" is
about returning, not about washing jackets. Words that only say what kind of answer is wanted ("how
long", "多久") decide nothing by themselves.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from llm.knowledge.terms import tokens

K1, B = 1.4, 0.6
TITLE_WEIGHT, WORDS_WEIGHT, TEXT_WEIGHT = 2, 3, 1
# How much more an article counts when its whole title is asked for.
FOCUS = 2.0
# A single Chinese character says less than a pair, but a verb is often nothing else.
CHARACTER_WEIGHT = 0.4

# What only says which kind of answer is wanted, or that something was bought.
_ASKING = re.compile(
    r"(?<=[a-z])(n't|['’](?:s|d|m|ll|re|ve|t))\b"
    r"|\b(?:long|when|once|buy|bought|purchased?|items?|(?:some|any)?things?|someone|anyone|possible"
    r"|again)\b"
    "|多久|多长|多少天|几天|多少|时间|之内|以内|天内|[能会都个这那不买内]"
)
# Other ways to say what the articles have one word for.
_SAME = (
    (re.compile(r"\b(send|sent|give|gave|bring|ship)\w*((?: \w+){0,4}) back\b"), r"return \2"),
    (re.compile(r"\b(?:my|the) money(?: back)?\b|\bmoney back\b|\breimburse\w*"), "refund"),
    (re.compile("退(?![货款钱换])"), "退货"),
    (re.compile("退钱|退还"), "退款"),
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_DOUBLED = re.compile(r"(?<=[a-z]{2})([bdgmnprt])\1$")


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


def terms(text: str) -> list[str]:
    """Return what articles and questions are compared by: as everywhere, and single characters."""
    lowered = text.casefold()
    for other, usual in _SAME:
        lowered = other.sub(usual, lowered)
    found = [_DOUBLED.sub(r"\1", token) for token in tokens(_ASKING.sub(" ", lowered))]
    # Of pairs that overlap, each character once.
    return found + sorted({char for token in found for char in token if _HAN.match(char)})


class Index:
    """A searchable set of articles."""

    def __init__(self, articles: list[Article]) -> None:
        self.articles = articles
        self._counts = [_counts(article) for article in articles]
        self._titles = [_units(article.title) for article in articles]
        self._lengths = [sum(counts.values()) for counts in self._counts]
        self._mean = sum(self._lengths) / len(self._lengths)
        self._spread = Counter(token for counts in self._counts for token in counts)

    def search(self, question: str, k: int = 3) -> list[Hit]:
        """Return the best ``k`` articles, best first."""
        asked = list(dict.fromkeys(terms(question)))
        total = sum(self._rarity(token) for token in asked)
        if not total:
            return []
        hits = [self._hit(asked, i, total) for i in range(len(self.articles))]
        hits = [hit for hit in hits if hit.score > 0]
        return sorted(hits, key=lambda hit: -hit.score)[:k]

    def _hit(self, asked: list[str], i: int, total: float) -> Hit:
        focus = self._focus(asked, i)
        score = sum(self._weight(token, i) for token in asked) * (1 + FOCUS * focus)
        covered = sum(self._rarity(token) for token in asked if token in self._counts[i])
        return Hit(self.articles[i], score, max(covered / total, focus / 2))

    def _focus(self, asked: list[str], i: int) -> float:
        """How far the question is about the title, 0 to 1; half a title is far less than half."""
        title = self._titles[i]
        return float((len(title.intersection(asked)) / max(1, len(title))) ** 2)

    def _rarity(self, token: str) -> float:
        n = self._spread[token]
        rarity = math.log(1 + (len(self.articles) - n + 0.5) / (n + 0.5))
        return rarity * CHARACTER_WEIGHT if _is_character(token) else rarity

    def _weight(self, token: str, i: int) -> float:
        n = self._counts[i][token]
        norm = K1 * (1 - B + B * self._lengths[i] / self._mean)
        return self._rarity(token) * n * (K1 + 1) / (n + norm)


def _is_character(token: str) -> bool:
    return len(token) == 1 and bool(_HAN.match(token))


def _units(text: str) -> set[str]:
    """Words and single Chinese characters: what a title is counted in."""
    return {token for token in terms(text) if len(token) == 1 or not _HAN.match(token)}


def _counts(article: Article) -> Counter[str]:
    counts: Counter[str] = Counter()
    for field, weight in (
        (article.title, TITLE_WEIGHT),
        (article.words, WORDS_WEIGHT),
        (article.text, TEXT_WEIGHT),
    ):
        for token in set(terms(field)):
            counts[token] += weight
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

"""What a release changes of what answers customers now."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from llm.gate.models import Release
from llm.gate.queries import Assistant, in_use
from llm.knowledge.models import Article


@dataclass(frozen=True, slots=True)
class Change:
    """One part that differs; ``before`` is None where nothing answers customers."""

    field: str
    before: Any
    after: Any

    @property
    def lines(self) -> list[str]:
        """The difference of a text, line by line, marked with ``+`` and ``-``."""
        before, after = str(self.before or "").splitlines(), str(self.after or "").splitlines()
        found = list(unified_diff(before, after, lineterm="", n=2))[3:]
        return ["…" if line.startswith("@@") else line for line in found]


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """An article that goes live with the release: ``new``, ``changed``, or ``same`` as it is."""

    article: Article
    change: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from what is in use; nothing does where both lists hold nothing new."""

    in_use: Assistant | None
    parts: list[Change]
    articles: list[ArticleChange]


def changes_of(release: Release) -> Changes:
    """Compare a release with the published one, or with the default model as it stands."""
    mine, theirs = Assistant.of(release), in_use()
    parts = []
    if theirs is None or theirs.model != mine.model:
        parts.append(Change("model", theirs and theirs.model.name, mine.model.name))
    before = theirs.system_prompt if theirs else None
    if before != mine.system_prompt:
        parts.append(Change("system_prompt", before, mine.system_prompt))
    had = dict(theirs.params) if theirs else {}
    parts += [
        Change(f"params.{name}", had.get(name), mine.params.get(name))
        for name in sorted({*had, *mine.params})
        if had.get(name) != mine.params.get(name)
    ]
    articles = release.articles.select_related("published").order_by("title", "pk")
    return Changes(theirs, parts, [ArticleChange(one, _changed(one)) for one in articles])


def _changed(article: Article) -> str:
    if article.status != Article.Status.PUBLISHED:
        return "new"
    return "changed" if article.has_changes else "same"

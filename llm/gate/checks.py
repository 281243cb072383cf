"""Whether an answer is what a case wants: pure functions, the same for people and for CI."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["answers", "cites", "says", "does_not_say", "hands_over", "keeps"]


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a case wants of the answer to it; ``cites`` is article id to title."""

    cites: dict[int, str]
    must_say: Sequence[str] = ()
    must_not_say: Sequence[str] = ()
    handoff: Literal["any", "yes", "no"] = "any"


@dataclass(frozen=True, slots=True)
class Given:
    """What was answered; ``error`` is the reason why nothing was."""

    text: str
    cited: Collection[int] = ()
    handed_over: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation, and whether it was met."""

    check: Kind
    wanted: str
    ok: bool

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)


def check(wanted: Expectations, given: Given) -> list[Check]:
    """Return a check for every expectation; the first is whether there was an answer at all."""
    said = _folded(given.text)
    checks = [Check("answers", given.error, not given.error and bool(said or given.handed_over))]
    for article_id, title in wanted.cites.items():
        checks.append(Check("cites", title, article_id in given.cited))
    for phrase in wanted.must_say:
        choices = [_folded(choice) for choice in phrase.split("|")]
        checks.append(Check("says", phrase, any(choice and choice in said for choice in choices)))
    checks += [
        Check("does_not_say", phrase, _folded(phrase) not in said) for phrase in wanted.must_not_say
    ]
    if wanted.handoff == "yes":
        checks.append(Check("hands_over", "", given.handed_over))
    elif wanted.handoff == "no":
        checks.append(Check("keeps", "", not given.handed_over))
    return checks


def passed(checks: Sequence[Check]) -> bool:
    """Say whether every check was met."""
    return all(one.ok for one in checks)


def _folded(text: str) -> str:
    """Compare as people do: without case, width, or kinds of white space and quotes."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(plain.split())

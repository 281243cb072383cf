"""Which passages an answer names: its marks are read, and taken out of what people see.

Customers would wonder about an [1] that leads nowhere for them, and it would stay in transcripts
and mails. So no mark is ever shown; the record keeps which passages were named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

QUOTE_CHARS = 240

_MARK = re.compile(r"[ \t]*(?:\[(\d{1,2}(?:[ ]?,[ ]?\d{1,2}){0,5})\]|【(\d{1,2})】)")
# What may become a mark, or the address that makes one a link.
_UNFINISHED = re.compile(r"[ \t]*(?:\[[\d, ]{0,24}\]?|【\d{0,2}】?)?$")


class Marks:
    """Takes marks out of a text that comes in pieces, and remembers which were there."""

    def __init__(self) -> None:
        self.named: set[int] = set()
        self._held = ""

    def take(self, piece: str) -> str:
        """Return what can be shown by now; a mark that may be unfinished is held back."""
        text = self._held + piece
        held = _UNFINISHED.search(text)
        cut = held.start() if held else len(text)
        shown, self._held = self._without_marks(text, cut)
        return shown

    def rest(self) -> str:
        """Return what was held back, at the end of the text."""
        shown, self._held = self._without_marks(self._held, len(self._held))
        return shown

    def _without_marks(self, text: str, cut: int) -> tuple[str, str]:
        def remove(match: re.Match[str]) -> str:
            if text[match.end() : match.end() + 1] == "(":
                return match[0]  # a link whose text is a number
            self.named |= {int(number) for number in re.findall(r"\d+", match[0])}
            return ""

        return _MARK.sub(remove, text[:cut]), text[cut:]


def citing(sources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a message's metadata tells of the passages it names; nothing if it names none."""
    named = [
        {key: source[key] for key in ("n", "article_id", "title", "url", "quote")}
        for source in sources
        if source["cited"]
    ]
    return {"citations": named} if named else {}

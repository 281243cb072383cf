"""Cleaning of text that comes from customers or models: both are data, never trusted."""

from __future__ import annotations

import re

# Controls but tab and newline; zero-width and direction marks; soft hyphen; the tag block, in which
# text can be hidden from people and shown to models; variation selectors past the emoji ones.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufe00-\ufe0e\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\U000e0100-\U000e01ef"
    "\ud800-\udfff]"
)
# Joiners are kept inside words of the scripts (and emoji) that need them, and nowhere else.
_JOINERS = re.compile("(?<![^\x00-\x7f])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f])")
_TAIL = "".join(chr(code) for code in range(0x3001) if chr(code).isspace()) + "\u200c\u200d"
_BLANK_LINES = re.compile(r"\n{4,}")


def visible(text: str) -> str:
    """Return ``text`` without characters that people cannot see but models can read."""
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text  # the usual case, for which the expressions take two hundred times as long
    return _JOINERS.sub("", _UNWANTED.sub("", text.replace("\r\n", "\n")))


def visible_piece(text: str) -> str:
    """Like :func:`visible` for a piece of a stream, whose neighbours are not known."""
    if text.isascii() and text.isprintable():
        return text
    return _UNWANTED.sub("", text)


class Tidier:
    """:func:`tidy` for a text that comes in pieces, so that what is shown is what will be stored.

    White space is held back until something follows it, as are joiners, whose place depends on
    both neighbours.
    """

    def __init__(self) -> None:
        self._last = ""
        self._held = ""

    def take(self, piece: str) -> str:
        """Return what may be shown now that ``piece`` has come."""
        text = self._held + visible_piece(piece)
        whole = text.rstrip(_TAIL)
        self._held = text[len(whole) :]
        is_plain = text.isascii() and "\n\n\n\n" not in text
        if not self._last:
            whole = (whole if is_plain else _JOINERS.sub("", whole)).lstrip()
        if not whole:
            return ""
        before, self._last = self._last, whole[-1]
        if is_plain:
            return whole
        return _BLANK_LINES.sub("\n\n\n", _JOINERS.sub("", before + whole))[len(before) :]


def tidy(text: str, *, limit: int) -> str:
    """Return a finished answer: visible, trimmed, at most ``limit`` characters."""
    text = _BLANK_LINES.sub("\n\n\n", visible(text)).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"

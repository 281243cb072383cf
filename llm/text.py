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
_BLANK_LINES = re.compile(r"\n{4,}")


def visible(text: str) -> str:
    """Return ``text`` without characters that people cannot see but models can read."""
    return _JOINERS.sub("", _UNWANTED.sub("", text.replace("\r\n", "\n")))


def visible_piece(text: str) -> str:
    """Like :func:`visible` for a piece of a stream, whose neighbours are not known."""
    return _UNWANTED.sub("", text)


def tidy(text: str, *, limit: int) -> str:
    """Return a finished answer: visible, trimmed, at most ``limit`` characters."""
    text = _BLANK_LINES.sub("\n\n\n", visible(text)).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"

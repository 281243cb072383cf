"""Make our own scripts and style sheets smaller without changing what they do.

This is no general minifier. It relies on how our modules are written: every statement ends with a
semicolon, and a private name (`#name`) is only ever a member of its class.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import count, product
from string import ascii_lowercase

from support.renaming import short_names

_TOKEN = re.compile(
    r"""
    (?P<comment>/\*.*?\*/|//[^\n]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<template>`(?:[^`\\]|\\.)*`)
    |(?P<space>\s+)
    |(?P<word>\#?[\w$]+)
    |(?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_WORDY = re.compile(r"[\w$#]")
_PRIVATE_IN_TEMPLATE = re.compile(r"(?<=[.{])#\w+")
# A slash after one of these begins a regular expression, after anything else it divides.
_BEFORE_REGEX = set("(,=:[!&|?{};+>") | {"return", "=>"}


def script(source: str) -> str:
    """JavaScript without comments and needless spaces, its own names cut to a letter or two."""
    tokens = [(kind, text) for kind, text in _tokens(source) if kind != "comment"]
    short = _short_privates(tokens) | short_names(tokens)
    out: list[str] = []
    gap = False
    for kind, text in tokens:
        if kind == "space":
            gap = True
            continue
        if kind == "word":
            text = short.get(text, text)
        elif kind == "template":
            text = _PRIVATE_IN_TEMPLATE.sub(lambda found: short.get(found[0], found[0]), text)
            if "\n" in text:  # the only one of many lines is a style sheet
                text = f"`{style(text[1:-1])}`"
        if text == "}" and out and out[-1] == ";":
            out.pop()
        if gap and out and _must_part(out[-1][-1], text[0]):
            out.append(" ")
        out.append(text)
        gap = False
    return "".join(out)


def style(source: str) -> str:
    """CSS without comments, needless spaces, and custom properties that nothing in it uses."""
    source = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    source = re.sub(r"\s+", " ", source)
    source = re.sub(r"\s*([{};,])\s*", r"\1", source)
    source = re.sub(r"(?<=[\w)-]):\s+", ":", source).replace(";}", "}").strip()
    while (fewer := _without_unused(source)) != source:
        source = fewer
    return source


def _without_unused(source: str) -> str:
    used = set(re.findall(r"var\((--[\w-]+)", source))
    return re.sub(
        r"(--[\w-]+):[^;}]*(?:;|(?=\}))",
        lambda found: found[0] if found[1] in used else "",
        source,
    )


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    at, last = 0, ";"
    while at < len(source):
        regex = _REGEX.match(source, at) if source[at] == "/" and last in _BEFORE_REGEX else None
        found = _TOKEN.match(source, at)
        assert found is not None  # the last alternative takes anything
        kind, text = str(found.lastgroup), found[0]
        if regex is not None and kind != "comment":
            kind, text = "regex", regex[0]
        at += len(text)
        if kind not in ("space", "comment"):
            last = text
        yield kind, text


def _short_privates(tokens: list[tuple[str, str]]) -> dict[str, str]:
    """The commonest private names get the shortest ones."""
    seen = Counter(text for kind, text in tokens if kind == "word" and text[0] == "#")
    names = (
        "#" + "".join(letters)
        for size in count(1)
        for letters in product(ascii_lowercase, repeat=size)
    )
    return {name: next(names) for name, _ in seen.most_common()}


def _must_part(left: str, right: str) -> bool:
    both_words = bool(_WORDY.match(left) and _WORDY.match(right))
    return both_words or (left == right and left in "+-")

"""Cuts Markdown into passages: along its headings and blocks, never through a sentence if it can.

Markdown is read by markdown-it, so a ``#`` in a code block is no heading and a table is one block.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

from llm.prompts import estimated_tokens
from llm.text import visible

LARGEST_TOKENS = 220
LONGEST_HEADING = 400

_markdown = MarkdownIt("commonmark").enable("table")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])|\n")


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage of a text: the headings it stands under, and its Markdown."""

    heading: str
    text: str

    @property
    def hash(self) -> str:
        """What makes two passages the same."""
        content = f"{self.heading}\0{self.text}"
        return hashlib.sha256(content.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Block:
    heading: str
    text: str


def split(body: str) -> list[Piece]:
    """Return the passages of a Markdown text in their order, each once."""
    pieces: dict[str, Piece] = {}
    for piece in _joined(_blocks(visible(body))):
        pieces.setdefault(piece.hash, piece)
    if not pieces and body.strip():  # headings alone
        return [Piece("", visible(body).strip())]
    return list(pieces.values())


def _blocks(body: str) -> Iterator[_Block]:
    """The blocks of the text with the path of headings above each; large ones in parts."""
    lines = body.split("\n")
    path: list[tuple[int, str]] = []
    tokens = _markdown.parse(body)
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            level = int(token.tag[1:])
            path = [kept for kept in path if kept[0] < level]
            path.append((level, tokens[index + 1].content.strip()))
        elif token.level == 0 and token.map and token.type not in ("heading_close", "hr"):
            heading = " › ".join(text for _, text in path if text)[:LONGEST_HEADING]
            text = "\n".join(lines[token.map[0] : token.map[1]]).strip("\n").rstrip()
            if not text.strip():
                continue
            if estimated_tokens(text) <= LARGEST_TOKENS:
                yield _Block(heading, text)
            elif token.type in ("fence", "code_block", "table_open"):
                yield from _by_lines(heading, text, is_table=token.type == "table_open")
            else:
                yield from _by_sentences(heading, text)


def _by_lines(heading: str, text: str, *, is_table: bool) -> Iterator[_Block]:
    """Parts of a table or of code; each part of a table has the table's head."""
    lines = text.split("\n")
    head = lines[:2] if is_table else []
    part: list[str] = []
    for line in lines[len(head) :]:
        if part and estimated_tokens("\n".join([*head, *part, line])) > LARGEST_TOKENS:
            yield _Block(heading, "\n".join([*head, *part]))
            part = []
        part += _cut(line) if not is_table else [line]
    if part:
        yield _Block(heading, "\n".join([*head, *part]))


def _by_sentences(heading: str, text: str) -> Iterator[_Block]:
    begin = 0
    ends = [match.end() for match in _SENTENCE_END.finditer(text)] + [len(text)]
    for last, end in zip([0, *ends], ends, strict=False):
        if last > begin and estimated_tokens(text[begin:end]) > LARGEST_TOKENS:
            yield from _parts(heading, text[begin:last])
            begin = last
    yield from _parts(heading, text[begin:])


def _parts(heading: str, text: str) -> Iterator[_Block]:
    for part in _cut(text.strip()):
        yield _Block(heading, part)


def _cut(text: str) -> list[str]:
    """Parts of something without sentences, by length."""
    if estimated_tokens(text) <= LARGEST_TOKENS:
        return [text] if text else []
    step = max(1, len(text) * LARGEST_TOKENS // estimated_tokens(text))
    return [text[i : i + step] for i in range(0, len(text), step)]


def _joined(blocks: Iterator[_Block]) -> Iterator[Piece]:
    """Blocks under one heading together, as far as they fit."""
    heading, text = "", ""
    for block in blocks:
        together = f"{text}\n\n{block.text}" if text else block.text
        fits = estimated_tokens(together) <= LARGEST_TOKENS
        if text and (block.heading != heading or not fits):
            yield Piece(heading, text)
            together = block.text
        heading, text = block.heading, together
    if text:
        yield Piece(heading, text)

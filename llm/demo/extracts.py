"""Answers from the passages that a prompt holds, by quoting what fits and naming its number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llm.knowledge.terms import tokens

LONGEST_CHARS = 600
MOST_PASSAGES = 2

_DOCUMENT = re.compile(r"^\[(\d+)\] ([^\n]*)\n<document>\n(.*?)\n</document>$", re.M | re.S)
_EARLIER = re.compile(r"\(What I said in earlier chats[^\n]*\n<earlier>\n.*?\n</earlier>\n?", re.S)
_ASK = re.compile(r"(?<=[?!。？！\n])\s*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class Given:
    """A numbered passage of the prompt."""

    number: int
    title: str
    text: str


def passages(messages: Sequence[Mapping[str, Any]]) -> list[Given]:
    """Return the passages of the system prompt, in their order."""
    told = next((m.get("content") for m in messages if m.get("role") == "system"), "")
    if not isinstance(told, str):
        return []
    return [Given(int(number), title, text) for number, title, text in _DOCUMENT.findall(told)]


def without_memories(text: str) -> str:
    """Return what the customer said now."""
    return _EARLIER.sub("", text)


def extract(question: str, given: Sequence[Given]) -> str:
    """Answer each part of a question from the passage that fits it best."""
    chosen: dict[int, str] = {}
    for part in filter(str.strip, _ASK.split(question)):
        asked = set(tokens(part))
        best = max(given, key=lambda passage: (_shared(asked, passage), -passage.number))
        if asked and (_shared(asked, best) or not chosen):
            # The order of passages is the search's own opinion; words only decide between parts.
            best = best if _shared(asked, best) > 1 else given[0]
            chosen.setdefault(best.number, f"{_closest(asked, best.text)} [{best.number}]")
    if not chosen:
        chosen[given[0].number] = f"{_closest(set(), given[0].text)} [{given[0].number}]"
    return "\n\n".join(list(chosen.values())[:MOST_PASSAGES])


def _shared(asked: set[str], passage: Given) -> int:
    return len(asked & set(tokens(f"{passage.title}\n{passage.text}")))


def _closest(asked: set[str], text: str) -> str:
    """The run of sentences that shares most words with the question, if the text is long."""
    if len(text) <= LONGEST_CHARS:
        return text
    sentences = _SENTENCE.split(text)
    runs = []
    for begin in range(len(sentences)):
        run = ""
        for sentence in sentences[begin:]:
            if run and len(run) + len(sentence) > LONGEST_CHARS:
                break
            run = f"{run} {sentence}".strip()
        runs.append((len(asked & set(tokens(run))), -begin, run))
    return max(runs)[2]

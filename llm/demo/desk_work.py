"""What the demo does for agents: no understanding, only honest tricks with the text it is given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from llm.knowledge.terms import is_chinese, tokens

_TRANSCRIPT = re.compile(r"<transcript>\n(.*?)\n</transcript>", re.S)
_TEXT = re.compile(r"<text>\n(.*?)\n</text>", re.S)
_LABELS = re.compile(r"<labels>\n(.*?)\n</labels>", re.S)
_LINE = re.compile(r"^(Customer|Agent|Assistant): (.*)$", re.M)
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s*")
LONGEST_LINE = 160
MOST_TAGS = 3


def desk_work(messages: Sequence[Mapping[str, Any]]) -> str | None:
    """Return a summary, tags or a rewriting when that is what is asked for, else None."""
    system, asked = _content(messages, "system"), _content(messages, "user")
    if found := _TRANSCRIPT.search(asked):
        labels = _LABELS.search(system)
        return _tags(found[1], labels[1]) if labels else _summary(found[1])
    if found := _TEXT.search(asked):
        return _rewritten(system, found[1])
    return None


def _content(messages: Sequence[Mapping[str, Any]], role: str) -> str:
    said = [m.get("content") for m in messages if m.get("role") == role]
    return said[-1] if said and isinstance(said[-1], str) else ""


def _summary(transcript: str) -> str:
    lines = _LINE.findall(transcript)
    wishes = [text for who, text in lines if who == "Customer"]
    answers = [text for who, text in lines if who != "Customer"]
    parts = [f"- Customer: {_short(text)}" for text in dict.fromkeys([*wishes[:2], *wishes[-1:]])]
    if answers:
        parts.append(f"- Last answer: {_short(answers[-1])}")
    if lines and lines[-1][0] == "Customer":
        parts.append("- Open: the customer has the last word.")
    return "\n".join(parts) or "- Nothing was said yet."


def _tags(transcript: str, labels: str) -> str:
    words = set(tokens(transcript))
    names = [line.removeprefix("- ").strip() for line in labels.splitlines()]
    fitting = [name for name in names if name and words & set(tokens(name))]
    return orjson.dumps(fitting[:MOST_TAGS]).decode()


def _rewritten(system: str, text: str) -> str:
    if system.startswith("Translate"):
        return "(The demo assistant cannot translate. Set up a language model for that.)"
    if "as short as it can be" in system:
        return _SENTENCE.split(text.strip())[0]
    if is_chinese(text):
        return f"感谢您的耐心等待！{text.strip()} 还有什么可以帮您的吗？"
    return f"Thank you for your patience! {text.strip()} Is there anything else I can do for you?"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1].rstrip() + "…"

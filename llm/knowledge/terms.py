"""What texts are compared by, word for word: stems of words, and pairs of unspaced characters."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

LONGEST_TERM = 48

_STOP = frozenset(
    re.findall(
        "[a-z]+",
        """
        a an the and or but if of to in on at for from by with as is are was were be been am do does
        did can could would should will shall may might must have has had i me my mine you your
        yours we us our they them their it its this that these those there here what which who whom
        how why not no so too very just also any some all please hi hello hey thanks thank get got
        go want need like know tell say about into out up than then really much many one
        """,
    )
)
# Chinese, Japanese, Korean and Thai are written without spaces, or with endings stuck on.
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_PART = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:'[^\W_{_UNSPACED}]+)?")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_HAN_STOP = re.compile(
    "请问|你们|我们|您好|你好|我想|一下|什么|怎么|如何|可以|能不能|有没有|是不是|吗|呢|吧|的|了|是|我|你|您|在|有|要|想"
)


def is_chinese(text: str) -> bool:
    """Say whether a text is (at least in part) Chinese."""
    return sum(len(run) for run in _HAN.findall(text)) >= 2


def tokens(text: str) -> list[str]:
    """Return the terms of a text in their order."""
    found: list[str] = []
    for part in _PART.findall(unicodedata.normalize("NFKC", text).casefold()):
        if _IS_UNSPACED.match(part):
            for run in _HAN_STOP.split(part):
                found += [run[i : i + 2] for i in range(len(run) - 1)] or ([run] if run else [])
        elif part not in _STOP:
            found.append(_stem(part)[:LONGEST_TERM])
    return found


def counted(text: str) -> Counter[str]:
    """Return how often each term stands in a text."""
    return Counter(tokens(text))


def _stem(word: str) -> str:
    word = word.removesuffix("'s").replace("'", "")
    for ending, rest in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending) + rest
            break
    return word[:-1] if len(word) > 3 and word.endswith("e") else word

"""Decides, by pure functions, whether the assistant answers, waits, or makes way for a person.

No model is asked whether a customer wants a person: that wish must work when every model is down,
and nobody may be able to talk a model out of it.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from llm.text import visible


@dataclass(frozen=True, slots=True)
class AnswerNow:
    """Ask the model now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again at ``until``: the customer may still be typing."""

    until: dt.datetime


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give the floor to people.  ``reason`` is a code for the event message."""

    reason: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing to do: nobody waits for the assistant."""


Decision = AnswerNow | Wait | HandOver | Silence


def decide(
    *,
    has_floor: bool,
    due_at: dt.datetime | None,
    now: dt.datetime,
    unanswered: Sequence[str],
    has_model: bool,
) -> Decision:
    """Say what is to happen in a session; ``unanswered`` are the customer's texts since the last
    answer, oldest first."""
    if not has_floor or due_at is None:
        return Silence()
    if any(wants_person(text) for text in unanswered):
        return HandOver("customer_asked")
    if due_at > now:
        return Wait(due_at)
    if not has_model:
        return HandOver("assistant_unavailable")
    return AnswerNow()


def wants_person(text: str) -> bool:
    """Say whether ``text`` is an explicit wish for a human being (English, Chinese, with typos)."""
    plain = unicodedata.normalize("NFKC", visible(text)).casefold()
    return _asks_in_chinese(plain) or _asks_in_english(plain[:2000])


# --- Chinese ---------------------------------------------------------------------------------

_ZH_PERSON = "人工|人功|仁工|真人|活人"
_ZH_WISH = re.compile(
    # The second alternatives are what input methods make of the same sounds.
    rf"[转轉接找要换換叫请請]\s*(?:接|到|一下|个|個|给|給|我)*\s*(?:{_ZH_PERSON})"
    rf"|(?:{_ZH_PERSON})\s*(?:客服|服务|服務|坐席|座席|处理|處理|帮|幫|来|來|回复|回覆|客符)"
    r"|(?:转|轉|找|叫|联系|聯繫|换|換|接)(?:接|一下|个|個|到|你们|你們|的)*(?:客服|经理|經理|主管|负责人|負責人|店员|店員)"
    r"|(?:我要|我想|想要|想|能不能|可以|可不可以|请|請|麻烦|麻煩).{0,6}(?:跟|和|与|與|同)"
    rf".{{0,4}}(?:{_ZH_PERSON}|客服|人类|人類|活人|一个人|一個人|店员|店員).{{0,6}}"
    r"(?:说|說|聊|谈|談|讲|講|沟通|溝通|通话|通話|对话|對話|联系|聯繫)"
    rf"|(?:我要|我想要|需要|想要)(?:个|個|一个|一個|一位)?(?:{_ZH_PERSON}|客服人员|客服人員)"
    rf"|^\s*(?:{_ZH_PERSON}|客服|转客服|人类|人類)\s*[!！。.~～?？]*\s*$"
    r"|\b(?:zhuan\s*)?ren\s*gong(?:\s*ke\s*fu)?\b"
)
_ZH_NOT = re.compile(
    r"(?:不要|不用|不必|不想|不需要|别|別|无需|無需|没必要|沒必要)[^，,。.!！？?]{0,4}"
    rf"(?:{_ZH_PERSON}|客服|转|轉)"
)
_ZH_ONLY_CURIOUS = re.compile(
    rf"(?:你|您|这|這|对面|對面).{{0,4}}(?:是|是不是).{{0,6}}(?:{_ZH_PERSON}).{{0,6}}(?:吗|嗎|么|麼|\?|？|还是|還是|$)"
)


def _asks_in_chinese(text: str) -> bool:
    # Each clause by itself: "are you a real person? Transfer me to one" is a wish.
    return any(
        _ZH_WISH.search(clause)
        and not _ZH_NOT.search(clause)
        and not _ZH_ONLY_CURIOUS.search(clause)
        for clause in re.split(r"[，,。.!！？?；;\n]+", text)
        if clause.strip()
    )


# --- English ---------------------------------------------------------------------------------

_FILL = (
    r"(?:(?:a|an|the|your|any|some|one|of|actual|real|live|human|support|customer|service|care"
    r"|sales|proper|another|different|other|damn|bloody|fucking|flesh and blood) )*"
)
_PERSON = (
    r"(?:human|humans|human being|person|people|agent|agents|representative|representatives|rep"
    r"|operator|advisor|adviser|assistant manager|manager|supervisor|staff|staff member"
    r"|team member|employee|associate|colleague|customer service|customer support)\b"
)
_ANYONE = r"(?:someone|somebody|anyone|anybody)(?: else| real| human| there| from .{1,30})?\b"
_SPEAK = r"(?:talk|speak|chat|converse|talking|speaking|chatting)(?: \w+){0,2}? (?:to|with) "
_HAND_ME = (
    r"(?:connect|transfer|escalate|forward|redirect|hand|switch|put|pass|direct|route|move)"
    r"(?: (?:me|us|this|it|my \w+|the \w+))?(?: \w+)?(?: (?:over|through|on))?(?: (?:to|with)) "
)
_GET = (
    r"(?:want|need|get|give|gimme|prefer|like|demand|require|find|fetch)"
    r"(?: (?:me|us|to have|to see|in))? "
)
_FIRM = (
    r"(?:human|human being|person|real people|agent|representative|rep|operator|manager"
    r"|supervisor)\b"
)
_WISH = re.compile(
    rf"\b{_SPEAK}{_FILL}(?:{_PERSON}|{_ANYONE})"
    rf"|\b{_HAND_ME}{_FILL}(?:{_PERSON}|{_ANYONE})"
    rf"|\b{_GET}{_FILL}{_FIRM}(?! (?:size|sized|who|that|can wear))"
    rf"|\b(?:can|could|may|let|have) {_FILL}(?:human|person|{_ANYONE}|agent|representative|rep) "
    r"(?:please )?(?:help|assist|look|answer|call|contact|take|join|reply|respond|handle)"
    rf"|\b(?:is|are) there {_FILL}(?:{_PERSON}|{_ANYONE}) "
    r"(?:i|we|available|there|here|around|who|to)\b"
    r"|\b(?:human|live|real) (?:support|help|assistance|chat|agent|person|representative)"
    r"(?: please| now|$)"
    r"|\b(?:no|stop|enough|sick|tired)(?: with| of)?(?: the| these| this)? (?:more )?"
    r"(?:bots?|robots?)\b"
)
_BARE = re.compile(
    rf"^(?:please |pls |just |ok |okay |hi |hello )*{_FILL}"
    r"(?:human|person|agent|representative|rep|operator|human being|real people|live chat)"
    r"(?: please| pls| now| thanks| thank you| asap)*$"
)
_NOT = re.compile(
    r"\b(?:don t|dont|do not|didn t|did not|doesn t|never|no need|not need|needn t|without"
    r"|rather not|instead of|wouldn t|would not|not have)\b.{0,40}$"
)
_ONLY_CURIOUS = re.compile(r"\b(?:are you|is this|is it|am i|were you|r u|are u)\b")

_MISSPELT = {
    wrong: right
    for right, wrongs in {
        "human": "humna huamn hunan humn hman hummen huma humman humen hyman uman",
        "person": "persn peron preson persom pesron perso perosn pearson persin",
        "agent": "agnet agetn aget agant egent agnt",
        "representative": "representitive represenative representive representatve reprasentative "
        "representativ represntative repersentative representetive",
        "operator": "operater oparator opperator opertor",
        "someone": "somone someon sumone soemone some1 smone",
        "somebody": "sombody somebdy sumbody somebidy",
        "anyone": "any1 anyon",
        "real": "reel rael raal",
        "talk": "takl tlak tak tolk tlk talkto taalk",
        "speak": "speek spaek speack speak2 spek spk speakto",
        "chat": "caht chta",
        "transfer": "tranfer transfere trasfer transfr tansfer",
        "connect": "conect connet connct conenct",
        "please": "plz pls plese pleas plaese",
        "want": "wnat wan wanna watn",
        "need": "nede ned neeed",
        "support": "suport supprt",
        "service": "servise sevice",
        "customer": "custmer costumer cusomer",
        "to": "2 too ot",
    }.items()
    for wrong in wrongs.split()
}


def _asks_in_english(text: str) -> bool:
    for clause in re.split(r"[.!?;\n,]+|\bbut\b", text):
        words = " ".join(_MISSPELT.get(w, w) for w in re.findall(r"[a-z0-9]+", clause))
        if not words:
            continue
        words = re.sub(r"^talkto |\btalk to to\b", "talk to ", words)
        if _BARE.match(words):
            return True
        found = _WISH.search(words)
        if found is None or _NOT.search(words[: found.start()]):
            continue
        if _ONLY_CURIOUS.search(words[: found.start()]) and not words.startswith("is there"):
            continue
        return True
    return False

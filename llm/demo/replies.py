"""What the demo endpoint answers: small talk, articles that fit, or an honest "I do not know"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llm.demo.desk_work import desk_work
from llm.demo.extracts import extract, passages, without_memories
from llm.demo.search import Article, index
from llm.knowledge.terms import is_chinese, tokens

MOST_ARTICLES = 3
SHORT_QUESTION_TOKENS = 4


@dataclass(frozen=True, slots=True)
class Said:
    """An answer in text, or the wish to hand over to a person."""

    text: str = ""
    handoff_reason: str = ""


_TALK: tuple[tuple[str, str, str], ...] = (
    (
        r"(are|r) (you|u|this)\b.*\b(bot|human|robot|ai|real|person|machine|computer)"
        r"|who (are|r) (you|u)|what are you|你是谁|机器人|真人吗|你叫什么",
        "I am the demo assistant of Fern & Field: software that answers from our help articles. "
        "If you would rather have a person, just say so.",
        "我是 Fern & Field 的演示助手，一个根据帮助文章回答问题的程序。"
        "如果您想找人工客服，告诉我就行。",
    ),
    (
        r"^(thanks?|thank you|thx|cheers|great|perfect|super|awesome)\b(?!.*(\?|\bbut\b)).{0,40}$"
        r"|^(好的?)?(谢谢|多谢|感谢)[^?？]{0,10}$",
        "You are welcome! Is there anything else I can help with?",
        "不客气！还有什么可以帮您的吗？",
    ),
    (
        r"^(bye|goodbye|see you|good night|that'?s (all|it)|no,? thanks?( you)?"
        r"|no,? that'?s (all|it))\b[^?]{0,30}$"
        r"|^(再见|拜拜|没有了|不用了).{0,6}$",
        "Have a good day, and enjoy the outdoors!",
        "祝您愉快，户外玩得开心！",
    ),
    (
        r"what can you (do|help)|how can you help|^help( me)?[.!? ]*$"
        r"|你能做什么|能帮我什么|^帮助?$",
        "I can tell you about returns and refunds, delivery, sizes, care, warranty and repairs, "
        "payment, gift cards and our stores. For anything with your own order, I can bring in a "
        "person.",
        "我可以回答退换货、退款、配送、尺码、洗护、质保维修、付款、礼品卡和门店的问题。"
        "涉及您自己的订单时，我可以请人工客服帮忙。",
    ),
    (
        r"^(hi|hello|hey|hiya|good (morning|afternoon|evening|day)|moin|howdy)"
        r"( (there|all|team|everyone|again|guys|you))?[\s,!.:)]*$"
        r"|^(你好|您好|嗨|哈喽|在吗|早上好|下午好|晚上好)[\s呀啊吗!！,，.。?？]*$",
        "Hello! I am the demo assistant of Fern & Field. What can I do for you?",
        "您好！我是 Fern & Field 的演示助手，请问有什么可以帮您？",
    ),
    (
        r"^(hi,? |hello,? )?how are you\b.{0,20}$",
        "All is well here, thank you. What can I do for you?",
        "我很好，谢谢！请问有什么可以帮您？",
    ),
)
_UNKNOWN = (
    "I could not find anything about that in our help articles, and I would rather not guess. "
    "Shall I bring in a person?",
    "帮助文章里没有找到相关内容，我不想乱猜。需要我为您转接人工客服吗？",
)
_OFFER = re.compile(r"bring in a person\?|转接人工客服吗")
_YES = re.compile(
    r"^\W*(yes|yeah|yep|yup|sure|ok|okay|please|yes please|please do|do (it|that)|go ahead"
    r"|that would be (great|nice)|好|好的|好啊|可以|要|需要|是|是的|对|行|嗯|麻烦了?|谢谢|请)"
    r"[\s,，]*(please|thanks?|thank you|吧|的|谢谢)?\W*$"
)
_WANTS_PERSON = re.compile(
    r"\b(human|real person|agent|representative|speak (to|with)|talk (to|with) (a|some))"
    r"|人工|真人|转接"
)
_ASK = re.compile(r"(?<=[?!。？！\n])\s*")


def reply_to(messages: Sequence[Mapping[str, Any]], *, can_hand_over: bool) -> Said:
    """Answer the conversation's last customer message, or do what an agent asks."""
    if (work := desk_work(messages)) is not None:
        return Said(text=work)
    asked = [without_memories(_text(m)) for m in messages if m.get("role") == "user"]
    question = asked[-1].strip() if asked else ""
    before = next((_text(m) for m in reversed(messages) if m.get("role") == "assistant"), "")
    chinese = is_chinese(question) or (not question.isascii() and is_chinese(" ".join(asked)))
    plain = question.casefold().strip()
    offered = bool(_OFFER.search(before))
    if can_hand_over and (_WANTS_PERSON.search(plain) or (offered and _YES.match(plain))):
        return Said(handoff_reason="The customer wants a person.")
    for pattern, english, mandarin in _TALK:
        if re.search(pattern, plain):
            return Said(text=mandarin if chinese else english)
    given = passages(messages)
    if given:
        return Said(text=extract(question, given))
    articles = _articles(question, "zh" if chinese else "en")
    if not articles and len(tokens(question)) <= SHORT_QUESTION_TOKENS and len(asked) > 1:
        # "And how long does it take?" is about what was asked before.
        articles = _articles(f"{asked[-2]} {question}", "zh" if chinese else "en")[:1]
    if articles:
        return Said(text="\n\n".join(article.text for article in articles))
    if can_hand_over and offered:
        return Said(handoff_reason="Two questions in a row that no help article answers.")
    return Said(text=_UNKNOWN[chinese])


def _articles(question: str, language: str) -> list[Article]:
    found: dict[str, Article] = {}
    for part in _ASK.split(question):
        hits = index(language).search(part, 1)
        if hits and _fits(hits[0].score, hits[0].coverage):
            found.setdefault(hits[0].article.slug, hits[0].article)
    return list(found.values())[:MOST_ARTICLES]


def _fits(score: float, coverage: float) -> bool:
    return (score >= 2 and coverage >= 0.6) or (score >= 4.5 and coverage >= 0.28)


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text", "") for part in content if isinstance(part, dict)]
        return " ".join(part for part in parts if isinstance(part, str))[:20_000]
    return content[:20_000] if isinstance(content, str) else ""

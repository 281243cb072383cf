"""What an answer may rest on: passages of the knowledge, and what the same customer said before.

It is looked for just before the model is asked, for a fraction of a second and never longer: an
answer that comes without is better than one that does not come. No database connection is held
while vectors are computed or asked for.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from chatsite.lib import dbpool
from llm.answers.citing import QUOTE_CHARS, Marks
from llm.answers.records import Claim, Ended
from llm.knowledge import actions as knowledge
from llm.knowledge import keywords, memory, nearness, search, vectors
from llm.knowledge.found import Found, NearHit, Outcome
from llm.knowledge.keywords import WordHit
from llm.knowledge.metrics import SEARCHES, SECONDS
from llm.knowledge.models import Asking, Chunk
from llm.knowledge.nearness import Asked
from llm.knowledge.scope import Scope
from llm.knowledge.terms import tokens
from llm.knowledge.trial import Trial
from llm.models import Answer
from llm.prompts import Passage, Prompt, Said
from sessions_app.models import ChatSession

log = logging.getLogger(__name__)

SHORT_QUESTION_TERMS: Final = 4
LONGEST_QUESTION: Final = 1_000
REPLAY_BUDGET_S: Final = 30.0

WITHOUT: Final = """\
Nothing in the company's documents answers the last message. If it asks about the company, its \
products or an order, say plainly that you do not know and offer a person; do not answer from \
general knowledge. A greeting or thanks you may simply return."""


@dataclass(slots=True)
class Grounding:
    """What one answer rests on, and which of it the answer names."""

    prompt: Prompt
    question: str = ""
    found: Found | None = None
    """None: nothing was looked for, or not in time."""
    marks: Marks = field(default_factory=Marks)

    def shown(self, piece: str) -> str:
        """Return what people see of the next piece of the answer."""
        return self.marks.take(piece) if self.found else piece

    def rest(self) -> str:
        """Return what people see of the answer's very end."""
        return self.marks.rest()

    def sources(self) -> list[dict[str, Any]]:
        """The passages the model was given, and whether the answer names them."""
        given = [dict(passage.source) for passage in self.prompt.passages]
        return [{**source, "cited": source["n"] in self.marks.named} for source in given]

    def support(self) -> str:
        """Whether the answer rests on something; a greeting or thanks needs nothing to rest on."""
        if self.found is None:
            return Answer.Support.UNASKED
        if self.prompt.passages:
            named = any(source["cited"] for source in self.sources())
            return Answer.Support.CITED if named else Answer.Support.UNCITED
        is_question = knowledge.is_question(self.question)
        return Answer.Support.NOTHING if is_question else Answer.Support.UNASKED


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the answer is given."""

    scope: Scope
    customer_id: int | None
    """Whose memories may be used: only of customers whose identity is proven."""
    words: Sequence[WordHit]
    has_articles: bool
    trial: Trial | None = None

    @property
    def is_bare(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.has_articles and self.customer_id is None


async def ground(claim: Claim) -> Grounding:
    """Return the claim's prompt with what was found for it; never raises, never takes long."""
    prompt = claim.prompt
    questions = _questions(prompt.talk) if prompt.reader and claim.may_lean else []
    if not questions:
        return Grounding(prompt)
    began = time.monotonic()
    # Nobody waits for a replay, and a busy machine must not change what it shows.
    budget = settings.KNOWLEDGE_BUDGET_S if claim.place else REPLAY_BUDGET_S
    try:
        async with asyncio.timeout(budget * 2):
            made = await _ground(claim, questions, began + budget)
    except Exception as error:  # noqa: BLE001 - the answer goes on without
        search.without("grounding", error)
        made = Grounding(prompt)
    SECONDS.observe(time.monotonic() - began)
    SEARCHES.labels(made.found.outcome.value if made.found else "off").inc()
    return made


async def _ground(claim: Claim, questions: Sequence[str], until: float) -> Grounding:
    prompt = claim.prompt
    for question in questions:
        place = await dbpool.run(_place, claim, question)
        if place.is_bare:
            return Grounding(prompt)
        asked = await _in_time(functools.partial(nearness.ask, question), until)
        near, recalled = await asyncio.gather(
            _near(asked, place, until), _recalled(asked, place.customer_id, until)
        )
        found, remembered = await dbpool.run(_read, place, question, near, recalled, claim.place)
        if found.outcome == Outcome.SUPPORTED:
            break
    passages = _passages(found)
    return Grounding(
        prompt.leaning_on(
            passages,
            without="" if passages or not place.has_articles else WITHOUT,
            remembered=remembered,
        ),
        questions[0],
        found if place.has_articles else None,
    )


def _questions(talk: Sequence[Said]) -> list[str]:
    """What to look for: what was said last, and, if that is short, with what was asked before."""
    asked: list[str] = []
    before = ""
    for said in reversed(talk):
        if said.role == "user" and not before:
            asked.insert(0, said.text)
        elif said.role == "user":
            before = said.text
            break
        elif asked and not before:
            before = " "
    question = "\n".join(asked)[-LONGEST_QUESTION:].strip()
    terms = set(tokens(question))
    if not terms:
        return []
    if before.strip() and len(terms) <= SHORT_QUESTION_TERMS:
        return [question, f"{before}\n{question}"[-LONGEST_QUESTION:]]
    return [question]


def _place(claim: Claim, question: str) -> _Place:
    team_id = customer_id = None
    if claim.place is not None:
        session = ChatSession.objects.only("team_id", "customer_id").get(pk=claim.place)
        team_id, customer_id = session.team_id, session.customer_id
    for_customer = claim.prompt.reader == "customer"
    scope = (Scope.of_customer if for_customer else Scope.of_session)(team_id)
    words = keywords.search(question, scope, search.CANDIDATES)
    trial = Trial.of(claim.trial, scope) if claim.trial else None
    return _Place(
        scope=scope,
        customer_id=memory.customer_with_memories(customer_id),
        words=trial.words(question, words) if trial else words,
        has_articles=bool(trial) or Chunk.objects.filter(scope.of_chunks()).exists(),
        trial=trial,
    )


async def _in_time(work: Any, until: float) -> Any:
    """Do something with vectors, or return None when it fails or takes too long."""
    try:
        async with asyncio.timeout(max(0.0, until - time.monotonic())):
            return await asyncio.wrap_future(vectors.ask(work))
    except Exception as error:  # noqa: BLE001 - whatever it is, words are left
        search.without("vectors", error)
        return None


async def _near(asked: Asked | None, place: _Place, until: float) -> list[NearHit] | None:
    if asked is None:
        return None
    look = functools.partial(search.near, asked, place.scope, place.trial)
    hits: list[NearHit] | None = await _in_time(look, until)
    return hits


async def _recalled(
    asked: Asked | None, customer_id: int | None, until: float
) -> list[tuple[int, float]] | None:
    if asked is None or customer_id is None:
        return None
    hits: list[tuple[int, float]] | None = await _in_time(
        functools.partial(memory.near, asked, customer_id), until
    )
    return hits


def _read(
    place: _Place,
    question: str,
    near: list[NearHit] | None,
    recalled: list[tuple[int, float]] | None,
    session_id: UUID | None,
) -> tuple[Found, list[str]]:
    found = search.fuse(
        place.words, near, place.scope, k=settings.KNOWLEDGE_PASSAGES, trial=place.trial
    )
    if place.customer_id is None:
        return found, []
    return found, memory.recall(
        customer_id=place.customer_id, question=question, near=recalled, besides=session_id
    )


def _passages(found: Found) -> list[Passage]:
    passages = [passage for passage in found.passages if passage.supports]
    return [
        Passage(
            title=" › ".join(part for part in (passage.title, passage.heading) if part),
            text=passage.text[: settings.KNOWLEDGE_PASSAGE_CHARS],
            source={
                "n": number,
                "chunk_id": passage.chunk_id,
                "article_id": passage.article_id,
                "version": passage.version,
                "title": passage.title,
                "heading": passage.heading,
                "url": passage.url,
                "quote": " ".join(passage.text.split())[:QUOTE_CHARS],
            },
        )
        for number, passage in enumerate(passages, 1)
    ]


async def note_unsupported(grounding: Grounding, claim: Claim, ended: Ended) -> None:
    """Put a reply's question on the list of unanswered ones, if nothing supported the reply."""
    found = grounding.found
    told = ended.status in (Answer.Status.DONE, Answer.Status.HANDOFF)
    if found is None or claim.floor is None or not told or found.outcome == Outcome.SUPPORTED:
        return
    reason = found.outcome.value
    if ended.status == Answer.Status.HANDOFF:
        reason = Asking.Reason.HANDOFF
    try:
        await dbpool.run(
            knowledge.note_unanswered,
            text=grounding.question,
            session_id=claim.session_id,
            answer_id=claim.answer_id,
            reason=reason,
        )
    except Exception as error:  # noqa: BLE001 - the answer has been given; that is what counts
        log.warning("a question was not noted", extra={"error": type(error).__name__})

"""Questions stored without waiting for locks: many at once, in two round trips.

As :mod:`llm.answers.quick` does with answers: one statement reads, one writes, and the write holds
for each conversation only if its session's row is still the one that was read. Whatever a question
could be refused for, and whatever it needs beside its rows, is left to the function that locks
(:func:`llm.turns.asking.ask`). Nothing is refused here.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.conf import settings

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import DomainError, ServiceUnavailable
from chatsite.lib.gather import Gather
from chatsite.lib.loopdb import LoopConnections
from llm.answers import statements as kernel
from llm.answers.quick import tell
from llm.jobs import Job
from llm.models import ModelConfig
from llm.turns import asking_statements as statements
from llm.turns.access import as_uuid
from llm.turns.asking import Asked, slots_of, title_from, turn_of
from llm.wake import waker
from sessions_app import publish
from sessions_app.access import Membership
from sessions_app.actions.drafts import Draft, draft
from sessions_app.actions.recording import consequences, numbered, take_effect
from sessions_app.models import ChatSession, SessionKind
from sessions_app.rows import known

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, checked as far as it can be without the database."""

    draft: Draft
    user_id: int
    model_ids: Sequence[int] | None
    params: Mapping[str, Any]
    blind: bool


@dataclass(frozen=True, slots=True)
class Plain:
    """A question that needs nothing but its rows, and the session's row with its mark.

    ``title`` is what the conversation is called by it, if it is the first.
    """

    asked: Asked
    session: ChatSession
    mark: str
    title: str | None


class QuickAsking:
    """Stores questions; use it within one event loop."""

    def __init__(self) -> None:
        self._connections = LoopConnections()
        self._asks = Gather(self._ask_all)

    async def ask(
        self,
        *,
        viewer: Viewer,
        conversation_id: object,
        content: object,
        model_ids: Sequence[int] | None = None,
        client_msg_id: object = None,
        params: Mapping[str, Any] | None = None,
        blind: bool = False,
    ) -> Asked | None:
        """Store a question as :func:`llm.turns.ask` does; None leaves it to that one."""
        pk = as_uuid(conversation_id)
        if pk is None or not viewer.is_staff or not LoopConnections.are_possible():
            return None
        # That it is so is for the statement to find.
        member = Membership(
            pk, viewer, SessionKind.ASSISTANT, staff=True, joined=True, team_id=None
        )
        try:
            made = draft(member, content=content, client_msg_id=client_msg_id)
        except DomainError:
            return None
        question = Question(made, viewer.user_id, model_ids, params or {}, blind)
        plain = await self._asks.one(question)
        if plain is None:
            return None
        for step in consequences([plain.session], [plain.asked.message], {}, plain=True):
            tell(step)
        if plain.title is not None:
            tell(partial(publish.session_changed, plain.session))
        tell(lambda: waker.now(*(Job("slot", answer.pk) for answer in plain.asked.slots)))
        return plain.asked

    async def _ask_all(self, questions: list[Question]) -> list[Plain | None]:
        try:
            found = await self._read(questions)
        except Exception as error:  # noqa: BLE001 - whatever it was, the locks find out
            log.warning("asking falls back to locks", extra={"error": type(error).__name__})
            return [None] * len(questions)
        plain = [one for one in found if one]
        stored = await self._store(plain) if plain else set()
        return [one if one and one.session.pk in stored else None for one in found]

    async def _read(self, questions: list[Question]) -> list[Plain | None]:
        ids = [one.draft.session_id for one in questions]
        rows = await self._connections.run(
            statements.talks(),
            ids,
            [one.user_id for one in questions],
            [one.draft.send_key for one in questions],
            ids,
        )
        plain: list[Plain | None] = [None] * len(questions)
        begun: set[UUID] = set()
        more: Counter[int] = Counter()
        for number, is_hindered, is_open, free, own, title, mark, *row in rows:
            question = questions[number - 1]
            session = known(ChatSession, kernel.head_columns(), row)
            models = _models(free, orjson.loads(own), question.model_ids)
            room = settings.LLM_USER_SLOTS - is_open - more[question.user_id]
            if is_hindered or session.pk in begun or not _is_plain(session, models, room):
                continue
            begun.add(session.pk)
            more[question.user_id] += len(models)
            plain[number - 1] = _worked_out(question, session, mark, title, models)
        return plain

    async def _store(self, plain: list[Plain]) -> set[UUID]:
        ids = [one.session.pk for one in plain]
        sessions = [
            kernel.hot_cells(one.session) | {"mark": one.mark, "title": one.title} for one in plain
        ]
        try:
            stored = await self._connections.run(
                statements.ask(),
                orjson.dumps(sessions).decode(),
                ids,
                ids,
                kernel.as_json(one.asked.message for one in plain),
                kernel.as_json(one.asked.turn for one in plain),
                kernel.as_json(answer for one in plain for answer in one.asked.slots),
            )
        except psycopg.Error as error:
            if error.sqlstate is None:
                raise _unknown(error) from error
            # PostgreSQL refused: a send that is stored already, or a deadlock. Nothing is stored.
            return set()
        except (OSError, TimeoutError) as error:
            raise _unknown(error) from error
        return {pk for (pk,) in stored}

    async def close(self) -> None:
        """End the connections."""
        await self._connections.close()


def _unknown(error: Exception) -> ServiceUnavailable:
    """The questions may be stored or not: to store them once more could ask everything twice."""
    log.warning("whether questions were stored is unknown", extra={"error": type(error).__name__})
    return ServiceUnavailable(retry_after=2)


def _models(free: str, own: list[int], wanted: Sequence[int] | None) -> list[ModelConfig]:
    """Return a model for each slot; none at all unless all of them may be asked by anyone."""
    may_ask = {row[0]: row for row in orjson.loads(free)}
    names = ("id", "name", "model")
    ids = own if wanted is None else wanted
    if any(pk not in may_ask for pk in ids):
        return []
    return [known(ModelConfig, names, may_ask[pk]) for pk in ids]


def _is_plain(session: ChatSession, models: Sequence[ModelConfig], room: int) -> bool:
    """Say whether a question to ``models`` needs nothing of its session but its numbers."""
    return (
        session.kind == SessionKind.ASSISTANT
        and session.customer_id is None
        and not session.is_closed
        and 1 <= len(models) <= min(settings.LLM_MAX_SLOTS, room)
    )


def _worked_out(
    question: Question, session: ChatSession, mark: str, title: str, models: Sequence[ModelConfig]
) -> Plain:
    now = clock.now()
    message = numbered(session, question.draft, now)
    take_effect(session, message, now)
    turn = turn_of(message, asked_by=question.user_id, blind=question.blind)
    slots = slots_of(turn, models, question.params)
    if new := title_from(message, title):
        session.version += 1  # the title is a change of its own, which is no message
    return Plain(Asked(turn, message, created=True, slots=slots), session, mark, new)


quick_asking = QuickAsking()

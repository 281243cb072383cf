"""Replies begun and ended without locks: what nearly every one needs, many in one statement.

A plain reply begins from its session's row, and is written if that row is still the one that was
read (its ``xmin``), and ends the same way; both inside the event loop, on a connection of their
own, for all replies that begin or end at the moment. Whatever is not plain, lost a race or met an
error is left to the functions that lock (:mod:`llm.answers.life`). Nothing is refused here.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import orjson
import psycopg

from chatsite.lib import clock, dbpool
from chatsite.lib.ids import uuid7
from chatsite.lib.loopdb import LoopConnections
from llm.answers import statements
from llm.answers.counting import count
from llm.answers.records import Claim, Ended, Figures, Floor, label_of, lease_from
from llm.answers.reply_claims import supersedes, unanswered
from llm.answers.reply_ends import spoken
from llm.gate.queries import Assistant, assistants
from llm.limits.breakers import in_trouble
from llm.metrics import ANSWERS
from llm.models import Answer
from llm.policy import AnswerNow, decide
from llm.prompts import reply_prompt
from sessions_app import publish
from sessions_app.actions.recording import consequences
from sessions_app.actions.replies import FloorLost, Spoken, Superseded, speak, told_as_done
from sessions_app.models import ChatSession, Message
from sessions_app.models import Floor as Speaker
from sessions_app.queries import Line

log = logging.getLogger(__name__)

MODELS_FOR_S = 0.25


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole answer to be said to its customer."""

    claim: Claim
    figures: Figures


@dataclass(frozen=True, slots=True)
class _Owed:
    """A session as it was read: the answer it is owed may be begun if it is still so."""

    mark: str
    session_id: UUID
    floor: str
    epoch: int
    due_at: dt.datetime | None
    watermark: int
    lines: Sequence[Line]
    past: Sequence[Answer]


class QuickReplies:
    """Begins and ends replies in batches, for the worker ``worker``, in the loop it is used in."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._connections = LoopConnections()
        self._assistants: Sequence[Assistant] = ()
        self._read_at = 0.0

    async def claim(self, session_ids: list[UUID]) -> list[Claim | None]:
        """Begin what can be begun; return None for what is left to do under locks."""
        nothing: list[Claim | None] = [None] * len(session_ids)
        if not LoopConnections.are_possible():
            return nothing
        try:
            begun = await self._claim(list(dict.fromkeys(session_ids)))
        except Exception as error:  # noqa: BLE001 - whatever it was, the locks find out
            _fall_back("beginning", error)
            return nothing
        # Twice in a batch is claimed once.
        return [begun.pop(session_id, None) for session_id in session_ids]

    async def finish(self, wholes: list[Whole]) -> list[Ended | None]:
        """End what can be ended; return None for what is left to do under locks."""
        nothing: list[Ended | None] = [None] * len(wholes)
        if not LoopConnections.are_possible():
            return nothing
        try:
            return await self._finish(wholes)
        except Exception as error:  # noqa: BLE001
            _fall_back("ending", error)
            return nothing

    async def close(self) -> None:
        """End the connections."""
        await self._connections.close()

    # --- Beginning ---------------------------------------------------------------------------

    async def _claim(self, session_ids: list[UUID]) -> dict[UUID, Claim]:
        asked = await self._plain_assistant()
        if asked is None:
            return {}
        now = clock.now()
        rows = await self._connections.run(statements.owed(), session_ids)
        plain = [one for row in rows if (one := _plain(row, now))]
        if not plain:
            return {}
        made = {one.session_id: self._answer(one, asked, now) for one in plain}
        stored = await self._connections.run(
            statements.begin(),
            _json([{"mark": one.mark, "id": one.session_id} for one in plain]),
            statements.as_json(made.values()),
            list(made),
        )
        begun: dict[UUID, Claim] = {}
        for one in plain:
            if (one.session_id,) in stored:
                claim = self._claimed(one, made[one.session_id], asked)
                begun[one.session_id] = claim
                _tell(partial(publish.reply_started, claim.live))
        return begun

    async def _plain_assistant(self) -> Assistant | None:
        """Who answers customers, if nothing limits it and no endpoint is in trouble."""
        if time.monotonic() - self._read_at > MODELS_FOR_S:
            self._assistants = await dbpool.run(_untroubled)
            self._read_at = time.monotonic()
        asked = next(iter(self._assistants), None)
        if asked is None or asked.model.max_parallel is not None:
            return None
        return asked if asked.model.daily_budget is None else None

    def _answer(self, owed: _Owed, asked: Assistant, now: dt.datetime) -> Answer:
        model = asked.model
        return Answer(
            id=uuid7(),
            session_id=owed.session_id,
            model_id=model.pk,
            model_label=label_of(model),
            watermark=owed.watermark,
            epoch=owed.epoch,
            status=Answer.Status.RUNNING,
            attempt=1,
            supersedes=supersedes(owed.past),
            lease_until=lease_from(now),
            worker=self._worker,
            prices=model.prices,
            params=dict(asked.params),
            created_at=now,
            started_at=now,
        )

    def _claimed(self, owed: _Owed, answer: Answer, asked: Assistant) -> Claim:
        return Claim(
            answer_id=answer.pk,
            place=owed.session_id,
            attempt=answer.attempt,
            age_s=0.0,
            purpose=answer.purpose,
            model=asked.model,
            params=answer.params,
            prompt=reply_prompt(owed.lines, system_prompt=asked.system_prompt),
            has_fallback=len(self._assistants) > 1,
            floor=Floor(answer.epoch, answer.watermark, answer.supersedes),
        )

    # --- Ending ------------------------------------------------------------------------------

    async def _finish(self, wholes: list[Whole]) -> list[Ended | None]:
        rows = await self._connections.run(
            statements.heads(), [one.claim.session_id for one in wholes]
        )
        heads = {session.id: (mark, session) for mark, session in map(statements.head_from, rows)}
        said: dict[UUID, tuple[ChatSession, Message, Spoken]] = {}
        marks, ends = [], []
        now = clock.now()
        for whole in wholes:
            claim, (mark, session) = whole.claim, heads[whole.claim.session_id]
            answer = spoken(claim, whole.figures, wants_person=None)
            try:
                message = speak(session, answer)
            except (FloorLost, Superseded):
                continue
            said[session.id] = (session, message, answer)
            marks.append(statements.hot_cells(session) | {"mark": mark})
            ends.append(
                {
                    "id": claim.answer_id,
                    "attempt": claim.attempt,
                    "session_id": session.id,
                    "status": Answer.Status.DONE,
                    "finished_at": now,
                    **whole.figures.as_fields(),
                }
            )
        if not said:
            return [None] * len(wholes)
        stored = await self._connections.run(
            statements.end(),
            _json(marks),
            _json(ends),
            [end["id"] for end in ends],
            list(said),
            list(said),
            statements.as_json(message for _, message, _ in said.values()),
        )
        ended = {session_id for (session_id,) in stored}
        for one in wholes:
            if one.claim.session_id in ended:
                count(one.claim.model.name, Answer.Status.DONE, one.figures, one.claim.model.prices)
        _tell_ended([one for session_id, one in said.items() if session_id in ended])
        return [
            Ended(Answer.Status.DONE, said[session_id][0].reply_due_at)
            if (session_id := one.claim.session_id) in ended
            else None
            for one in wholes
        ]


def is_plain(claim: Claim, figures: Figures, wants_person: str | None) -> bool:
    """Say whether an answer only needs to be said."""
    return bool(
        claim.floor and figures.text and wants_person is None and not claim.admitted.reservation
    )


def _plain(row: tuple[Any, ...], now: dt.datetime) -> _Owed | None:
    mark, session_id, floor, epoch, due_at, watermark, lines, past = row
    said = orjson.loads(lines)
    if any(line["kind"] != "text" for line in said):
        return None  # the names of files are read elsewhere
    answers = [Answer(**one) for one in orjson.loads(past)]
    if any(one.status in Answer.OPEN for one in answers):
        return None
    for line in said:
        del line["kind"]
    owed = _Owed(
        mark, session_id, floor, epoch, due_at, watermark, [Line(**line) for line in said], answers
    )
    seen = max((one.watermark for one in answers), default=0)
    decision = decide(
        has_floor=floor == Speaker.ASSISTANT,
        due_at=due_at,
        now=now,
        unanswered=unanswered(owed.lines, seen),
        has_model=True,
    )
    return owed if isinstance(decision, AnswerNow) else None


def _untroubled() -> Sequence[Assistant]:
    return () if in_trouble(clock.now()) else assistants()


def _tell_ended(said: Sequence[tuple[ChatSession, Message, Spoken]]) -> None:
    ANSWERS.labels(Answer.Status.DONE, "").inc(len(said))
    sessions, messages = [one[0] for one in said], [one[1] for one in said]
    for step in consequences(sessions, messages, {}):
        _tell(step)
    for session, _, answer in said:
        _tell(told_as_done(session, answer))


def _tell(step: Any) -> None:
    try:
        step()
    except Exception:
        log.exception("what follows a commit failed")


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return orjson.dumps(rows, default=str).decode()


def _fall_back(what: str, error: Exception) -> None:
    if not isinstance(error, psycopg.errors.UniqueViolation):
        log.warning("replies fall back to locks", extra={"at": what, "error": type(error).__name__})

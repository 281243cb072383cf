"""Plain replies to customers, begun and ended many at once.

A reply begins from its session's row, and is written if that row is still the one that was read
(its ``xmin``), and ends the same way.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from django.db import DEFAULT_DB_ALIAS

from chatsite.lib import clock
from chatsite.lib.ids import uuid7
from llm.answers import statements
from llm.answers.counting import count
from llm.answers.quick import Quick, Whole, as_json, tell
from llm.answers.records import Claim, Ended, Floor, label_of, lease_from
from llm.answers.reply_claims import supersedes, unanswered
from llm.answers.reply_ends import spoken
from llm.gate.models import Release
from llm.gate.queries import Assistant, ranked
from llm.metrics import ANSWERS
from llm.models import Answer, ModelConfig
from llm.policy import AnswerNow, decide
from llm.prompts import reply_prompt
from sessions_app import publish
from sessions_app.actions.recording import consequences
from sessions_app.actions.replies import FloorLost, Spoken, Superseded, speak, told_as_done
from sessions_app.models import ChatSession, Message
from sessions_app.models import Floor as Speaker
from sessions_app.queries import Line
from sessions_app.rows import columns, fresh


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
    may_lean: bool


class QuickReplies(Quick):
    """Begins and ends replies."""

    # --- Beginning ---------------------------------------------------------------------------

    async def _claim(self, job_ids: list[UUID]) -> Mapping[UUID, Claim]:
        models, rows = await asyncio.gather(
            self.connections.run(statements.enabled()),
            self.connections.run(statements.owed(), job_ids),
        )
        ranks = _ranks(models)
        if not ranks or _has_limits(ranks[0].model):
            return {}
        asked = ranks[0]
        now = clock.now()
        plain = [one for row in rows if (one := _plain(row, now))]
        if not plain:
            return {}
        made = {one.session_id: self._answer(one, asked, now) for one in plain}
        stored = await self.connections.run(
            statements.begin(),
            as_json([{"mark": one.mark, "id": one.session_id} for one in plain]),
            statements.as_json(made.values()),
            list(made),
        )
        begun: dict[UUID, Claim] = {}
        for one in plain:
            if (one.session_id,) in stored:
                claim = _claimed(one, made[one.session_id], asked, has_fallback=len(ranks) > 1)
                begun[one.session_id] = claim
                tell(partial(publish.reply_started, claim.live))
        return begun

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
            worker=self.worker,
            prices=model.prices,
            params=dict(asked.params),
            created_at=now,
            started_at=now,
        )

    # --- Ending ------------------------------------------------------------------------------

    async def _finish(self, wholes: list[Whole]) -> Mapping[UUID, Ended]:
        rows = await self.connections.run(
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
            return {}
        stored = await self.connections.run(
            statements.end(),
            as_json(marks),
            as_json(ends),
            [end["id"] for end in ends],
            list(said),
            list(said),
            statements.as_json(message for _, message, _ in said.values()),
        )
        ended = {session_id for (session_id,) in stored}
        _tell_ended([one for session_id, one in said.items() if session_id in ended])
        done: dict[UUID, Ended] = {}
        for claim, figures in ((one.claim, one.figures) for one in wholes):
            if claim.session_id in ended:
                count(claim.model.name, Answer.Status.DONE, figures, claim.model.prices)
                due_at = said[claim.session_id][0].reply_due_at
                done[claim.answer_id] = Ended(Answer.Status.DONE, due_at)
        return done


def _ranks(rows: Sequence[tuple[Any, ...]]) -> list[Assistant]:
    """Return who may answer customers, who does first, from the rows of enabled models."""
    names, of_release = columns(ModelConfig), columns(Release)
    models, live = [], None
    for row in rows:
        models.append(model := ModelConfig.from_db(DEFAULT_DB_ALIAS, names, row[: len(names)]))
        if row[len(names)] is not None:
            live = Release.from_db(DEFAULT_DB_ALIAS, of_release, row[len(names) :])
            live.model = model
    return ranked(models, live)


def _plain(row: tuple[Any, ...], now: dt.datetime) -> _Owed | None:
    mark, session_id, floor, epoch, due_at, watermark, lines, past, may_lean = row
    said = orjson.loads(lines)
    if any(line["kind"] != "text" for line in said):
        return None  # the names of files are read elsewhere
    answers = [fresh(Answer, one) for one in orjson.loads(past)]
    if any(one.status in Answer.OPEN for one in answers):
        return None
    for line in said:
        del line["kind"]
    spoken_lines = [Line(**line) for line in said]
    owed = _Owed(mark, session_id, floor, epoch, due_at, watermark, spoken_lines, answers, may_lean)
    seen = max((one.watermark for one in answers), default=0)
    decision = decide(
        has_floor=floor == Speaker.ASSISTANT,
        due_at=due_at,
        now=now,
        unanswered=unanswered(owed.lines, seen),
        has_model=True,
    )
    return owed if isinstance(decision, AnswerNow) else None


def _has_limits(model: ModelConfig) -> bool:
    return model.max_parallel is not None or model.daily_budget is not None


def _claimed(owed: _Owed, answer: Answer, asked: Assistant, *, has_fallback: bool) -> Claim:
    return Claim(
        answer_id=answer.pk,
        place=owed.session_id,
        attempt=answer.attempt,
        age_s=0.0,
        purpose=answer.purpose,
        model=asked.model,
        params=answer.params,
        prompt=reply_prompt(owed.lines, system_prompt=asked.system_prompt),
        has_fallback=has_fallback,
        floor=Floor(answer.epoch, answer.watermark, answer.supersedes),
        may_lean=owed.may_lean,
    )


def _tell_ended(said: Sequence[tuple[ChatSession, Message, Spoken]]) -> None:
    ANSWERS.labels(Answer.Status.DONE, "").inc(len(said))
    sessions, messages = [one[0] for one in said], [one[1] for one in said]
    for step in consequences(sessions, messages, {}, plain=True):
        tell(step)
    for session, _, answer in said:
        tell(told_as_done(session, answer))

"""Slots of questions to several models, begun and ended many at once.

A slot begins from its queued row, under the attempt that was read, and ends under its attempt; who
ends slots holds their turns' rows, as everybody does, and so knows whose was the last.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS

from chatsite.lib import clock
from llm.answers import slot_statements as statements
from llm.answers.counting import count
from llm.answers.quick import Quick, Whole, as_json, tell
from llm.answers.records import Claim, Ended, label_of, lease_from
from llm.metrics import ANSWERS
from llm.models import Answer, ModelConfig
from llm.prompts import compare_prompt
from sessions_app import publish
from sessions_app.rows import columns


class QuickSlots(Quick):
    """Begins and ends slots."""

    # --- Beginning ---------------------------------------------------------------------------

    async def _claim(self, job_ids: list[UUID]) -> Mapping[UUID, Claim]:
        models, rows = await asyncio.gather(
            self._free_models(), self.connections.run(statements.queued(), job_ids, job_ids)
        )
        now = clock.now()
        made = {claim.answer_id: claim for row in rows for claim in _claims(row, models, now)}
        if not made:
            return {}
        stored = await self.connections.run(
            statements.begin(),
            as_json([self._begun(one, now) for one in made.values()]),
            list(made),
        )
        begun = {answer_id: made[answer_id] for (answer_id,) in stored}
        for claim in begun.values():
            tell(partial(publish.reply_started, claim.live))
        return begun

    async def _free_models(self) -> dict[int, ModelConfig]:
        names = columns(ModelConfig)
        rows = await self.connections.run(statements.free_models())
        found = [ModelConfig.from_db(DEFAULT_DB_ALIAS, names, row) for row in rows]
        return {model.pk: model for model in found}

    def _begun(self, claim: Claim, now: dt.datetime) -> dict[str, Any]:
        return {
            "id": claim.answer_id,
            "status": Answer.Status.RUNNING,
            "attempt": claim.attempt,
            "model_label": label_of(claim.model),
            "prices": claim.model.prices,
            "params": claim.params,
            "worker": self.worker,
            "lease_until": lease_from(now),
            "started_at": now,
            "text": "",
            "ttft_ms": None,
        }

    # --- Ending ------------------------------------------------------------------------------

    async def _finish(self, wholes: list[Whole]) -> Mapping[UUID, Ended]:
        now = clock.now()
        ids = [one.claim.answer_id for one in wholes]
        turns = list({one.claim.turn_id for one in wholes})
        ends = [
            {
                "id": one.claim.answer_id,
                "attempt": one.claim.attempt,
                "status": Answer.Status.DONE,
                "finished_at": now,
                **one.figures.as_fields(),
            }
            for one in wholes
        ]
        closed, _ = await self.connections.run_together(
            (statements.end(), (as_json(ends), turns, ids)),
            (statements.end_turns(), (now, ids, now)),
        )
        done = {answer_id: Ended(Answer.Status.DONE) for (answer_id,) in closed}
        ANSWERS.labels(Answer.Status.DONE, "").inc(len(done))
        for claim, figures in ((one.claim, one.figures) for one in wholes):
            if claim.answer_id in done:
                count(claim.model.name, Answer.Status.DONE, figures, claim.model.prices)
                tell(partial(publish.reply_ended, claim.live, Answer.Status.DONE))
        return done


def _claims(
    row: tuple[Any, ...], models: Mapping[int, ModelConfig], now: dt.datetime
) -> list[Claim]:
    """Return claims for the slots of a question that may be begun."""
    turn_id, session_id, own, question, said, queued = row
    earlier = [(one["asked"], one["answered"]) for one in orjson.loads(said)]
    claims = []
    for slot in orjson.loads(queued):
        model = models.get(slot["model_id"])
        age_s = now.timestamp() - slot["created_at"]
        if model is None or age_s > settings.LLM_TURN_S:
            continue
        claims.append(
            Claim(
                answer_id=UUID(slot["id"]),
                place=session_id,
                attempt=slot["attempt"] + 1,
                age_s=age_s,
                purpose=Answer.Purpose.COMPARE,
                model=model,
                params={**model.default_params, **slot["params"]},
                prompt=compare_prompt(own, model, earlier, question),
                turn_id=turn_id,
                slot=slot["slot"],
            )
        )
    return claims

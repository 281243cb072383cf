"""Answers begun and ended without waiting for locks: what nearly every one needs, many at once.

All answers of a kind that begin or end at the moment do so in one or two round trips, inside the
event loop, on connections of their own. What is written holds for each answer only where its rows
still are what was read; whatever is not plain, lost a race or met an error is left to the
functions that lock (:mod:`llm.answers.life`). Nothing is refused here.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import psycopg

from chatsite.lib.gather import Gather
from chatsite.lib.loopdb import LoopConnections
from llm.answers.records import Claim, Ended, Figures

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole answer that only needs to be said, or kept."""

    claim: Claim
    figures: Figures


class Quick(ABC):
    """Begins and ends answers of one kind in batches, for the worker ``worker``.

    Use it within one event loop.
    """

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self.connections = LoopConnections()
        self._claims = Gather(self.claim_all)
        self._ends = Gather(self.finish_all)

    async def claim(self, job_id: UUID) -> Claim | None:
        """Begin what a job names; None leaves it to the locks."""
        return await self._claims.one(job_id)

    async def finish(self, claim: Claim, figures: Figures) -> Ended | None:
        """End a whole answer; None leaves it to the locks."""
        if not figures.text or claim.admitted.reservation:
            return None
        return await self._ends.one(Whole(claim, figures))

    async def claim_all(self, job_ids: list[UUID]) -> list[Claim | None]:
        """Begin what can be begun. What comes twice in a batch is begun once."""
        begun: dict[UUID, Claim] = {}
        if LoopConnections.are_possible():
            try:
                begun = dict(await self._claim(list(dict.fromkeys(job_ids))))
            except Exception as error:  # noqa: BLE001 - whatever it was, the locks find out
                _fall_back("beginning", error)
        return [begun.pop(job_id, None) for job_id in job_ids]

    async def finish_all(self, wholes: list[Whole]) -> list[Ended | None]:
        """End what can be ended."""
        ended: Mapping[UUID, Ended] = {}
        if LoopConnections.are_possible():
            try:
                ended = await self._finish(wholes)
            except Exception as error:  # noqa: BLE001
                _fall_back("ending", error)
        return [ended.get(whole.claim.answer_id) for whole in wholes]

    async def close(self) -> None:
        """End the connections."""
        await self.connections.close()

    @abstractmethod
    async def _claim(self, job_ids: list[UUID]) -> Mapping[UUID, Claim]:
        """Return what could be begun, by the job's id."""

    @abstractmethod
    async def _finish(self, wholes: list[Whole]) -> Mapping[UUID, Ended]:
        """Return what could be ended, by the answer's id."""


def tell(step: Callable[[], Any]) -> None:
    """Do what follows a commit; nothing of it may undo what was committed."""
    try:
        step()
    except Exception:
        log.exception("what follows a commit failed")


def as_json(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows, or parts of rows, as a JSON array."""
    return orjson.dumps(rows, default=str).decode()


def _fall_back(what: str, error: Exception) -> None:
    if not isinstance(error, psycopg.errors.UniqueViolation):
        extra = {"at": what, "error": type(error).__name__}
        log.warning("answers fall back to locks", extra=extra)

"""How a worker keeps its running answers, learns whether they are still wanted, and lets go."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal
from uuid import UUID

import orjson
from django.db import connection

from chatsite.lib import clock
from llm.answers.records import Claim, job_of, lease_from
from llm.jobs import Job
from llm.models import Answer
from sessions_app.models import Floor as Speaker

Unwanted = Literal["floor", "stop", "newer", "lost"]


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the database says about a running answer; the last three are about its floor."""

    attempt: int
    stop_wanted: bool
    has_floor: bool = True
    epoch: int | None = None
    is_behind: bool = False
    """The customer has written again."""


def judge(claim: Claim, pulse: Pulse | None) -> Unwanted | None:
    """Say why an answer should not go on, if there is a reason."""
    if pulse is None or pulse.attempt != claim.attempt:
        return "lost"
    floor = claim.floor
    if floor and not (pulse.has_floor and pulse.epoch == floor.epoch):
        return "floor"
    if pulse.stop_wanted:
        return "stop"
    return "newer" if floor and pulse.is_behind and floor.may_be_superseded else None


def pulses(*, answer_ids: Collection[UUID], worker: str) -> dict[UUID, Pulse]:
    """Return the state of this worker's answers, in one query; an answer it has lost is missing."""
    rows = Answer.objects.filter(
        pk__in=answer_ids, worker=worker, status=Answer.Status.RUNNING
    ).values_list(
        "pk",
        "attempt",
        "cancel_requested_at",
        "session__floor",
        "session__epoch",
        "session__reply_due_at",
    )
    return {
        pk: Pulse(
            attempt=attempt,
            stop_wanted=stop is not None,
            has_floor=floor == Speaker.ASSISTANT,
            epoch=epoch,
            is_behind=due is not None,
        )
        for pk, attempt, stop, floor, epoch, due in rows
    }


def extend_leases(
    *, shown: Mapping[UUID, tuple[int, str]], others: Collection[UUID], worker: str
) -> None:
    """Keep this worker's answers its own; note what was shown (milliseconds to it, text so far)."""
    mine = Answer.objects.filter(worker=worker, status=Answer.Status.RUNNING)
    lease = lease_from(clock.now())
    if others:
        mine.filter(pk__in=others).update(lease_until=lease)
    if shown and connection.vendor == "postgresql":
        rows = [{"id": pk, "ttft_ms": ms, "text": text} for pk, (ms, text) in shown.items()]
        with connection.cursor() as cursor:
            cursor.execute(_keep(), [lease, orjson.dumps(rows).decode(), list(shown), worker])
    elif shown:
        mine.bulk_update(
            [
                Answer(pk=pk, ttft_ms=ttft_ms, text=text, lease_until=lease)
                for pk, (ttft_ms, text) in shown.items()
            ],
            ["ttft_ms", "text", "lease_until"],
        )


@cache
def _keep() -> str:
    """Note what running answers have said (JSON); the ORM takes 1.5 ms for each, this 0.03."""
    answer = Answer._meta.db_table
    return f"""
        UPDATE {answer} AS a SET ttft_ms = v.ttft_ms, text = v.text, lease_until = %s
        FROM json_populate_recordset(NULL::{answer}, %s::json) AS v
        WHERE a.id = v.id AND a.id = ANY(%s) AND a.worker = %s
          AND a.status = '{Answer.Status.RUNNING}'"""  # noqa: S608 - names of our own


def release(*, answer_ids: Collection[UUID], worker: str) -> list[Job]:
    """Give unfinished answers back, for another worker to begin again; return what to wake for."""
    answers = Answer.objects.filter(pk__in=answer_ids, worker=worker, status=Answer.Status.RUNNING)
    jobs = [job_of(answer) for answer in answers.only("pk", "purpose", "session_id")]
    answers.update(status=Answer.Status.QUEUED, worker="", lease_until=None)
    return jobs


def expire_leases() -> None:
    """Free every running answer. Only for a process that knows that it is alone."""
    Answer.objects.filter(status=Answer.Status.RUNNING).update(lease_until=clock.now())

"""The statements of :mod:`llm.answers.quick_slots`, for PostgreSQL; see
:mod:`llm.answers.statements` for how rows travel and why nobody waits."""
# ruff: noqa: S608

from __future__ import annotations

from functools import cache

from llm.answers.statements import ENDED_COLUMNS, in_trouble, table
from llm.models import Answer, Conversation, ModelConfig, Turn
from llm.prompts.turns import EARLIER_TURNS
from sessions_app.models import Message
from sessions_app.rows import columns

BEGUN_COLUMNS = (
    "status", "attempt", "model_label", "prices", "params", "worker", "lease_until", "started_at",
    "text", "ttft_ms",
)  # fmt: skip


@cache
def free_models() -> str:
    """Models that anyone may ask: none of them while any endpoint is in trouble."""
    names = ", ".join(columns(ModelConfig))
    return f"""
        SELECT {names} FROM {table(ModelConfig)}
        WHERE enabled AND max_parallel IS NULL AND daily_budget IS NULL
          AND NOT {in_trouble()}"""


@cache
def queued() -> str:
    """Questions with those of their slots that nobody has begun. Parameters: answer ids, twice."""
    answer, turn, message = table(Answer), table(Turn), table(Message)
    slots = f"""
        SELECT id, slot, model_id, attempt, params, extract(epoch FROM created_at) AS created_at
        FROM {answer} WHERE turn_id = t.id AND id = ANY(%s) AND status = 'queued'
          AND cancel_requested_at IS NULL AND reserved IS NULL"""
    # Of the slots that can be gone on from, the picked one, or else the first.
    said = f"""
        SELECT e.text FROM {answer} AS e WHERE e.turn_id = b.id AND e.is_current
          AND (e.status = 'done' OR (e.status = 'stopped' AND e.slot = b.picked_slot))
        ORDER BY e.slot IS DISTINCT FROM b.picked_slot OR e.text = '', e.slot LIMIT 1"""
    earlier = f"""
        SELECT p.seq, p.content AS asked, coalesce(({said}), '') AS answered
        FROM {turn} AS b JOIN {message} AS p ON p.id = b.question_id
        WHERE b.session_id = t.session_id AND b.kind = '{Turn.Kind.COMPARE}' AND p.seq < q.seq
          AND p.deleted_at IS NULL
        ORDER BY p.seq DESC LIMIT {EARLIER_TURNS}"""
    return f"""
        SELECT t.id, t.session_id, coalesce(c.system_prompt, ''), q.content,
          (SELECT coalesce(json_agg(e ORDER BY e.seq), '[]')::text FROM ({earlier}) AS e),
          (SELECT coalesce(json_agg(s), '[]')::text FROM ({slots}) AS s)
        FROM {turn} AS t JOIN {message} AS q ON q.id = t.question_id
        LEFT JOIN {table(Conversation)} AS c ON c.session_id = t.session_id
        WHERE t.kind = '{Turn.Kind.COMPARE}'
          AND t.id = ANY(ARRAY(SELECT turn_id FROM {answer} WHERE id = ANY(%s)))"""


@cache
def begin() -> str:
    """Take slots that are still queued under the attempt before. Parameters: answers, ids."""
    answer = table(Answer)
    changes = ", ".join(f"{name} = v.{name}" for name in BEGUN_COLUMNS)
    return f"""
        WITH v AS MATERIALIZED (
            SELECT * FROM json_populate_recordset(NULL::{answer}, %s::json)
        ), held AS (
            SELECT a.id FROM {answer} AS a JOIN v ON v.id = a.id AND v.attempt = a.attempt + 1
            WHERE a.id = ANY(%s) AND a.status = 'queued' AND a.cancel_requested_at IS NULL
            FOR NO KEY UPDATE OF a SKIP LOCKED
        )
        UPDATE {answer} AS a SET {changes} FROM v JOIN held ON held.id = v.id
        WHERE a.id = v.id RETURNING a.id"""


@cache
def end() -> str:
    """Close slots, with the rows of their turns held. Parameters: ends (JSON), turn ids, ids."""
    answer, turn = table(Answer), table(Turn)
    ended = ", ".join(f"{name} = e.{name}" for name in ENDED_COLUMNS)
    return f"""
        WITH e AS MATERIALIZED (
            SELECT * FROM json_populate_recordset(NULL::{answer}, %s::json)
        ), turns AS (
            SELECT id FROM {turn} WHERE id = ANY(%s) FOR NO KEY UPDATE SKIP LOCKED
        ), mine AS (
            SELECT a.id FROM {answer} AS a JOIN e ON e.id = a.id AND e.attempt = a.attempt
            JOIN turns ON turns.id = a.turn_id
            WHERE a.id = ANY(%s) AND a.status IN ('queued', 'running')
            FOR NO KEY UPDATE OF a SKIP LOCKED
        )
        UPDATE {answer} AS a SET lease_until = NULL, {ended} FROM e JOIN mine ON mine.id = e.id
        WHERE a.id = e.id RETURNING a.id"""


@cache
def end_turns() -> str:
    """End turns of which :func:`end` has just closed the last open slot, after it and with its
    locks: it sees what everyone closed who had them before. Parameters: moment, answer ids,
    moment of the ends."""
    answer, turn = table(Answer), table(Turn)
    return f"""
        UPDATE {turn} AS t SET finished_at = %s
        WHERE t.id IN (SELECT turn_id FROM {answer} WHERE id = ANY(%s) AND finished_at = %s)
          AND NOT EXISTS (
            SELECT 1 FROM {answer} AS a
            WHERE a.turn_id = t.id AND a.is_current AND a.status IN ('queued', 'running'))"""

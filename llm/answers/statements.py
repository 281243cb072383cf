"""The statements of :mod:`llm.answers.quick_replies`, for PostgreSQL; all names are our own.

Rows travel as JSON. A session is written only if its ``xmin`` is still the one that was read.
``SKIP LOCKED``: whoever holds a row is about to change it, and who never waits is in no deadlock.
``ANY`` says again what the joins say, because the planner cannot know how few rows the JSON holds.
"""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import orjson
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

from llm.answers.records import Figures
from llm.answers.reply_claims import PAST_TURNS, TRANSCRIPT_LINES
from llm.gate.models import Publication, Release
from llm.knowledge.models import Chunk, Memory
from llm.models import Answer, Breaker, ModelConfig
from sessions_app.actions.posting import HOT_FIELDS
from sessions_app.models import ChatSession, Message, MessageKind, SenderKind
from sessions_app.rows import cells, columns, known

SPOKEN = ", ".join(f"'{kind}'" for kind in (MessageKind.TEXT, MessageKind.IMAGE, MessageKind.FILE))
HEAD = frozenset(("id", "kind", "customer_id", "live_attempt", *HOT_FIELDS))
ENDED_COLUMNS = ("status", "finished_at", *Figures.__slots__)


def table(model: type[Model]) -> str:
    """Return the name of a model's table."""
    return model._meta.db_table


def in_trouble() -> str:
    """Return the condition that any endpoint is in trouble."""
    return f"""EXISTS (
            SELECT 1 FROM {table(Breaker)} WHERE open_until IS NOT NULL OR resting_until > now())"""


@cache
def enabled() -> str:
    """Models that may answer customers, the default one first; the live release beside its model.

    None while any endpoint is in trouble.
    """
    models = ", ".join(f"m.{name}" for name in columns(ModelConfig))
    releases = ", ".join(f"r.{name}" for name in columns(Release))
    return f"""
        SELECT {models}, {releases} FROM {table(ModelConfig)} AS m
        LEFT JOIN ({table(Publication)} AS p JOIN {table(Release)} AS r ON r.id = p.release_id)
          ON p.is_current AND r.model_id = m.id
        WHERE m.enabled AND NOT {in_trouble()}
        ORDER BY m.is_default DESC, m.id"""


@cache
def owed() -> str:
    """Sessions by id, each with its last lines and replies, as they stand. Parameter: ids.

    The last column says whether there is anything at all that a reply could lean on.
    """
    lines = f"""
        SELECT seq, sender_kind, sender_name AS name, content, kind FROM {table(Message)}
        WHERE session_id = s.id AND seq <= s.last_seq AND kind IN ({SPOKEN})
          AND deleted_at IS NULL AND sender_kind <> '{SenderKind.SYSTEM}'
        ORDER BY seq DESC LIMIT {TRANSCRIPT_LINES}"""
    past = f"""
        SELECT status, watermark, supersedes, created_at FROM {table(Answer)}
        WHERE session_id = s.id AND purpose = '{Answer.Purpose.REPLY}'
        ORDER BY created_at DESC LIMIT {PAST_TURNS}"""
    return f"""
        SELECT s.xmin::text, s.id, s.floor, s.epoch, s.reply_due_at, s.last_customer_seq,
          (SELECT coalesce(json_agg(l ORDER BY l.seq), '[]')::text FROM ({lines}) AS l),
          (SELECT coalesce(json_agg(p ORDER BY p.created_at DESC), '[]')::text FROM ({past}) AS p),
          EXISTS (SELECT 1 FROM {table(Chunk)}) OR EXISTS (SELECT 1 FROM {table(Memory)})
        FROM {table(ChatSession)} AS s WHERE s.id = ANY(%s)"""


@cache
def begin() -> str:
    """Store answers and give them their floor. Parameters: marks, answers (JSON), session ids."""
    names = ", ".join(columns(Answer))
    answer, session = table(Answer), table(ChatSession)
    return f"""
        WITH v AS MATERIALIZED (
            SELECT * FROM json_to_recordset(%s::json) AS v(mark xid, id uuid)
        ), a AS MATERIALIZED (
            SELECT * FROM json_populate_recordset(NULL::{answer}, %s::json)
        ), held AS (
            SELECT s.id FROM {session} AS s JOIN v ON v.id = s.id AND v.mark = s.xmin
            WHERE s.id = ANY(%s) FOR NO KEY UPDATE OF s SKIP LOCKED
        ), moved AS (
            UPDATE {session} AS s
            SET reply_due_at = NULL, live_turn = a.id, live_attempt = a.attempt
            FROM a JOIN held ON held.id = a.session_id WHERE s.id = a.session_id RETURNING s.id
        ), added AS (
            INSERT INTO {answer} ({names})
            SELECT {names} FROM a WHERE session_id IN (SELECT id FROM moved)
        )
        SELECT id FROM moved"""


@cache
def head_columns() -> tuple[str, ...]:
    """Return :data:`HEAD` in the order of the model's fields."""
    return tuple(name for name in columns(ChatSession) if name in HEAD)


@cache
def heads() -> str:
    """Sessions by id, with what speaking in them changes. Parameter: ids."""
    names = ", ".join(head_columns())
    return f"SELECT xmin::text, {names} FROM {table(ChatSession)} WHERE id = ANY(%s)"


def head_from(row: tuple[Any, ...]) -> tuple[str, ChatSession]:
    """Return the mark and the session of a row of :func:`heads`."""
    mark, *values = row
    return mark, known(ChatSession, head_columns(), values)


def hot_cells(session: ChatSession) -> dict[str, Any]:
    """Return what :func:`end` writes of a session."""
    return cells(session, ("id", *HOT_FIELDS))


@cache
def hot_types() -> str:
    """Return the columns of :func:`hot_cells` with their types."""
    database = connections[DEFAULT_DB_ALIAS]
    types = {field.attname: field.db_type(database) for field in ChatSession._meta.concrete_fields}
    return ", ".join(f"{name} {types[name]}" for name in ("id", *HOT_FIELDS))


@cache
def hot_changes() -> str:
    """Return what sets a session's hot columns to those of ``v``."""
    return ", ".join(f"{name} = v.{name}" for name in HOT_FIELDS)


@cache
def end() -> str:
    """Close answers and say them: all of it, or for a session whose row has changed nothing.

    Parameters: marked sessions, ends (JSON), answer ids, session ids twice, messages (JSON).
    """
    answer, session, message = table(Answer), table(ChatSession), table(Message)
    ended = ", ".join(f"{name} = e.{name}" for name in ENDED_COLUMNS)
    names = ", ".join(columns(Message))
    return f"""
        WITH v AS MATERIALIZED (
            SELECT * FROM json_to_recordset(%s::json) AS v(mark xid, {hot_types()})
        ), e AS MATERIALIZED (
            SELECT * FROM json_populate_recordset(NULL::{answer}, %s::json)
        ), mine AS (
            SELECT a.id, a.session_id FROM {answer} AS a
            JOIN e ON e.id = a.id AND e.attempt = a.attempt
            WHERE a.id = ANY(%s) AND a.status IN ('queued', 'running')
            FOR NO KEY UPDATE OF a SKIP LOCKED
        ), held AS (
            SELECT s.id FROM {session} AS s JOIN v ON v.id = s.id AND v.mark = s.xmin
            JOIN mine ON mine.session_id = s.id
            WHERE s.id = ANY(%s) FOR NO KEY UPDATE OF s SKIP LOCKED
        ), moved AS (
            UPDATE {session} AS s SET {hot_changes()} FROM v JOIN held ON held.id = v.id
            WHERE s.id = v.id AND s.id = ANY(%s) RETURNING s.id
        ), closed AS (
            UPDATE {answer} AS a SET lease_until = NULL, {ended} FROM e
            WHERE a.id = e.id AND a.session_id IN (SELECT id FROM moved)
        ), added AS (
            INSERT INTO {message} ({names})
            SELECT {names} FROM json_populate_recordset(NULL::{message}, %s::json)
            WHERE session_id IN (SELECT id FROM moved)
        )
        SELECT id FROM moved"""


def as_json(rows: Iterable[Model]) -> str:
    """Return whole rows as a JSON array."""
    return orjson.dumps([cells(row, columns(type(row))) for row in rows], default=str).decode()

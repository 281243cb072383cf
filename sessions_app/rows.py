"""The statements behind every message, without the ORM's cost for each cell.

Posting reads the sessions concerned, then writes messages and sessions back. On PostgreSQL each
side is one round trip whatever the number of rows, and the rows travel as JSON, which both ends
handle in C. Elsewhere the ORM does it. (``bulk_update`` of fifty sessions took 3 ms of processor
time for every message.)
"""

import uuid
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, TypeVar

import orjson
import psycopg
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from django.db.models.base import ModelState

from sessions_app.models import ChatSession, Message

M = TypeVar("M", bound=Model)
Cursor = psycopg.Cursor[tuple[Any, ...]]


def lock(
    session_ids: Collection[uuid.UUID], send_keys: Collection[uuid.UUID]
) -> tuple[dict[uuid.UUID, ChatSession], dict[uuid.UUID, Message]]:
    """Lock the sessions, in the order of their ids, and find the sends that were stored before.

    Call inside a transaction. Returns sessions by id and messages by ``send_key``.
    """
    sessions, known = (_lock if connection.vendor == "postgresql" else _lock_by_orm)(
        list(session_ids), list(send_keys)
    )
    return {row.id: row for row in sessions}, {row.send_key: row for row in known if row.send_key}


def store(
    messages: Sequence[Message], sessions: Sequence[ChatSession], changed: tuple[str, ...]
) -> None:
    """Insert the messages and write back the fields ``changed`` of the sessions."""
    if connection.vendor == "postgresql":
        rows = _json(messages, columns(Message)), _json(sessions, ("id", *changed))
        _run(_store(changed), *rows)
    else:
        Message.objects.bulk_create(messages)
        for session in sessions:
            session.save(update_fields=changed)


def _lock_by_orm(
    ids: list[uuid.UUID], keys: list[uuid.UUID]
) -> tuple[list[ChatSession], list[Message]]:
    sessions = ChatSession.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    return list(sessions), list(Message.objects.filter(send_key__in=keys))


def _lock(ids: list[uuid.UUID], keys: list[uuid.UUID]) -> tuple[list[Any], list[Any]]:
    connection.ensure_connection()
    found = _run(f"{_select(ChatSession)} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", ids)
    known = _run(f"{_select(Message)} WHERE send_key = ANY(%s)", keys)
    return _made(ChatSession, found), _made(Message, known)


def _run(statement: str, *parameters: object) -> Cursor:
    with connection.wrap_database_errors:
        cursor: Cursor = psycopg.Cursor(connection.connection)
        cursor.execute(statement, parameters, binary=True)
        return cursor


def _made(model: type[Model], cursor: Cursor) -> list[Any]:
    names = columns(model)
    return [model.from_db(DEFAULT_DB_ALIAS, names, row) for row in cursor.fetchall()]


def fresh(model: type[M], values: dict[str, Any]) -> M:
    """Return a new row of exactly these columns.

    Made as unpickling makes it: the constructor asks every field in turn and takes 12 µs.
    """
    row = model.__new__(model)
    row.__dict__.update(values, _state=ModelState())
    return row


def known(model: type[M], names: Sequence[str], values: Sequence[Any]) -> M:
    """Return a row as it was read of these columns; ``from_db`` asks every field in turn."""
    row = fresh(model, dict(zip(names, values, strict=True)))
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return row


def _json(rows: Sequence[Model], names: Sequence[str]) -> str:
    return orjson.dumps([cells(row, names) for row in rows]).decode()


def cells(row: Model, names: Sequence[str]) -> dict[str, Any]:
    """Return the named columns of a row as it stands in memory."""
    held = row.__dict__
    return {name: held[name] for name in names}


@cache
def columns(model: type[Model]) -> tuple[str, ...]:
    """Return the names of a model's columns."""
    return tuple(field.attname for field in model._meta.concrete_fields)


@cache
def _select(model: type[Model]) -> str:
    return f"SELECT {', '.join(columns(model))} FROM {model._meta.db_table}"  # noqa: S608


@cache
def _store(changed: tuple[str, ...]) -> str:
    messages, sessions = Message._meta.db_table, ChatSession._meta.db_table
    names = ", ".join(columns(Message))
    changes = ", ".join(f"{name} = v.{name}" for name in changed)
    insert = (
        f"INSERT INTO {messages} ({names}) "  # noqa: S608 - names of our own
        f"SELECT {names} FROM json_populate_recordset(NULL::{messages}, %s)"
    )
    update = (
        f"UPDATE {sessions} AS s SET {changes} "  # noqa: S608
        f"FROM json_populate_recordset(NULL::{sessions}, %s) AS v WHERE s.id = v.id"
    )
    return f"WITH added AS ({insert}) {update}"

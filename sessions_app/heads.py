"""Session rows as this process left them, and writing on from there by compare-and-set.

PostgreSQL changes a row's ``xmin`` with every update, whoever makes it.  A row that still has the
``xmin`` it was read with is therefore the row that was read, and what was worked out from it may
be written without having locked it first.  A process that posts in a session keeps the row with
that mark, so that the next messages cost one round trip.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import orjson
from django.db import DEFAULT_DB_ALIAS, connections

from chatsite.lib.loopdb import LoopConnections
from sessions_app.models import ChatSession, Message
from sessions_app.rows import cells, columns, known

MOST = 5_000


@dataclass(slots=True)
class Head:
    """A session's row, with the columns asked for, and its mark."""

    session: ChatSession
    mark: str


class Heads:
    """The heads of the sessions posted in lately.  Use it inside the loop.

    Whoever takes a head is to be the only one who posts in that session until it is stored.
    """

    def __init__(self, *, known: tuple[str, ...], written: tuple[str, ...]) -> None:
        """``known`` are the columns kept of a row, ``written`` those of them that are stored."""
        self._written = written
        wanted = {"id", "kind", "customer_id", *known}
        self._columns = tuple(name for name in columns(ChatSession) if name in wanted)
        self._known: dict[str, Head] = {}  # by the id as events write it
        self._connections = LoopConnections()

    async def take(self, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Head]:
        """Return the heads of sessions that exist: those known, the others read now.

        They are the caller's to change, and known again only once :meth:`store` has written them.
        """
        taken = {pk: head for pk in ids if (head := self._known.pop(pk.hex, None))}
        if missing := [pk for pk in ids if pk not in taken]:
            for mark, *row in await self._connections.run(_read(self._columns), missing):
                session = known(ChatSession, self._columns, row)
                taken[session.id] = Head(session, mark)
        return taken

    async def store(
        self, messages: Sequence[Message], heads: dict[uuid.UUID, Head]
    ) -> set[uuid.UUID]:
        """Write the sessions that nobody else has changed, and their messages; return their ids.

        Raises :class:`psycopg.Error` with nothing written; a send that is stored already is such
        an error.
        """
        names = ("id", *self._written)
        rows = [cells(head.session, names) | {"mark": head.mark} for head in heads.values()]
        added = [cells(message, columns(Message)) for message in messages]
        ids = f"{{{','.join(map(str, heads))}}}"  # psycopg would look at a list item by item
        stored = await self._connections.run(_swap(self._written), _json(rows), ids, _json(added))
        for pk, mark in stored:
            self._known[pk.hex] = Head(heads[pk].session, mark)
        for key in list(islice(self._known, max(0, len(self._known) - MOST))):
            del self._known[key]
        return {pk for pk, _ in stored}

    def forget(self, key: str, *, below: int | None = None) -> None:
        """Let go of a session (its id in hex) that somebody has changed, or only if it is
        ``below`` a version."""
        head = self._known.get(key)
        if head is not None and (below is None or head.session.version < below):
            del self._known[key]

    async def close(self) -> None:
        """Let go of everything."""
        self._known.clear()
        await self._connections.close()


def _json(rows: list[dict[str, Any]]) -> str:
    return orjson.dumps(rows).decode()


def _table(model: type[ChatSession] | type[Message]) -> str:
    return model._meta.db_table


@cache
def _read(names: tuple[str, ...]) -> str:
    select = f"SELECT xmin::text, {', '.join(names)} FROM {_table(ChatSession)}"  # noqa: S608
    return f"{select} WHERE id = ANY(%s)"


@cache
def _swap(written: tuple[str, ...]) -> str:
    """Return the statement of :meth:`Heads.store`.

    ``SKIP LOCKED``: whoever holds a row is about to change it, and who never waits is in no
    deadlock.  ``ANY`` says again what the join says, because the planner cannot know how few rows
    the JSON holds, and would read the whole table.  What is locked stays where it is, so that the
    update finds it by ``ctid``.
    """
    database = connections[DEFAULT_DB_ALIAS]
    sessions, messages = _table(ChatSession), _table(Message)
    types = {field.attname: field.db_type(database) for field in ChatSession._meta.concrete_fields}
    cast = ", ".join(f"{name} {types[name]}" for name in ("id", *written))
    changes = ", ".join(f"{name} = v.{name}" for name in written)
    names = ", ".join(columns(Message))
    return f"""
        WITH held AS (
            SELECT s.ctid, v.* FROM json_to_recordset(%s::json) AS v(mark xid, {cast})
            JOIN {sessions} AS s ON s.id = v.id AND s.xmin = v.mark
            WHERE s.id = ANY(%s::uuid[]) FOR NO KEY UPDATE OF s SKIP LOCKED
        ), moved AS (
            UPDATE {sessions} AS s SET {changes} FROM held AS v
            WHERE s.ctid = v.ctid RETURNING s.id, s.xmin
        ), added AS (
            INSERT INTO {messages} ({names})
            SELECT {names} FROM json_populate_recordset(NULL::{messages}, %s::json) AS m
            WHERE m.session_id IN (SELECT id FROM moved)
        )
        SELECT id, xmin::text FROM moved"""  # noqa: S608 - names of our own

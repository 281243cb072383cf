"""Connections to PostgreSQL inside the event loop, for statements that cannot wait for a thread.

Handing a call to a thread and its result back costs more than a short statement itself. What runs
here is one round trip and one transaction; everything longer belongs in
:mod:`chatsite.lib.dbpool`.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

PATIENCE_S = 10.0
PLANS_HOLD_S = 10.0
"""A plan made for a table of ten rows would be kept while it grows to a million."""
Row = tuple[Any, ...]
Connection = psycopg.AsyncConnection[Row]


class LoopConnections:
    """As many connections as there are statements under way at once; each is used again."""

    def __init__(self) -> None:
        self._idle: list[Line] = []

    @staticmethod
    @cache
    def are_possible() -> bool:
        """Say whether the project's database can be used from the loop."""
        return connections[DEFAULT_DB_ALIAS].vendor == "postgresql"

    async def run(self, statement: str, *parameters: object) -> list[Row]:
        """Run a prepared statement in a transaction of its own and return its rows."""
        async with asyncio.timeout(PATIENCE_S), self._line() as line:
            await line.cursor.execute(statement, parameters, prepare=True)
            return await line.cursor.fetchall()

    async def run_together(self, *statements: tuple[str, tuple[object, ...]]) -> list[list[Row]]:
        """Run prepared statements, each with its parameters, in one transaction and one round trip.

        Each sees what was committed before it began. Returns the rows of each.
        """
        async with asyncio.timeout(PATIENCE_S), self._line() as line:
            async with line.connection.pipeline(), line.connection.transaction():
                cursors = [await _execute(line.connection, *statement) for statement in statements]
            return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]

    @asynccontextmanager
    async def _line(self) -> AsyncIterator["Line"]:
        line = self._idle.pop() if self._idle else await _connect()
        try:
            if time.monotonic() - line.planned > PLANS_HOLD_S:
                line.planned = time.monotonic()
                await line.connection.execute("DISCARD PLANS")
            yield line
        finally:
            await self._give_back(line)

    async def _give_back(self, line: "Line") -> None:
        """Keep a connection that may be used again: neither broken nor left inside of something."""
        if line.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            self._idle.append(line)
        else:
            await line.connection.close()

    async def close(self) -> None:
        """End the connections; the next :meth:`run` opens another."""
        idle, self._idle = self._idle, []
        for line in idle:
            await line.connection.close()


@dataclass(slots=True)
class Line:
    """A connection, a cursor that is used again, and since when its plans hold."""

    connection: Connection
    cursor: psycopg.AsyncCursor[Row]
    planned: float


async def _execute(
    connection: Connection, statement: str, parameters: tuple[object, ...]
) -> psycopg.AsyncCursor[Row]:
    cursor = connection.cursor(binary=True)
    await cursor.execute(statement, parameters, prepare=True)
    return cursor


async def _connect() -> Line:
    options: dict[str, Any] = connections[DEFAULT_DB_ALIAS].get_connection_params()
    options["cursor_factory"] = psycopg.AsyncCursor
    # Django turns prepared statements off; two texts are worth preparing at their first use.
    options["prepare_threshold"] = options["prepare_threshold"] or 0
    connection = await psycopg.AsyncConnection.connect(**options, autocommit=True)
    return Line(connection, connection.cursor(binary=True), time.monotonic())

"""Connections to PostgreSQL inside the event loop, for statements that cannot wait for a thread.

Handing a call to a thread and its result back costs more than a short statement itself. What runs
here is one statement and one transaction; everything longer belongs in :mod:`chatsite.lib.dbpool`.
"""

import asyncio
from functools import cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

PATIENCE_S = 10.0
Row = tuple[Any, ...]
Connection = psycopg.AsyncConnection[Row]


class LoopConnections:
    """As many connections as there are statements under way at once; each is used again."""

    def __init__(self) -> None:
        self._idle: list[Connection] = []

    @staticmethod
    @cache
    def are_possible() -> bool:
        """Say whether the project's database can be used from the loop."""
        return connections[DEFAULT_DB_ALIAS].vendor == "postgresql"

    async def run(self, statement: str, *parameters: object) -> list[Row]:
        """Run a prepared statement in a transaction of its own and return its rows."""
        connection: Connection | None = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                connection = self._idle.pop() if self._idle else await _connect()
                cursor = connection.cursor(binary=True)
                await cursor.execute(statement, parameters, prepare=True)
                return await cursor.fetchall()
        finally:
            if connection is not None:
                await self._give_back(connection)

    async def _give_back(self, connection: Connection) -> None:
        """Keep a connection that may be used again: neither broken nor left inside of something."""
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            await connection.close()

    async def close(self) -> None:
        """End the connections; the next :meth:`run` opens another."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close()


async def _connect() -> Connection:
    options: dict[str, Any] = connections[DEFAULT_DB_ALIAS].get_connection_params()
    options["cursor_factory"] = psycopg.AsyncCursor
    # Django turns prepared statements off; two texts are worth preparing at their first use.
    options["prepare_threshold"] = options["prepare_threshold"] or 0
    return await psycopg.AsyncConnection.connect(**options, autocommit=True)

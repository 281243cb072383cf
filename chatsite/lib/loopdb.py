"""One connection to PostgreSQL inside the event loop, for statements that cannot wait for a thread.

Handing a call to a thread and its result back costs more than a short statement itself. What runs
here is one statement and one transaction; everything longer belongs in :mod:`chatsite.lib.dbpool`.
"""

import asyncio
import contextlib
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

PATIENCE_S = 10.0
Row = tuple[Any, ...]


class LoopConnection:
    """Opens when first used, and again after a failure.  One caller at a time."""

    def __init__(self) -> None:
        self._connection: psycopg.AsyncConnection[Row] | None = None

    @staticmethod
    def is_possible() -> bool:
        """Say whether the project's database can be used from the loop."""
        return connections[DEFAULT_DB_ALIAS].vendor == "postgresql"

    async def run(self, statement: str, *parameters: object) -> list[Row]:
        """Run a prepared statement in a transaction of its own and return its rows."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                if self._connection is None:
                    self._connection = await _connect()
                cursor = self._connection.cursor(binary=True)
                await cursor.execute(statement, parameters, prepare=True)
                return await cursor.fetchall()
        except psycopg.errors.IntegrityError:
            raise
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End the connection; the next :meth:`run` opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                await connection.close()


async def _connect() -> psycopg.AsyncConnection[Row]:
    options: dict[str, Any] = connections[DEFAULT_DB_ALIAS].get_connection_params()
    options["cursor_factory"] = psycopg.AsyncCursor
    # Django turns prepared statements off; two texts are worth preparing at their first use.
    options["prepare_threshold"] = options["prepare_threshold"] or 0
    return await psycopg.AsyncConnection.connect(**options, autocommit=True)

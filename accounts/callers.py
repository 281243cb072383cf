"""Who calls, for many requests at once, inside the event loop (PostgreSQL only).

What :func:`accounts.tokens.live_user` and the viewer's teams take two queries for, all requests of
the moment have in one. Nobody is refused here: None leaves a caller to those who say why.
"""

from __future__ import annotations

import logging
from functools import cache

import psycopg
from django.db import DEFAULT_DB_ALIAS

from accounts.models import RefreshFamily, Team, User
from accounts.tokens import Holder
from accounts.viewer import Viewer
from chatsite.lib.gather import Gather
from chatsite.lib.loopdb import LoopConnections

log = logging.getLogger(__name__)

SHOWN = ("id", "username", "display_name", "role", "is_active", "is_visitor", "avatar")


class Callers:
    """Finds the people behind tokens; use it within one event loop."""

    def __init__(self) -> None:
        self._connections = LoopConnections()
        self._reads = Gather(self._read)

    async def viewer(self, holder: Holder) -> Viewer | None:
        """Return who holds a token, as the database knows them now, or None."""
        return await self._reads.one(holder)

    async def _read(self, holders: list[Holder]) -> list[Viewer | None]:
        found: list[Viewer | None] = [None] * len(holders)
        ids = [holder.user_id for holder in holders]
        families = [holder.family_id for holder in holders]
        try:
            rows = await self._connections.run(_people(), ids, families, ids)
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.warning("callers are looked up one by one", extra={"error": type(error).__name__})
            return found
        for number, team_ids, *row in rows:
            user = User.from_db(DEFAULT_DB_ALIAS, SHOWN, row)
            found[number - 1] = holders[number - 1].viewer(user, team_ids=frozenset(team_ids))
        return found

    async def close(self) -> None:
        """End the connections."""
        await self._connections.close()


@cache
def _people() -> str:
    """Active people with their teams. Parameters: user ids, their devices or null, user ids."""
    names = ", ".join(f"u.{name}" for name in SHOWN)
    members = Team.members.through._meta.db_table
    return f"""
        SELECT k.number, ARRAY(SELECT team_id FROM {members} WHERE user_id = u.id), {names}
        FROM unnest(%s::bigint[], %s::uuid[]) WITH ORDINALITY AS k(user_id, family_id, number)
        JOIN {User._meta.db_table} AS u ON u.id = k.user_id
        WHERE u.id = ANY(%s::bigint[]) AND u.is_active AND (k.family_id IS NULL OR EXISTS (
            SELECT 1 FROM {RefreshFamily._meta.db_table} AS f
            WHERE f.id = k.family_id AND f.user_id = u.id AND f.ended_at IS NULL
              AND f.expires_at > now()))"""  # noqa: S608 - names of our own


callers = Callers()

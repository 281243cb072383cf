"""Which turns may be read by whom, for many readers at once, inside the event loop.

Only the plain case: a member of a talk with models reads its turns. Everybody else is left to
:func:`llm.turns.access.streamable_for`, and nobody is refused here.
"""
# ruff: noqa: S608

from __future__ import annotations

import logging
from functools import cache
from uuid import UUID

import psycopg

from chatsite.lib.gather import Gather
from chatsite.lib.loopdb import LoopConnections
from llm.answers.statements import table
from llm.models import Turn
from sessions_app.models import ChatSession, Participant, ParticipantRole, SessionKind

log = logging.getLogger(__name__)

Wish = tuple[UUID, int]
"""A turn, and the member of staff who would like to read it."""
_connections = LoopConnections()


async def may_read(turn_id: UUID, user_id: int) -> bool:
    """Say whether a member of staff is known to be allowed to read a turn."""
    return await _reads.one((turn_id, user_id))


async def _read(wishes: list[Wish]) -> list[bool]:
    turns, users = [turn for turn, _ in wishes], [user for _, user in wishes]
    try:
        rows = await _connections.run(_readable(), turns, users, turns)
    except (psycopg.Error, OSError, TimeoutError) as error:
        log.warning("streams are opened one by one", extra={"error": type(error).__name__})
        return [False] * len(wishes)
    allowed = {number for (number,) in rows}
    return [number in allowed for number in range(1, len(wishes) + 1)]


_reads = Gather(_read)


@cache
def _readable() -> str:
    """Numbers of the wishes that may be granted. Parameters: turn ids, user ids; turn ids."""
    return f"""
        SELECT w.number
        FROM unnest(%s::uuid[], %s::bigint[]) WITH ORDINALITY AS w(turn_id, user_id, number)
        JOIN {table(Turn)} AS t ON t.id = w.turn_id
        JOIN {table(ChatSession)} AS s ON s.id = t.session_id
        JOIN {table(Participant)} AS p ON p.session_id = s.id AND p.user_id = w.user_id
        WHERE t.id = ANY(%s::uuid[]) AND s.kind = '{SessionKind.ASSISTANT}'
          AND s.customer_id IS NULL AND p.left_at IS NULL
          AND p.role <> '{ParticipantRole.OBSERVER}'"""


async def close() -> None:
    """End the connections."""
    await _connections.close()

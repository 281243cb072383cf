"""``session`` frames: a session as it is now, for the inboxes that list it.

A busy session changes many times a second; an inbox needs it once.  Changes are only noted, and
the sessions that changed are read and sent together.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from chatsite.lib import dbpool
from sessions_app import queries
from sessions_app.live.channel import Channel, Socket
from sessions_app.models import ChatSession
from sessions_app.protocol import SessionFrame

log = logging.getLogger(__name__)

SOON_S = 0.05
EVERY_S = 1.0
REMEMBERED = 10_000

#: What changes with every message; customers hear of these from the messages.
NUMBERS = frozenset({"updated_at", "last_seq", "version", "last_message", "unread", "participants"})
Shown = tuple[list[tuple[int | None, dict[str, Any]]], list[dict[str, Any]]]


class SessionFrames:
    """Notes which sessions changed and sends each at most once a second."""

    def __init__(
        self,
        channels: dict[str, Channel],
        staff: set[Socket],
        spawn: Callable[[Any], "asyncio.Task[None]"],
        place: Callable[[Channel, Iterable[int]], None],
    ) -> None:
        self._channels = channels
        self._staff = staff
        self._spawn = spawn
        self._place = place
        self._due: dict[str, float] = {}
        self._sent_at: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def touch(self, key: str) -> None:
        """Note that a session (its id in hex) has changed."""
        if key in self._due or not (self._staff or key in self._channels):
            return
        last = self._sent_at.get(key, 0.0)
        self._due[key] = max(time.monotonic() + SOON_S, last + EVERY_S)
        if self._task is None:
            self._task = self._spawn(self._send_due())

    async def _send_due(self) -> None:
        try:
            while self._due:
                now = time.monotonic()
                keys = [key for key, at in self._due.items() if at <= now]
                if not keys:
                    await asyncio.sleep(max(0.01, min(self._due.values()) - now))
                    continue
                for key in keys:
                    del self._due[key]
                    self._sent_at[key] = now
                if len(self._sent_at) > REMEMBERED:
                    recent = now - EVERY_S
                    self._sent_at = {k: at for k, at in self._sent_at.items() if at > recent}
                await self._send(keys)
        finally:
            self._task = None

    async def _send(self, keys: list[str]) -> None:
        public = [key for key in keys if self._has_customers(key)]
        try:
            for_staff, for_public = await dbpool.run(_read, keys, public)
        except Exception:
            log.exception("session frames not sent")
            return
        for team_id, shape in for_staff:
            self._show_staff(team_id, shape)
        for shape in for_public:
            self._show_customers(shape)

    def _has_customers(self, key: str) -> bool:
        channel = self._channels.get(key)
        return channel is not None and any(not sub.member.staff for sub in channel.subs)

    def _show_staff(self, team_id: int | None, shape: dict[str, Any]) -> None:
        """Send the session to its team and to every admin, followed or not."""
        channel = self._channels.get(uuid.UUID(shape["id"]).hex)
        following: set[Socket] = set()
        if channel is not None:
            self._place(channel, [place["user"]["id"] for place in shape["participants"]])
            following = {sub.socket for sub in channel.subs if sub.member.staff}
        text = SessionFrame(session=shape).encode()
        for socket in self._staff:
            viewer = socket.viewer
            if viewer.is_admin or team_id in viewer.team_ids or socket in following:
                socket.push(text)

    def _show_customers(self, shape: dict[str, Any]) -> None:
        """Send customers the session when more than its numbers changed."""
        channel = self._channels.get(uuid.UUID(shape["id"]).hex)
        if channel is None:
            return
        seen: object = {key: value for key, value in shape.items() if key not in NUMBERS} | {
            "people": [(place["user"]["id"], place["online"]) for place in shape["participants"]]
        }
        text = SessionFrame(session=shape).encode()
        for sub in channel.subs:
            if not sub.member.staff and sub.shape != seen:
                sub.shape = seen
                sub.socket.push(text)


def _read(keys: list[str], public: list[str]) -> Shown:
    """Return the payloads for staff with their teams, and those for customers."""
    found = ChatSession.objects.filter(pk__in=[uuid.UUID(key) for key in keys])
    sessions = list(queries.with_people(found))
    followed = set(public)
    some = [session for session in sessions if session.id.hex in followed]
    teams = [session.team_id for session in sessions]
    staff = queries.shown(sessions, staff=True)
    return list(zip(teams, staff, strict=True)), queries.shown(some, staff=False)

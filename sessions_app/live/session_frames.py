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
from sessions_app.models import ChatSession, SessionKind
from sessions_app.protocol import SessionFrame

log = logging.getLogger(__name__)

SOON_S = 0.05
EVERY_S = 1.0
REMEMBERED = 10_000

#: What changes with every message, and what only staff see; customers hear of the first from the
#: messages.
NUMBERS = frozenset(
    {"updated_at", "last_seq", "version", "last_message", "unread", "participants"}
    | {"waiting_since", "tags", "source", "customer"}
)


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
        try:
            shapes = await dbpool.run(_read_for_staff, keys)
            for team_id, shape in shapes:
                self._show_staff(team_id, shape)
            if news := [shape["id"] for _, shape in shapes if self._is_news_to_customers(shape)]:
                for shape in await dbpool.run(_read_for_customers, news):
                    self._show_customers(shape)
        except Exception:
            log.exception("session frames not sent")

    def _is_news_to_customers(self, shape: dict[str, Any]) -> bool:
        """Say whether a customer follows the session and more than its numbers changed."""
        channel = self._channels.get(uuid.UUID(shape["id"]).hex)
        if channel is None or all(sub.member.staff for sub in channel.subs):
            return False
        told = {key: value for key, value in shape.items() if key not in NUMBERS} | {
            "people": [(place["user"]["id"], place["online"]) for place in shape["participants"]]
        }
        if channel.told == told:
            return False
        channel.told = told
        return True

    def _show_staff(self, team_id: int | None, shape: dict[str, Any]) -> None:
        """Send a support session to its team and to every admin, followed or not; a room to its
        members; a talk with models to who follows it, because no inbox lists it."""
        channel = self._channels.get(uuid.UUID(shape["id"]).hex)
        following: set[Socket] = set()
        if channel is not None:
            self._place(channel, [place["user"]["id"] for place in shape["participants"]])
            following = {sub.socket for sub in channel.subs if sub.member.staff}
        text = SessionFrame(session=shape).encode()
        people = {place["user"]["id"] for place in shape["participants"]}
        for socket in self._staff:
            viewer = socket.viewer
            match shape["kind"]:
                case SessionKind.SUPPORT:
                    is_listed = viewer.is_admin or team_id in viewer.team_ids
                case SessionKind.ASSISTANT:
                    is_listed = False
                case _:
                    is_listed = viewer.user_id in people
            if is_listed or socket in following:
                socket.push(text)

    def _show_customers(self, shape: dict[str, Any]) -> None:
        channel = self._channels.get(uuid.UUID(shape["id"]).hex)
        if channel is not None:
            text = SessionFrame(session=shape).encode()
            for sub in channel.subs:
                if not sub.member.staff:
                    sub.socket.push(text)


def _sessions(keys: list[str]) -> list[ChatSession]:
    found = ChatSession.objects.filter(pk__in=[uuid.UUID(key) for key in keys])
    return list(queries.with_people(found))


def _read_for_staff(keys: list[str]) -> list[tuple[int | None, dict[str, Any]]]:
    """Return team and payload of each session."""
    sessions = _sessions(keys)
    teams = [session.team_id for session in sessions]
    return list(zip(teams, queries.shown(sessions, staff=True), strict=True))


def _read_for_customers(keys: list[str]) -> list[dict[str, Any]]:
    """Return the payload of each session as customers see it."""
    return queries.shown(_sessions(keys), staff=False)

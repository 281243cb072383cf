"""``session`` frames: a session as it is now, for the inboxes that list it.

A busy session changes many times a second; an inbox needs it once.  Changes are only noted, and
the sessions that changed are sent together.  Where only messages came, their events tell what
changed; reading the rows again for each would cost more than posting the messages.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from chatsite.lib import dbpool
from chatsite.lib.bus import bus
from sessions_app import queries
from sessions_app.live.channel import Channel, Event, Socket
from sessions_app.live.directory import Directory
from sessions_app.models import ChatSession, SessionKind
from sessions_app.payloads import Payload
from sessions_app.protocol import SessionFrame

log = logging.getLogger(__name__)

SOON_S = 0.05
EVERY_S = 1.0
TRUSTED_S = 60.0
"""To read a session takes a hundred times as long as to believe its messages; what no event told
of, because the bus was ill, is put right after so long."""
REMEMBERED = 10_000
KEPT = 2_000
AT_ONCE = 10

#: What changes with every message, and what only staff see; customers hear of the first from the
#: messages, and of a reply from its own frames.
NUMBERS = frozenset(
    {"updated_at", "last_seq", "version", "last_message", "unread", "participants", "live_turn"}
    | {"waiting_since", "tags", "source", "customer"}
)


@dataclass(slots=True)
class Shown:
    """A session as staff were last shown it, and when its rows were read."""

    team_id: int | None
    shape: Payload
    read_at: float

    def take(self, event: Event) -> None:
        """Bring the session up to date by the event of its newest message."""
        frame = orjson.loads(event["staff"])
        message = frame["message"]
        self.shape |= event["numbers"] | {
            "version": frame["version"],
            "last_seq": message["seq"],
            "updated_at": message["created_at"],
            "last_message": message,
        }


class SessionFrames:
    """Notes which sessions changed and sends each at most once a second."""

    def __init__(
        self,
        channels: dict[str, Channel],
        directory: Directory,
        spawn: Callable[[Any], "asyncio.Task[None]"],
        place: Callable[[Channel, Iterable[int]], None],
    ) -> None:
        self._channels = channels
        self._directory = directory
        self._spawn = spawn
        self._place = place
        self._due: dict[str, float] = {}
        self._newest: dict[str, Event | None] = {}
        self._sent_at: dict[str, float] = {}
        self._shown: dict[str, Shown] = {}
        self._task: asyncio.Task[None] | None = None

    def touch(self, key: str, event: Event | None = None) -> None:
        """Note that a session (its id in hex) has changed; ``event`` tells how, if it does."""
        if not (self._directory.staff or key in self._channels):
            self._shown.pop(key, None)
            return
        told = event if event is not None and event.get("numbers") else None
        if key in self._due:
            newest = self._newest[key]
            if told is None or (newest is not None and told["version"] > newest["version"]):
                self._newest[key] = told
            return
        self._newest[key] = told
        last = self._sent_at.get(key, 0.0)
        self._due[key] = max(time.monotonic() + SOON_S, last + EVERY_S)
        if self._task is None:
            self._task = self._spawn(self._send_due())

    async def _send_due(self) -> None:
        try:
            while self._due:
                now = time.monotonic()
                due = (key for key, at in self._due.items() if at <= now)
                if not (keys := list(islice(due, AT_ONCE))):
                    await asyncio.sleep(max(0.01, min(self._due.values()) - now))
                    continue
                for key in keys:
                    del self._due[key]
                    self._sent_at[key] = now
                if len(self._sent_at) > REMEMBERED:
                    recent = now - EVERY_S
                    self._sent_at = {k: at for k, at in self._sent_at.items() if at > recent}
                await self._send({key: self._newest.pop(key) for key in keys}, now)
                await asyncio.sleep(0)  # messages go before
        finally:
            self._task = None

    async def _send(self, changed: dict[str, Event | None], now: float) -> None:
        try:
            unknown = [key for key, event in changed.items() if not self._tell(key, event, now)]
            if unknown:
                await self._read_and_send(unknown, now)
        except Exception:
            log.exception("session frames not sent")

    def _tell(self, key: str, event: Event | None, now: float) -> bool:
        """Send a session that its newest event tells all about.  Say if it does."""
        shown = self._shown.get(key)
        if event is None or shown is None or shown.read_at < now - TRUSTED_S:
            return False
        if not bus.is_healthy:
            return False
        if event["version"] > shown.shape["version"]:
            shown.take(event)
            self._show_staff(shown)
        return True

    async def _read_and_send(self, keys: list[str], now: float) -> None:
        read = await dbpool.run(_read_for_staff, keys)
        for team_id, shape in read:
            shown = Shown(team_id, shape, now)
            self._shown[uuid.UUID(shape["id"]).hex] = shown
            self._show_staff(shown)
        for key in list(islice(self._shown, max(0, len(self._shown) - KEPT))):
            del self._shown[key]
        if news := [shape["id"] for _, shape in read if self._is_news_to_customers(shape)]:
            for shape in await dbpool.run(_read_for_customers, news):
                self._show_customers(shape)

    def _is_news_to_customers(self, shape: Payload) -> bool:
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

    def _show_staff(self, shown: Shown) -> None:
        """Send a support session to its team and to every admin, followed or not; a room, and a
        talk with models, to its members; a customer's own talk to who follows it, because no
        inbox lists it."""
        shape = shown.shape
        channel = self._channels.get(uuid.UUID(shape["id"]).hex)
        people = {place["user"]["id"] for place in shape["participants"]}
        following: set[Socket] = set()
        if channel is not None:
            self._place(channel, people)
            following = {sub.socket for sub in channel.subs if sub.member.staff}
        text = SessionFrame(session=shape).encode()
        for socket in following.union(*self._listing(shown, people)):
            socket.push(text)

    def _listing(self, shown: Shown, people: set[int]) -> list[Collection[Socket]]:
        """Return the sockets of staff whose inbox lists the session."""
        match shown.shape["kind"]:
            case SessionKind.SUPPORT:
                return [self._directory.admins, self._directory.of_team(shown.team_id)]
            case SessionKind.ASSISTANT if shown.shape["customer"] is not None:
                return []
            case _:
                staff, of_user = self._directory.staff, self._directory.of_user
                return [staff.intersection(of_user(user_id)) for user_id in people]

    def _show_customers(self, shape: Payload) -> None:
        channel = self._channels.get(uuid.UUID(shape["id"]).hex)
        if channel is not None:
            text = SessionFrame(session=shape).encode()
            for sub in channel.subs:
                if not sub.member.staff:
                    sub.socket.push(text)


def _sessions(keys: list[str]) -> list[ChatSession]:
    found = ChatSession.objects.filter(pk__in=[uuid.UUID(key) for key in keys])
    return list(queries.with_people(found))


def _read_for_staff(keys: list[str]) -> list[tuple[int | None, Payload]]:
    """Return team and payload of each session."""
    sessions = _sessions(keys)
    teams = [session.team_id for session in sessions]
    return list(zip(teams, queries.shown(sessions, staff=True), strict=True))


def _read_for_customers(keys: list[str]) -> list[Payload]:
    """Return the payload of each session as customers see it."""
    return queries.shown(_sessions(keys), staff=False)

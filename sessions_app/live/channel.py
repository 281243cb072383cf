"""A session that somebody here follows, and each follower's cursor in its stream of versions."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from accounts.viewer import Viewer
from sessions_app.access import Membership
from sessions_app.protocol import Close
from sessions_app.publish import SAME

Event = dict[str, Any]


class Socket(Protocol):
    """What the hub needs of a connection."""

    viewer: Viewer
    address: str
    heard_at: float
    quiet: bool
    """Listens only: whoever has no other socket is not there for others."""
    subscriptions: "dict[str, Subscription]"

    def push(self, text: str) -> None:
        """Queue a frame; never blocks."""

    def end(self, code: Close, reason: str = "") -> None:
        """Close the connection soon."""


@dataclass(slots=True, eq=False)
class Subscription:
    """One socket's view of one session.

    While it is being brought up to date, what arrives is ``held`` back.  ``shown`` says how much
    it was shown at once of the answers that were running: attempt and last chunk of each.
    """

    socket: Socket
    member: Membership
    version: int = 0
    held: list[Callable[[], None]] | None = None
    shown: dict[str, tuple[int, int]] = field(default_factory=dict)

    def take(self, version: int, text: str | None) -> None:
        """Send a frame of a version, once; customers get nothing for a note."""
        if version > self.version:
            self.version = version
            if text is not None:
                self.socket.push(text)

    def release(self) -> None:
        """Go live: deliver what was held back."""
        held, self.held = self.held or [], None
        for deliver in held:
            deliver()


@dataclass(slots=True)
class LiveReply:
    """An answer that is being written, and the number of its last chunk.

    While chunks that the bus lost are read from the log, ``heard`` is the number of the last one
    heard of, and ``ended`` the status if the end came meanwhile.
    """

    turn: str
    answer: str
    slot: int | None
    attempt: int
    seq: int = 0
    heard: int = 0
    ended: str = ""


class Channel:
    """A followed session: the version passed on so far, and what waits behind a gap."""

    __slots__ = (
        "epoch",
        "id",
        "key",
        "people",
        "repair",
        "replies",
        "subs",
        "told",
        "version",
        "waiting",
    )

    def __init__(self, session_id: uuid.UUID) -> None:
        self.id = session_id
        self.key = str(session_id)
        self.version: int | None = None
        self.epoch = 0
        self.subs: set[Subscription] = set()
        self.waiting: dict[int, Event] = {}
        self.repair: asyncio.Task[None] | None = None
        self.replies: dict[str, LiveReply] = {}
        self.people: set[int] = set()
        self.told: object = None

    def offer(self, event: Event) -> bool:
        """Pass on the next version, drop an older one, keep a later one.  Say if there is a gap."""
        version: int = event["version"]
        if event["epoch"] > self.epoch:
            self.epoch = event["epoch"]
        if self.version is None:
            self.waiting[version] = event
        elif version == self.version + 1:
            self.version = version
            self._pass_event(event)
            if self.waiting:
                self.advance(version)
        elif version > self.version:
            self.waiting[version] = event
            return True
        return False

    def advance(self, version: int) -> None:
        """Note that ``version`` is reached and pass on what waited right behind it."""
        self.version = version
        for late in sorted(number for number in self.waiting if number <= version):
            self._pass_event(self.waiting.pop(late))
        while (following := self.version + 1) in self.waiting:
            self.version = following
            self._pass_event(self.waiting.pop(following))

    def _pass_event(self, event: Event) -> None:
        staff, public = event.get("staff"), event.get("public")
        self.pass_on(event["version"], staff, staff if public == SAME else public)

    def pass_on(self, version: int, staff: str | None, public: str | None) -> None:
        """Give every follower its form of a version's frame."""
        for sub in self.subs:
            text = staff if sub.member.staff else public
            if sub.held is None:
                sub.take(version, text)
            else:
                sub.held.append(lambda sub=sub, text=text: sub.take(version, text))  # type: ignore[misc]

    def each(self, deliver: Callable[[Subscription], None]) -> None:
        """Do something for every follower, later for those who are being brought up to date."""
        for sub in self.subs:
            if sub.held is None:
                deliver(sub)
            else:
                sub.held.append(lambda sub=sub: deliver(sub))  # type: ignore[misc]

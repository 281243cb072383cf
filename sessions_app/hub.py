"""The hub of a web process: what its sockets have subscribed to, and how events reach them.

The bus is a doorbell.  For every session that a local socket follows the hub keeps the version it
has delivered up to: the next version is passed on, an older one dropped, and a gap is read from
rows.  Once a heartbeat (and more often while the bus is ill) it compares itself with the
database, so that a lost doorbell costs at most one heartbeat.

Everything here runs in the server's event loop; only database work leaves it.
"""

import asyncio
import logging
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings

from accounts.models import RefreshFamily, Role, User
from accounts.viewer import Viewer
from chatsite.lib import dbpool
from chatsite.lib.bus import bus
from chatsite.lib.errors import SessionNotFound
from chatsite.lib.metrics import RESYNCS
from chatsite.lib.streamlog import key_of, stream_log
from sessions_app import access, publish, queries
from sessions_app.access import Membership
from sessions_app.actions import reading
from sessions_app.models import ChatSession, Participant, PresenceStatus
from sessions_app.protocol import (
    Close,
    ErrorFrame,
    Head,
    PresenceFrame,
    ReplyChunk,
    ReplyEnd,
    ReplyStart,
    SessionFrame,
    Subscribed,
)

log = logging.getLogger(__name__)

GAP_PATIENCE_S = 0.05
SESSION_FRAME_EVERY_S = 1.0
SESSION_FRAME_SOON_S = 0.05
ILL_BUS_POLL_S = 2.0
LEAVE_GRACE_S = 5.0
HEADS_PER_QUERY = 500

Event = dict[str, Any]


class Socket(Protocol):
    """What the hub needs of a connection."""

    viewer: Viewer
    address: str
    heard_at: float
    subscriptions: "dict[str, Subscription]"

    def push(self, text: str) -> None:
        """Queue a frame; never blocks."""

    def end(self, code: Close, reason: str = "") -> None:
        """Close the connection soon."""


@dataclass(slots=True, eq=False)
class Subscription:
    """One socket's view of one session: its own cursor in the stream of versions."""

    socket: Socket
    member: Membership
    version: int = 0
    held: "list[Callable[[], None]] | None" = None
    turn: str = ""
    chunk: int = 0
    shape: object = None


@dataclass(slots=True)
class LiveReply:
    """The answer that is being written in a session."""

    turn: str
    attempt: int
    seq: int = 0


class Channel:
    """A session that someone here follows."""

    __slots__ = ("epoch", "id", "key", "people", "reply", "repair", "subs", "version", "waiting")

    def __init__(self, session_id: uuid.UUID) -> None:
        self.id = session_id
        self.key = str(session_id)
        self.version: int | None = None
        self.epoch = 0
        self.subs: set[Subscription] = set()
        self.waiting: dict[int, Event] = {}
        self.repair: asyncio.Task[None] | None = None
        self.reply: LiveReply | None = None
        self.people: set[int] = set()


class Hub:
    """Sockets, channels, and the events between them."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._sockets: set[Socket] = set()
        self._staff: set[Socket] = set()
        self._addresses: Counter[str] = Counter()
        self._users: dict[int, set[Socket]] = defaultdict(set)
        self._places: dict[int, set[Channel]] = defaultdict(set)
        self._dirty: dict[str, float] = {}
        self._sent_at: dict[str, float] = {}
        self._dirty_task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._started = False
        self._beating: asyncio.Task[None] | None = None

    # --- Life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen to the bus and begin the heartbeats; once per process, inside its loop."""
        if not self._started:
            self._started = True
            bus.listen("live", self.on_event)
            self._beating = self._spawn(self._beat())

    async def stop(self) -> None:
        """End what :meth:`start` began."""
        self._started = False
        bus.forget(self.on_event)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def settle(self) -> None:
        """Wait until nothing but the heartbeat is under way."""
        while under_way := self._tasks - {self._beating, asyncio.current_task()}:
            await asyncio.wait(under_way)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("live work failed", exc_info=error)

    # --- Sockets --------------------------------------------------------------------------------

    def sockets_of(self, user_id: int) -> int:
        """Return how many sockets the user has in this process."""
        return len(self._users.get(user_id, ()))

    def sockets_at(self, address: str) -> int:
        """Return how many sockets come from the network address to this process."""
        return self._addresses[address]

    def join(self, socket: Socket) -> None:
        """Take in an authenticated socket."""
        viewer = socket.viewer
        first = not self._users.get(viewer.user_id)
        self._sockets.add(socket)
        self._addresses[socket.address] += 1
        self._users[viewer.user_id].add(socket)
        if viewer.is_staff:
            self._staff.add(socket)
        if first:
            self._spawn(self._arrive(viewer))

    def leave(self, socket: Socket) -> None:
        """Forget a socket and all it followed."""
        for subscription in list(socket.subscriptions.values()):
            self.unsubscribe(subscription)
        socket.subscriptions.clear()
        if socket not in self._sockets:
            return
        self._sockets.discard(socket)
        self._staff.discard(socket)
        self._addresses[socket.address] -= 1
        if not self._addresses[socket.address]:
            del self._addresses[socket.address]
        user_id = socket.viewer.user_id
        mine = self._users.get(user_id)
        if mine is not None:
            mine.discard(socket)
            if not mine:
                del self._users[user_id]
                if self._started:
                    self._spawn(self._depart(socket.viewer))

    async def _arrive(self, viewer: Viewer) -> None:
        await dbpool.run(reading.arrive, viewer=viewer)

    async def _depart(self, viewer: Viewer) -> None:
        await asyncio.sleep(LEAVE_GRACE_S)
        if viewer.user_id not in self._users:
            await dbpool.run(reading.leave, viewer=viewer)

    # --- Subscriptions --------------------------------------------------------------------------

    async def subscribe(
        self,
        socket: Socket,
        session_id: str,
        *,
        after_seq: int | None = None,
        after_version: int | None = None,
    ) -> None:
        """Bring the socket up to date from its cursor, then keep it so.

        The subscription exists before the rows are read and holds back what arrives meanwhile;
        so nothing is missed, and what was read already is dropped by its version.  Raises
        :class:`SessionNotFound` when the viewer may not see the session.
        """
        member = await dbpool.run(access.membership, socket.viewer, session_id)
        channel = self._channels.get(member.session_id.hex)
        if channel is None:
            channel = self._channels[member.session_id.hex] = Channel(member.session_id)
        old = socket.subscriptions.get(channel.key)
        if old is not None:
            channel.subs.discard(old)
        subscription = Subscription(socket, member, held=[])
        channel.subs.add(subscription)
        socket.subscriptions[channel.key] = subscription
        try:
            missed, people = await dbpool.run(_read_missed, member, after_seq, after_version)
            if channel.version is None:
                self._advance(channel, missed.head_version)
            elif channel.version < missed.head_version and channel.repair is None:
                channel.repair = self._spawn(self._catch_up(channel, missed.head_version))
            channel.epoch = max(channel.epoch, missed.epoch)
            self._place(channel, people)
            for message in missed.messages:
                socket.push(publish.message_frame(message, staff=member.staff))
            subscription.version = missed.version
            last = missed.messages[-1] if missed.messages else None
            socket.push(
                Subscribed(
                    session_id=channel.key,
                    last_seq=last.seq if missed.more and last else missed.last_seq,
                    version=last.version if missed.more and last else missed.version,
                    more=missed.more,
                ).encode()
            )
            if missed.more:
                self.unsubscribe(subscription)
                socket.subscriptions.pop(channel.key, None)
                return
            if missed.live_turn is not None:
                await self._replay(subscription, channel, missed)
        except BaseException:
            self.unsubscribe(subscription)
            socket.subscriptions.pop(channel.key, None)
            raise
        held, subscription.held = subscription.held or [], None
        for deliver in held:
            deliver()

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription; the last one of a session ends its channel."""
        channel = self._channels.get(subscription.member.session_id.hex)
        if channel is None:
            return
        channel.subs.discard(subscription)
        if not channel.subs:
            del self._channels[channel.id.hex]
            for user_id in channel.people:
                self._places[user_id].discard(channel)
                if not self._places[user_id]:
                    del self._places[user_id]

    def _place(self, channel: Channel, people: Iterable[int]) -> None:
        for user_id in people:
            channel.people.add(user_id)
            self._places[user_id].add(channel)

    async def _replay(
        self, subscription: Subscription, channel: Channel, missed: queries.Catchup
    ) -> None:
        """Show a newcomer the answer that is being written: all of its text so far."""
        turn = str(missed.live_turn)
        try:
            chunks = await stream_log().read(key_of(turn, missed.live_attempt))
        except Exception:  # noqa: BLE001 - without the log the newcomer waits for the message
            chunks = []
        seq = chunks[-1][0] if chunks else 0
        if channel.reply is None or channel.reply.turn != turn:
            channel.reply = LiveReply(turn, missed.live_attempt, seq)
        subscription.turn, subscription.chunk = turn, seq
        subscription.socket.push(
            ReplyStart(session_id=channel.key, turn_id=turn, attempt=missed.live_attempt).encode()
        )
        if chunks:
            subscription.socket.push(
                ReplyChunk(
                    session_id=channel.key,
                    turn_id=turn,
                    seq=seq,
                    from_seq=1,
                    delta_text="".join(text for _, text in chunks),
                ).encode()
            )

    # --- Events ---------------------------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        """Take one event from the bus, from this process or another."""
        match event["type"]:
            case "message":
                self._on_version(event)
            case "session":
                self._on_version(event)
            case "reply":
                self._on_reply(event)
            case "frame":
                self._on_frame(event)
            case "presence":
                self._on_presence(event)
            case "access":
                self._on_access(event)
            case "revoked":
                self._on_revoked(event)

    def _on_version(self, event: Event) -> None:
        key: str = event["session"]
        self._touch(key)
        channel = self._channels.get(key)
        if channel is None:
            return
        version: int = event["version"]
        if event["epoch"] > channel.epoch:
            channel.epoch = event["epoch"]
        if channel.version is None:
            channel.waiting[version] = event
        elif version == channel.version + 1:
            channel.version = version
            self._fan_out(channel, event)
            if channel.waiting:
                self._advance(channel, version)
        elif version > channel.version:
            channel.waiting[version] = event
            if channel.repair is None:
                channel.repair = self._spawn(self._close_gap(channel))

    def _fan_out(self, channel: Channel, event: Event) -> None:
        staff, public = event.get("staff"), event.get("public")
        for subscription in channel.subs:
            text = staff if subscription.member.staff else public
            if subscription.held is not None:
                subscription.held.append(
                    lambda s=subscription, t=text: _deliver(s, event["version"], t)  # type: ignore[misc]
                )
            else:
                _deliver(subscription, event["version"], text)

    def _advance(self, channel: Channel, version: int) -> None:
        """Note that ``version`` is reached and pass on what waited right behind it."""
        channel.version = version
        for late in [number for number in channel.waiting if number <= version]:
            event = channel.waiting.pop(late)
            self._fan_out(channel, event)
        while (following := channel.version + 1) in channel.waiting:
            channel.version = following
            self._fan_out(channel, channel.waiting.pop(following))

    async def _close_gap(self, channel: Channel) -> None:
        """Wait a moment for the missing doorbell, then read the rows instead."""
        try:
            await asyncio.sleep(GAP_PATIENCE_S)
            if channel.waiting or channel.version is None:
                await self._repair(channel)
        finally:
            channel.repair = None
            if channel.waiting and channel.subs:
                channel.repair = self._spawn(self._close_gap(channel))

    async def _repair(self, channel: Channel) -> None:
        RESYNCS.labels("hub").inc()
        while True:
            after = channel.version or 0
            missed = await dbpool.run(queries.catch_up, channel.id, staff=True, after_version=after)
            for message in missed.messages:
                if message.version > (channel.version or 0):
                    event = {
                        "version": message.version,
                        "staff": publish.message_frame(message, staff=True),
                        "public": None
                        if message.is_note
                        else publish.message_frame(message, staff=False),
                    }
                    channel.version = message.version
                    self._fan_out(channel, event)
            if not missed.more:
                break
        channel.epoch = max(channel.epoch, missed.epoch)
        if missed.live_turn is None and channel.reply is not None:
            self._end_reply(channel, channel.reply.turn, "done")
        self._advance(channel, max(channel.version or 0, missed.version))
        self._touch(channel.id.hex)

    def _on_reply(self, event: Event) -> None:
        channel = self._channels.get(event["session"])
        if channel is None or event["epoch"] < channel.epoch:
            return
        turn, attempt, seq = event["turn"], event["attempt"], event["seq"]
        if event["op"] == "start":
            channel.reply = LiveReply(turn, attempt)
            frame = ReplyStart(session_id=channel.key, turn_id=turn, attempt=attempt).encode()
            self._each(channel, lambda sub: _start(sub, turn, frame))
            return
        if event["op"] == "end":
            self._end_reply(channel, turn, event["text"])
            return
        live = channel.reply
        if live is None or live.turn != turn or live.attempt < attempt:
            live = channel.reply = LiveReply(turn, attempt)
            frame = ReplyStart(session_id=channel.key, turn_id=turn, attempt=attempt).encode()
            self._each(channel, lambda sub: _start(sub, turn, frame))
        if attempt != live.attempt or seq <= live.seq:
            return
        if seq == live.seq + 1:
            live.seq = seq
            self._chunk(channel, turn, seq, seq, event["text"])
        else:
            self._spawn(self._mend_reply(channel, live))

    async def _mend_reply(self, channel: Channel, live: LiveReply) -> None:
        """Read the chunks that the bus lost from the log."""
        chunks = await stream_log().read(key_of(live.turn, live.attempt), live.seq)
        if channel.reply is live and chunks and chunks[-1][0] > live.seq:
            fresh = [chunk for chunk in chunks if chunk[0] > live.seq]
            first, live.seq = live.seq + 1, fresh[-1][0]
            self._chunk(channel, live.turn, first, live.seq, "".join(text for _, text in fresh))

    def _chunk(self, channel: Channel, turn: str, first: int, seq: int, text: str) -> None:
        frame = ReplyChunk(
            session_id=channel.key, turn_id=turn, seq=seq, from_seq=first, delta_text=text
        ).encode()
        self._each(channel, lambda sub: _continue(sub, turn, first, seq, text, frame))

    def _end_reply(self, channel: Channel, turn: str, status: str) -> None:
        if channel.reply is not None and channel.reply.turn == turn:
            channel.reply = None
        frame = ReplyEnd(session_id=channel.key, turn_id=turn, status=status).encode()
        self._each(channel, lambda sub: sub.socket.push(frame))

    def _on_frame(self, event: Event) -> None:
        channel = self._channels.get(event["session"])
        if channel is None:
            return
        text, staff_only, sender = event["frame"], event["staff_only"], event.get("except")
        for subscription in channel.subs:
            if (subscription.member.staff or not staff_only) and (
                sender is None or subscription.member.viewer.user_id != sender
            ):
                subscription.socket.push(text)

    @staticmethod
    def _each(channel: Channel, deliver: Callable[[Subscription], None]) -> None:
        for subscription in channel.subs:
            if subscription.held is not None:
                subscription.held.append(lambda s=subscription: deliver(s))  # type: ignore[misc]
            else:
                deliver(subscription)

    # --- People ---------------------------------------------------------------------------------

    def _on_presence(self, event: Event) -> None:
        user_id, status = event["user"], event["status"]
        if status == PresenceStatus.OFFLINE and user_id in self._users and not event.get("said"):
            # Their last socket elsewhere has gone, but one is here.
            viewer = next(iter(self._users[user_id])).viewer
            self._spawn(self._arrive(viewer))
            return
        text = PresenceFrame(user_id=user_id, status=status).encode()
        told: set[Socket] = set(self._staff) if event["staff"] else set()
        for channel in self._places.get(user_id, ()):
            told |= {subscription.socket for subscription in channel.subs}
            self._touch(channel.id.hex)
        for socket in told:
            socket.push(text)

    def _on_access(self, event: Event) -> None:
        self._touch(event["session"])
        channel = self._channels.get(event["session"])
        if channel is not None:
            self._spawn(self._ask_again(channel))

    async def _ask_again(self, channel: Channel) -> None:
        """Drop the subscriptions of those who may no longer see the session."""
        for subscription in list(channel.subs):
            viewer = subscription.socket.viewer
            try:
                subscription.member = await dbpool.run(access.membership, viewer, channel.id)
            except SessionNotFound as error:
                self.unsubscribe(subscription)
                subscription.socket.subscriptions.pop(channel.key, None)
                subscription.socket.push(ErrorFrame.of(error, session_id=channel.key).encode())

    def _on_revoked(self, event: Event) -> None:
        family = event["family"]
        for socket in list(self._users.get(event["user"], ())):
            if family is None or socket.viewer.family_id == family:
                socket.end(Close.UNAUTHENTICATED, "signed out")

    # --- Session frames, coalesced --------------------------------------------------------------

    def _touch(self, key: str) -> None:
        """Note that a session has changed; those who show it get it within a second."""
        if key in self._dirty or not (self._staff or key in self._channels):
            return
        moment = time.monotonic()
        last = self._sent_at.get(key, 0.0)
        self._dirty[key] = max(moment + SESSION_FRAME_SOON_S, last + SESSION_FRAME_EVERY_S)
        if self._dirty_task is None:
            self._dirty_task = self._spawn(self._send_dirty())

    async def _send_dirty(self) -> None:
        try:
            while self._dirty:
                moment = time.monotonic()
                due = [key for key, at in self._dirty.items() if at <= moment]
                if not due:
                    await asyncio.sleep(max(0.01, min(self._dirty.values()) - moment))
                    continue
                for key in due:
                    del self._dirty[key]
                    self._sent_at[key] = moment
                if len(self._sent_at) > 10_000:
                    old = moment - SESSION_FRAME_EVERY_S
                    self._sent_at = {k: at for k, at in self._sent_at.items() if at > old}
                await self._send_sessions(due)
        finally:
            self._dirty_task = None

    async def _send_sessions(self, keys: list[str]) -> None:
        public = [key for key in keys if self._has_customers(key)]
        try:
            for_staff, for_public = await dbpool.run(_shown, keys, public)
        except Exception:
            log.exception("session frames not sent")
            return
        for team_id, shape in for_staff:
            channel = self._channels.get(uuid.UUID(shape["id"]).hex)
            if channel is not None:
                self._place(channel, [place["user"]["id"] for place in shape["participants"]])
            following = (
                {sub.socket for sub in channel.subs if sub.member.staff} if channel else set()
            )
            text = SessionFrame(session=shape).encode()
            for socket in self._staff:
                viewer = socket.viewer
                if viewer.is_admin or team_id in viewer.team_ids or socket in following:
                    socket.push(text)
        for shape in for_public:
            self._show_customers(shape)

    def _has_customers(self, key: str) -> bool:
        channel = self._channels.get(key)
        return channel is not None and any(not sub.member.staff for sub in channel.subs)

    def _show_customers(self, shape: dict[str, Any]) -> None:
        """Send customers the session when more than its numbers changed."""
        channel = self._channels.get(uuid.UUID(shape["id"]).hex)
        if channel is None:
            return
        numbers = {"updated_at", "last_seq", "version", "last_message", "unread", "participants"}
        seen: object = {key: value for key, value in shape.items() if key not in numbers} | {
            "people": [(p["user"]["id"], p["online"]) for p in shape["participants"]]
        }
        text = SessionFrame(session=shape).encode()
        for sub in channel.subs:
            if not sub.member.staff and sub.shape != seen:
                sub.shape = seen
                sub.socket.push(text)

    # --- Heartbeat ------------------------------------------------------------------------------

    async def _beat(self) -> None:
        heartbeat = settings.SOCKET_HEARTBEAT_S
        last = time.monotonic()
        while True:
            await asyncio.sleep(heartbeat if bus.is_healthy else min(ILL_BUS_POLL_S, heartbeat))
            whole = time.monotonic() - last >= heartbeat * 0.9
            try:
                heads = await self._compare()
                if whole:
                    last = time.monotonic()
                    self._send_heads(heads)
                    self._end_silent(last - 2 * heartbeat)
                    await dbpool.run(reading.touch_presence, set(self._users))
                    await self._check_viewers()
            except Exception as error:  # noqa: BLE001 - the database may be away; try again
                log.warning("heartbeat failed", extra={"error": repr(error)})

    async def _compare(self) -> dict[str, tuple[int, int]]:
        """Read the heads of all followed sessions and repair those that are behind."""
        keys = list(self._channels)
        heads: dict[str, tuple[int, int]] = {}
        for start in range(0, len(keys), HEADS_PER_QUERY):
            heads |= await dbpool.run(_heads, keys[start : start + HEADS_PER_QUERY])
        for key, (version, _) in heads.items():
            channel = self._channels.get(key)
            if (
                channel is not None
                and channel.version is not None
                and version > channel.version
                and channel.repair is None
            ):
                channel.repair = self._spawn(self._catch_up(channel, version))
        return heads

    async def _catch_up(self, channel: Channel, version: int) -> None:
        try:
            await asyncio.sleep(GAP_PATIENCE_S)
            if channel.version is not None and channel.version < version:
                await self._repair(channel)
        finally:
            channel.repair = None

    def _send_heads(self, heads: dict[str, tuple[int, int]]) -> None:
        for socket in list(self._sockets):
            mine = {
                key: heads[hex_key][0 if sub.member.staff else 1]
                for key, sub in socket.subscriptions.items()
                if (hex_key := sub.member.session_id.hex) in heads
            }
            if mine:
                socket.push(Head(heads=mine).encode())

    def _end_silent(self, since: float) -> None:
        for socket in list(self._sockets):
            if socket.heard_at < since:
                socket.end(Close.SILENT, "no sign of life")

    async def _check_viewers(self) -> None:
        """Close the sockets of those who were disabled, signed out, or given other rights."""
        viewers = [socket.viewer for socket in self._sockets]
        if not viewers:
            return
        current = await dbpool.run(_current_rights, viewers)
        for socket in list(self._sockets):
            viewer = socket.viewer
            if (viewer.role, viewer.team_ids) != current.get(viewer.user_id) or (
                viewer.family_id and viewer.family_id in current.ended
            ):
                socket.end(Close.UNAUTHENTICATED, "access changed")


def _deliver(subscription: Subscription, version: int, text: str | None) -> None:
    if version > subscription.version:
        subscription.version = version
        if text is not None:
            subscription.socket.push(text)


def _start(subscription: Subscription, turn: str, frame: str) -> None:
    subscription.turn, subscription.chunk = turn, 0
    subscription.socket.push(frame)


def _continue(
    subscription: Subscription, turn: str, first: int, seq: int, text: str, frame: str
) -> None:
    """Send a chunk unless the subscriber was already brought past it."""
    if subscription.turn == turn and seq <= subscription.chunk:
        return
    subscription.chunk = seq
    subscription.socket.push(frame)


class _Rights(dict[int, tuple[str, frozenset[int]]]):
    """Role and teams of active users, and the devices that were signed out."""

    ended: set[str]


def _current_rights(viewers: list[Viewer]) -> _Rights:
    rights = _Rights()
    users = User.objects.filter(pk__in={viewer.user_id for viewer in viewers}, is_active=True)
    for user in users.prefetch_related("teams"):
        teams = user.teams.all() if user.role != Role.CUSTOMER else ()
        rights[user.pk] = (user.role, frozenset(team.pk for team in teams))
    families = {viewer.family_id for viewer in viewers if viewer.family_id}
    alive = {
        str(pk)
        for pk in RefreshFamily.objects.filter(pk__in=families, ended_at__isnull=True).values_list(
            "pk", flat=True
        )
    }
    rights.ended = {family for family in families if family not in alive}
    return rights


@dataclass(frozen=True, slots=True)
class _Missed(queries.Catchup):
    head_version: int = 0


def _read_missed(
    member: Membership, after_seq: int | None, after_version: int | None
) -> tuple[_Missed, list[int]]:
    """Read what a subscriber missed, and who takes part."""
    head = ChatSession.objects.values_list("version", flat=True).get(pk=member.session_id)
    found = queries.catch_up(
        member.session_id, staff=member.staff, after_seq=after_seq, after_version=after_version
    )
    people = list(
        Participant.objects.present()
        .filter(session_id=member.session_id)
        .values_list("user_id", flat=True)
    )
    missed = _Missed(
        **{name: getattr(found, name) for name in queries.Catchup.__dataclass_fields__},
        head_version=head,
    )
    return missed, people


def _heads(keys: list[str]) -> dict[str, tuple[int, int]]:
    rows = ChatSession.objects.filter(pk__in=[uuid.UUID(key) for key in keys])
    return {
        pk.hex: (version, public)
        for pk, version, public in rows.values_list("pk", "version", "public_version")
    }


Shown = tuple[list[tuple[int | None, dict[str, Any]]], list[dict[str, Any]]]


def _shown(keys: list[str], public: list[str]) -> Shown:
    """Return the payloads for staff with their team, and those for customers."""
    sessions = list(
        queries.with_people(ChatSession.objects.filter(pk__in=[uuid.UUID(key) for key in keys]))
    )
    some = [session for session in sessions if session.id.hex in set(public)]
    staff = queries.shown(sessions, staff=True)
    teams = [session.team_id for session in sessions]
    return list(zip(teams, staff, strict=True)), queries.shown(some, staff=False)


hub = Hub()

"""The hub of a web process: what its sockets have subscribed to, and how events reach them.

The bus is a doorbell.  For every session that a local socket follows the hub keeps the version it
has delivered up to: the next version is passed on, an older one dropped, and a gap is read from
rows.  What no doorbell told of, the heartbeat finds (:mod:`sessions_app.live.heartbeat`).

Everything here runs in the server's event loop; only database work leaves it.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chatsite.lib import dbpool
from chatsite.lib.bus import bus
from chatsite.lib.errors import SessionNotFound
from chatsite.lib.metrics import RESYNCS
from sessions_app import access, publish, queries
from sessions_app.access import Membership
from sessions_app.live import replies, slots
from sessions_app.live.channel import Channel, Event, Socket, Subscription
from sessions_app.live.comings import Comings
from sessions_app.live.directory import Directory
from sessions_app.live.heartbeat import Heartbeat
from sessions_app.live.session_frames import SessionFrames
from sessions_app.models import ChatSession, Participant, PresenceStatus
from sessions_app.protocol import Close, ErrorFrame, PresenceFrame, Subscribed

log = logging.getLogger(__name__)

GAP_PATIENCE_S = 0.05
CATCH_UP_CHARS = 256 * 1024


class Hub:
    """Sockets, channels, and the events between them."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._directory = Directory()
        self._comings = Comings(self._directory, self._spawn)
        self._places: dict[int, set[Channel]] = defaultdict(set)
        self._tasks: set[asyncio.Task[None]] = set()
        self._frames = SessionFrames(self._channels, self._directory, self._spawn, self._place)
        self.heartbeat = Heartbeat(self._channels, self._directory, self._catch_up_to)
        self._started = False
        self._beating: asyncio.Task[None] | None = None

    # --- Life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen to the bus and begin the heartbeats; once per process, inside its loop."""
        if not self._started:
            self._started = True
            bus.listen("live", self.on_event)
            self._beating = self._spawn(self.heartbeat.run())

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
        return len(self._directory.of_user(user_id))

    def sockets_at(self, address: str) -> int:
        """Return how many sockets come from the network address to this process."""
        return self._directory.at(address)

    def join(self, socket: Socket) -> None:
        """Take in an authenticated socket."""
        viewer = socket.viewer
        first = not socket.quiet and not self._directory.is_present(viewer.user_id)
        self._directory.add(socket)
        if first:
            self._comings.came(viewer)

    def leave(self, socket: Socket) -> None:
        """Forget a socket and all it followed."""
        for subscription in list(socket.subscriptions.values()):
            self.unsubscribe(subscription)
        if socket not in self._directory:
            return
        self._directory.remove(socket)
        is_gone = not socket.quiet and not self._directory.is_present(socket.viewer.user_id)
        if self._started and is_gone:
            self._comings.went(socket.viewer)

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
                channel.advance(missed.head_version)
            else:
                self._catch_up_to(channel, missed.head_version)
            channel.epoch = max(channel.epoch, missed.epoch)
            self._place(channel, people)
            if not self._send_missed(subscription, missed):
                self.unsubscribe(subscription)
                return
            await replies.show_so_far(channel, subscription, missed.running)
        except BaseException:
            self.unsubscribe(subscription)
            raise
        subscription.release()

    def _send_missed(self, subscription: Subscription, missed: queries.Catchup) -> bool:
        """Send rows and then ``subscribed``; say whether that was all.

        A page ends early rather than fill the connection's buffer, which would cut it.
        """
        member, socket = subscription.member, subscription.socket
        sent, last = 0, None
        for message in missed.messages:
            if sent > CATCH_UP_CHARS:
                break
            frame = publish.message_frame(message, staff=member.staff)
            socket.push(frame)
            sent += len(frame)
            last = message
        more = missed.more or last is not (missed.messages[-1] if missed.messages else None)
        subscription.version = missed.version
        socket.push(
            Subscribed(
                session_id=str(member.session_id),
                last_seq=last.seq if more and last else missed.last_seq,
                version=last.version if more and last else missed.version,
                more=more,
            ).encode()
        )
        return not more

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription; the last one of a session ends its channel."""
        mine = subscription.socket.subscriptions
        key = str(subscription.member.session_id)
        if mine.get(key) is subscription:
            del mine[key]
        channel = self._channels.get(subscription.member.session_id.hex)
        if channel is None or subscription not in channel.subs:
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
        self._frames.touch(key, event)
        channel = self._channels.get(key)
        if channel is not None and channel.offer(event) and channel.repair is None:
            channel.repair = self._spawn(self._close_gap(channel))

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
        """Read what the bus lost, pass it on in order, and reach the head that was read."""
        RESYNCS.labels("hub").inc()
        more = True
        while more:
            missed = await dbpool.run(
                queries.catch_up, channel.id, staff=True, after_version=channel.version or 0
            )
            for message in missed.messages:
                if message.version > (channel.version or 0):
                    channel.version = message.version
                    public = publish.message_frame(message, staff=False)
                    channel.pass_on(
                        message.version,
                        publish.message_frame(message, staff=True),
                        None if message.is_note else public,
                    )
            more = missed.more
        channel.epoch = max(channel.epoch, missed.epoch)
        if missed.live_turn is None:
            replies.end_lost_reply(channel)
        channel.advance(max(channel.version or 0, missed.version))
        self._frames.touch(channel.id.hex)

    def _catch_up_to(self, channel: Channel, version: int) -> None:
        """Read what a channel lacks up to ``version``, unless that is under way."""
        if (channel.version or 0) < version and channel.repair is None:
            channel.repair = self._spawn(self._catch_up(channel, version))

    async def _catch_up(self, channel: Channel, version: int) -> None:
        try:
            await asyncio.sleep(GAP_PATIENCE_S)
            if channel.version is not None and channel.version < version:
                await self._repair(channel)
        finally:
            channel.repair = None

    def _on_reply(self, event: Event) -> None:
        channel = self._channels.get(event["session"])
        if channel is not None and (torn := replies.on_reply(channel, event)):
            self._spawn(replies.mend(channel, torn))

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

    # --- People ---------------------------------------------------------------------------------

    def _on_presence(self, event: Event) -> None:
        user_id, status = event["user"], event["status"]
        gone = status == PresenceStatus.OFFLINE and not event.get("said")
        if gone and self._directory.is_present(user_id):
            # Their last socket elsewhere has gone, but one is here.
            self._comings.came(next(iter(self._directory.of_user(user_id))).viewer)
            return
        if gone:
            self._comings.left_elsewhere(user_id)
        text = PresenceFrame(user_id=user_id, status=status).encode()
        told: set[Socket] = set(self._directory.staff) if event["staff"] else set()
        for channel in self._places.get(user_id, ()):
            told |= {subscription.socket for subscription in channel.subs}
            self._frames.touch(channel.id.hex)
        for socket in told:
            socket.push(text)

    def _on_access(self, event: Event) -> None:
        self._frames.touch(event["session"])
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
                subscription.socket.push(ErrorFrame.of(error, session_id=channel.key).encode())

    def _on_revoked(self, event: Event) -> None:
        family = event["family"]
        for socket in list(self._directory.of_user(event["user"])):
            if family is None or socket.viewer.family_id == family:
                socket.end(Close.UNAUTHENTICATED, "signed out")


@dataclass(frozen=True, slots=True)
class _Missed(queries.Catchup):
    head_version: int = 0
    running: list[publish.LiveAnswer] = field(default_factory=list)


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
        running=_running(member, found),
    )
    return missed, people


def _running(member: Membership, found: queries.Catchup) -> list[publish.LiveAnswer]:
    """Return the answers being written in a session, as far as the member may see them."""
    running = slots.running(member.session_id) if member.staff else []
    if found.live_turn is not None:
        reply = publish.LiveAnswer.reply(
            member.session_id, found.live_turn, attempt=found.live_attempt, epoch=found.epoch
        )
        running.append(reply)
    return running


hub = Hub()

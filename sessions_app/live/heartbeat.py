"""The heartbeat of a web process: the database asked what the bus may have failed to tell.

Once a heartbeat, and more often while the bus is ill, the followed sessions are compared with
their rows, so that a lost doorbell costs at most one heartbeat.  Every heartbeat also tells the
clients their heads, ends sockets that give no sign of life or have lost their rights, and notes
who is there.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable

from django.conf import settings

from accounts.models import RefreshFamily, Role, User
from accounts.viewer import Viewer
from chatsite.lib import dbpool
from chatsite.lib.bus import bus
from sessions_app.actions import reading
from sessions_app.live import replies, slots
from sessions_app.live.channel import Channel
from sessions_app.live.directory import Directory
from sessions_app.models import ChatSession
from sessions_app.protocol import Close, Head

log = logging.getLogger(__name__)

ILL_BUS_POLL_S = 2.0
HEADS_PER_QUERY = 500


class Heartbeat:
    """What a hub does without being told.

    ``catch_up`` brings a channel to a version that its row has reached.
    """

    def __init__(
        self,
        channels: dict[str, Channel],
        directory: Directory,
        catch_up: Callable[[Channel, int], None],
    ) -> None:
        self._channels = channels
        self._directory = directory
        self._catch_up = catch_up

    async def run(self) -> None:
        """Beat until cancelled."""
        every = settings.SOCKET_HEARTBEAT_S
        last = time.monotonic()
        while True:
            await asyncio.sleep(every if bus.is_healthy else min(ILL_BUS_POLL_S, every))
            whole = time.monotonic() - last >= every * 0.9
            try:
                heads = await self._compare()
                await self.end_lost_slots()
                if whole:
                    last = time.monotonic()
                    self._send_heads(heads)
                    self._end_silent(last - 2 * every)
                    users = self._directory.users()
                    present = {pk for pk in users if self._directory.is_present(pk)}
                    await dbpool.run(reading.touch_presence, present)
                    await self._check_viewers()
            except Exception as error:  # noqa: BLE001 - the database may be away; try again
                log.warning("heartbeat failed", extra={"error": repr(error)})

    async def _compare(self) -> dict[str, tuple[int, int]]:
        """Read the heads of all followed sessions and have those caught up that are behind."""
        keys = list(self._channels)
        heads: dict[str, tuple[int, int]] = {}
        for start in range(0, len(keys), HEADS_PER_QUERY):
            heads |= await dbpool.run(_heads, keys[start : start + HEADS_PER_QUERY])
        for key, (version, _) in heads.items():
            channel = self._channels.get(key)
            if channel is not None and channel.version is not None:
                self._catch_up(channel, version)
        return heads

    async def end_lost_slots(self) -> None:
        """End the slots whose end the bus lost: their rows say that they are over."""
        known = {
            live.answer: (channel, live)
            for channel in self._channels.values()
            for live in channel.replies.values()
            if live.slot is not None
        }
        if not known:
            return
        for answer, status in (await dbpool.run(slots.ended, list(known))).items():
            channel, live = known[answer]
            if channel.replies.get(answer) is live:
                replies.end(channel, live, status)

    def _send_heads(self, heads: dict[str, tuple[int, int]]) -> None:
        for socket in self._directory:
            mine = {
                key: heads[hex_key][0 if sub.member.staff else 1]
                for key, sub in socket.subscriptions.items()
                if (hex_key := sub.member.session_id.hex) in heads
            }
            if mine:
                socket.push(Head(heads=mine).encode())

    def _end_silent(self, since: float) -> None:
        for socket in self._directory:
            if socket.heard_at < since:
                socket.end(Close.SILENT, "no sign of life")

    async def _check_viewers(self) -> None:
        """Close the sockets of those who were disabled, signed out, or given other rights."""
        # Who joins while the rows are read was judged at the door, and is not among them.
        sockets = list(self._directory)
        if not sockets:
            return
        current = await dbpool.run(_current_rights, [socket.viewer for socket in sockets])
        for socket in sockets:
            viewer = socket.viewer
            if (viewer.role, viewer.team_ids) != current.get(viewer.user_id) or (
                viewer.family_id and viewer.family_id in current.ended
            ):
                socket.end(Close.UNAUTHENTICATED, "access changed")


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


def _heads(keys: list[str]) -> dict[str, tuple[int, int]]:
    rows = ChatSession.objects.filter(pk__in=[uuid.UUID(key) for key in keys])
    return {
        pk.hex: (version, public)
        for pk, version, public in rows.values_list("pk", "version", "public_version")
    }

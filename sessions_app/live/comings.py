"""Who comes and who goes, told to the database and to the others for many people at once.

After a restart everybody comes back within a second, and what each of them costs is what the
others wait for.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from accounts.viewer import Viewer
from chatsite.lib import dbpool
from sessions_app.actions import reading
from sessions_app.live.directory import Directory

log = logging.getLogger(__name__)

LEAVE_GRACE_S = 5.0
SOON_S = 0.02
AT_ONCE = 200

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class Comings:
    """Notes arrivals soon, and departures of those who have not come back after a moment."""

    def __init__(self, directory: Directory, spawn: Spawn) -> None:
        self._directory = directory
        self._spawn = spawn
        self._coming: dict[int, Viewer] = {}
        self._going: dict[int, tuple[Viewer, float]] = {}
        self._wake: asyncio.Event | None = None

    def came(self, viewer: Viewer) -> None:
        """Note that a viewer has a socket here and had none; who had just gone never left."""
        if self._going.pop(viewer.user_id, None) is None:
            self._coming[viewer.user_id] = viewer
            self._begin()

    def went(self, viewer: Viewer) -> None:
        """Note that a viewer's last socket here has gone."""
        self._going[viewer.user_id] = (viewer, time.monotonic() + LEAVE_GRACE_S)
        self._begin()

    def left_elsewhere(self, user_id: int) -> None:
        """Note that another process has told of a departure; who comes back now has to arrive."""
        self._going.pop(user_id, None)

    def _begin(self) -> None:
        if self._wake is None:
            self._wake = asyncio.Event()
            self._spawn(self._work(self._wake))
        self._wake.set()

    async def _work(self, wake: asyncio.Event) -> None:
        try:
            while self._coming or self._going:
                if self._coming:
                    await asyncio.sleep(SOON_S)  # others come with them
                await _tell(reading.arrive, self._take_coming())
                await _tell(reading.leave, self._take_gone())
                wake.clear()
                if self._going and not self._coming:
                    await _rest(wake, until=min(at for _, at in self._going.values()))
        finally:
            self._wake = None
            self._coming.clear()
            self._going.clear()

    def _take_coming(self) -> list[Viewer]:
        ids = list(self._coming)[:AT_ONCE]
        return [self._coming.pop(user_id) for user_id in ids]

    def _take_gone(self) -> list[Viewer]:
        now = time.monotonic()
        ids = [user_id for user_id, (_, at) in self._going.items() if at <= now][:AT_ONCE]
        gone = [self._going.pop(user_id)[0] for user_id in ids]
        return [viewer for viewer in gone if not self._directory.is_present(viewer.user_id)]


async def _rest(wake: asyncio.Event, *, until: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, until - time.monotonic())):
            await wake.wait()


async def _tell(action: Callable[[list[Viewer]], None], viewers: list[Viewer]) -> None:
    """Do it for all of them; if that fails, for each, so that one cannot spoil the rest."""
    if not viewers:
        return
    try:
        await dbpool.run(action, viewers)
    except Exception as error:  # noqa: BLE001 - the heartbeat tells the database again
        log.warning("presence not noted", extra={"people": len(viewers), "error": repr(error)})
        if len(viewers) > 1:
            for viewer in viewers:
                await _tell(action, [viewer])

"""Who is there: comings and goings, as the others hear of them over the socket."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from accounts.viewer import Viewer
from sessions_app import queries
from sessions_app.actions import reading
from sessions_app.live import comings as comings_module
from sessions_app.live.comings import Comings
from sessions_app.live.directory import Directory
from tests import cast, kernel
from tests.live import connected

pytestmark = pytest.mark.django_db(transaction=True)


class TestedComings(Comings):
    """Comings of a process without sockets."""

    __test__ = False

    def __init__(self) -> None:
        self._under_way: list[asyncio.Task[None]] = []
        super().__init__(Directory(), self._start)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self._under_way.append(asyncio.create_task(work))
        return self._under_way[-1]

    async def settled(self) -> None:
        """Wait until all comings are noted; who is about to be gone is no longer waited for."""
        while self._coming:
            await asyncio.sleep(0.01)
        for task in self._under_way:
            if not self._going:
                await task


async def test_who_is_known_to_be_there_is_not_announced_again(address: str) -> None:
    ben, bea = await sync_to_async(cast.ben)(), await sync_to_async(cast.bea)()
    viewer = await sync_to_async(Viewer.of)(bea)

    def comes_and_goes() -> None:
        for _ in range(3):  # as from three processes
            reading.arrive([viewer])
        reading.leave([viewer])
        reading.arrive([viewer])

    async with connected(address, ben) as socket:
        await sync_to_async(comes_and_goes)()
        await socket.wait("presence", user_id=bea.pk, status="offline")
        await socket.wait("presence", user_id=bea.pk, status="online")
        heard = [f["status"] for f in socket.seen("presence") if f["user_id"] == bea.pk]
        assert heard == ["online", "offline", "online"]


async def test_who_is_away_stays_away_after_coming_back(address: str) -> None:
    bea = await sync_to_async(cast.bea)()
    viewer = await sync_to_async(Viewer.of)(bea)

    def away_and_back() -> None:
        reading.arrive([viewer])
        reading.set_presence(viewer=viewer, status="away")
        reading.leave([viewer])
        reading.arrive([viewer])

    async with connected(address, await sync_to_async(cast.ben)()) as socket:
        await sync_to_async(away_and_back)()
        await socket.wait("presence", user_id=bea.pk, status="offline")
        await socket.wait("presence", user_id=bea.pk, status="away")


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "and elsewhere"])
def test_who_comes_back_within_the_grace(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, elsewhere: bool
) -> None:
    """They never left, unless another process has said that they did."""
    monkeypatch.setattr(comings_module, "LEAVE_GRACE_S", 60.0)
    ben = Viewer.of(cast.ben())

    async def comes_back() -> None:
        comings = TestedComings()
        comings.came(ben)
        await comings.settled()
        comings.went(ben)
        if elsewhere:
            await sync_to_async(reading.leave)([ben])
            comings.left_elsewhere(ben.user_id)
        comings.came(ben)
        await comings.settled()

    async_to_sync(comes_back)()
    assert queries.online_ids([ben.user_id]) == {ben.user_id}


def test_one_who_no_longer_exists_spoils_nobodys_arrival(transactional_db: None) -> None:
    kernel.team("support", cast.ben(), is_default=True)
    ben, ghost = Viewer.of(cast.ben()), Viewer.of(cast.bea())
    cast.bea().delete()

    async def both_come() -> None:
        comings = TestedComings()
        comings.came(ghost)
        comings.came(ben)
        await comings.settled()

    async_to_sync(both_come)()
    assert queries.online_ids([ben.user_id, ghost.user_id]) == {ben.user_id}

"""Who is there: comings and goings, as the others hear of them over the socket."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from accounts.viewer import Viewer
from sessions_app import queries
from sessions_app.actions import reading
from sessions_app.live.comings import Comings
from sessions_app.live.directory import Directory
from tests import cast, kernel
from tests.live import connected

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_one_who_no_longer_exists_spoils_nobodys_arrival(transactional_db: None) -> None:
    kernel.team("support", cast.ben(), is_default=True)
    ben, ghost = Viewer.of(cast.ben()), Viewer.of(cast.bea())
    cast.bea().delete()

    async def both_come() -> None:
        under_way: list[asyncio.Task[None]] = []

        def spawn(work: object) -> asyncio.Task[None]:
            under_way.append(asyncio.ensure_future(work))  # type: ignore[call-overload]
            return under_way[-1]

        comings = Comings(Directory(), spawn)
        comings.came(ghost)
        comings.came(ben)
        await asyncio.gather(*under_way)

    async_to_sync(both_come)()
    assert queries.online_ids([ben.user_id, ghost.user_id]) == {ben.user_id}

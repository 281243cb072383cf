"""What an inbox hears of a busy session is what its rows say."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accounts.viewer import Viewer
from sessions_app import actions, queries
from sessions_app.models import ChatSession
from tests import cast, kernel
from tests.live import Socket, connected

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def talk(address: str) -> ChatSession:
    await sync_to_async(lambda: kernel.team("support", cast.ben(), is_default=True))()
    return await sync_to_async(lambda: kernel.chat(cast.vic()))()


async def say(socket: Socket, talk: ChatSession, key: str) -> None:
    await socket.send("message.send", session_id=str(talk.id), client_msg_id=key, content=key)
    await socket.wait("ack", client_msg_id=key)


async def shown(socket: Socket, last_seq: int) -> dict[str, Any]:
    while True:
        session: dict[str, Any] = (await socket.wait("session"))["session"]
        if session["last_seq"] == last_seq:
            return session


async def test_frames_and_rows_agree(address: str, talk: ChatSession) -> None:
    ben, vic = await sync_to_async(cast.ben)(), await sync_to_async(cast.vic)()
    async with connected(address, ben) as inbox, connected(address, vic) as customer:
        for number in (1, 2, 3):
            await say(customer, talk, f"m{number}")
            frame = await shown(inbox, number)
            assert frame == await sync_to_async(queries.shown_one)(talk.id, staff=True)
            assert (frame["unread"], frame["last_message"]["content"]) == (number, f"m{number}")


async def test_what_messages_do_not_tell_is_read(address: str, talk: ChatSession) -> None:
    ben, vic = await sync_to_async(cast.ben)(), await sync_to_async(cast.vic)()
    async with connected(address, vic) as customer:
        async with connected(address, ben) as inbox:
            await say(customer, talk, "one")
            await shown(inbox, 1)
        viewer = await sync_to_async(Viewer.of)(ben)
        await sync_to_async(actions.claim)(viewer=viewer, session_id=talk.id)
        async with connected(address, ben) as inbox:
            await say(customer, talk, "two")
            frame = await shown(inbox, 3)
            assert (frame["status"], frame["assignee"]["id"]) == ("assigned", ben.pk)

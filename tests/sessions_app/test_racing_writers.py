"""A process knows the rows it wrote last; what others do to them meanwhile is never lost."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction

from accounts.viewer import Viewer
from chatsite.lib import loops
from sessions_app import actions
from sessions_app.access import membership
from sessions_app.actions.drafts import Draft, draft
from sessions_app.actions.posting import Posted
from sessions_app.live import writer
from sessions_app.live.writer import Result
from sessions_app.models import ChatSession, Message, SessionStatus
from tests import cast, kernel
from tests.live import Socket, connected

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def talk(address: str) -> ChatSession:
    """Vic's chat, with a message that made its row known to the serving process."""
    await sync_to_async(kernel.team)("support", await sync_to_async(cast.ben)(), is_default=True)
    made = await sync_to_async(lambda: kernel.chat(cast.vic()))()
    async with connected(address, await sync_to_async(cast.vic)()) as vic:
        await say(vic, made, "before")
    return made


async def say(socket: Socket, talk: ChatSession, key: str, wanted: str = "ack") -> dict[str, Any]:
    await socket.send("message.send", session_id=str(talk.id), client_msg_id=key, content=key)
    return await socket.wait(wanted, client_msg_id=key)


async def test_a_change_that_nobody_told_of_stands(address: str, talk: ChatSession) -> None:
    mine = ChatSession.objects.filter(pk=talk.pk)
    async with connected(address, await sync_to_async(cast.vic)()) as vic:
        await mine.aupdate(staff_unread=7)
        assert (await say(vic, talk, "one-more"))["seq"] == 2
        assert (await mine.aget()).staff_unread == 8
        await mine.aupdate(status=SessionStatus.CLOSED)
        assert (await say(vic, talk, "too-late", wanted="error"))["code"] == "SESSION_CLOSED"
        await mine.aupdate(status=SessionStatus.QUEUED)
        assert (await say(vic, talk, "open-again"))["seq"] == 3


async def test_a_send_that_another_process_stored_is_stored_once(
    address: str, talk: ChatSession
) -> None:
    viewer = await sync_to_async(lambda: Viewer.of(cast.vic()))()
    async with connected(address, await sync_to_async(cast.vic)()) as vic:
        first: Posted = await sync_to_async(actions.post_message)(
            viewer=viewer, session_id=talk.id, content="twin", client_msg_id="twin"
        )
        assert (await say(vic, talk, "twin"))["id"] == str(first.message.id)
        assert (await say(vic, talk, "next"))["seq"] == 3


async def test_a_locked_session_is_waited_for(address: str, talk: ChatSession) -> None:
    held, release = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold() -> None:
        with transaction.atomic():
            row = ChatSession.objects.select_for_update(no_key=True).get(pk=talk.pk)
            loop.call_soon_threadsafe(held.set)
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result(10)
            row.customer_unread = 5
            row.save(update_fields=["customer_unread"])

    async with connected(address, await sync_to_async(cast.vic)()) as vic:
        await vic.subscribe(talk.id)
        holding = asyncio.create_task(asyncio.to_thread(hold))
        await held.wait()
        await vic.send(
            "message.send", session_id=str(talk.id), client_msg_id="w", content="waiting"
        )
        await asyncio.sleep(0.1)
        release.set()
        assert (await vic.wait("ack", client_msg_id="w"))["seq"] == 2
    await holding
    assert (await ChatSession.objects.aget(pk=talk.pk)).customer_unread == 5


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite locks all of the database")
async def test_a_locked_session_holds_up_no_other(address: str, talk: ChatSession) -> None:
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            ChatSession.objects.select_for_update(no_key=True).get(pk=talk.pk)
            held.set()
            release.wait(30)
        connection.close()

    def drafts() -> list[Draft]:
        other = kernel.chat(cast.mia())
        places = [(cast.vic(), talk), (cast.mia(), other), (cast.mia(), other)]
        return [
            draft(
                membership(Viewer.of(user), chat.pk), content=f"{number}", client_msg_id=f"{number}"
            )
            for number, (user, chat) in enumerate(places)
        ]

    waiting, first, second = await sync_to_async(drafts)()
    told = {item.client_msg_id: Future[Result]() for item in (waiting, first, second)}

    def submit(*items: Draft) -> None:
        for item in items:
            writer.writer.submit(item, told[item.client_msg_id].set_result)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        await asyncio.to_thread(held.wait, 10)
        try:
            loops.background().call_soon_threadsafe(submit, waiting, first)
            assert isinstance(await answer(told, first), Posted)
            loops.background().call_soon_threadsafe(submit, second)
            assert isinstance(await answer(told, second), Posted)
            assert not told[waiting.client_msg_id].done()
        finally:
            release.set()
        holding.result(10)
        assert isinstance(await answer(told, waiting), Posted)


async def answer(told: dict[str | None, Future[Result]], item: Draft) -> Result:
    return await asyncio.wait_for(asyncio.wrap_future(told[item.client_msg_id]), 20)


async def test_two_doors_give_one_dense_stream(address: str, talk: ChatSession) -> None:
    viewer = await sync_to_async(lambda: Viewer.of(cast.vic()))()

    def post(number: int) -> None:
        actions.post_message(viewer=viewer, session_id=talk.id, content=f"rest {number}")

    begin = await ChatSession.objects.aget(pk=talk.pk)
    async with connected(address, await sync_to_async(cast.vic)()) as vic:
        await vic.subscribe(talk.id, after_seq=1)
        for number in range(20):
            await asyncio.gather(say(vic, talk, f"socket-{number}"), sync_to_async(post)(number))
        while len(vic.seen("message")) < 40:
            await vic.wait("message")
        assert [frame["message"]["seq"] for frame in vic.seen("message")] == list(range(2, 42))
    assert await Message.objects.acount() == 41
    row = await ChatSession.objects.aget(pk=talk.pk)
    assert (row.last_seq, row.version - begin.version, row.staff_unread) == (41, 40, 41)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="compare-and-set needs xmin")
async def test_plain_messages_take_no_thread(
    address: str, talk: ChatSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(drafts: object) -> None:
        raise AssertionError("went to the thread")

    monkeypatch.setattr(writer, "commit", refuse)
    async with connected(address, await sync_to_async(cast.vic)()) as vic:
        for number in range(3):
            assert (await say(vic, talk, str(number)))["seq"] == number + 2

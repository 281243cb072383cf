"""Answers in the making, as the socket shows them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Collection
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accounts.models import User
from accounts.viewer import Viewer
from chatsite.lib import loops
from sessions_app import actions, publish
from sessions_app.live import slots
from sessions_app.live.hub import hub
from sessions_app.live.reply_stream import ReplyStream
from sessions_app.models import ChatSession
from sessions_app.publish import LiveAnswer
from tests import cast, kernel
from tests.live import Frame, Socket, connected

pytestmark = pytest.mark.django_db(transaction=True)


class Stage:
    """Vic's chat with Ben's team, for which models are asked."""

    def __init__(self) -> None:
        self.vic: User = cast.vic()
        self.ben: User = cast.ben()
        kernel.team("support", self.ben, is_default=True)
        self.chat: ChatSession = kernel.chat(self.vic)
        self.written: list[LiveAnswer] = []
        self.over: dict[str, str] = {}

    def running(self, session_id: uuid.UUID) -> list[LiveAnswer]:
        return list(self.written)

    def ended(self, answer_ids: Collection[str]) -> dict[str, str]:
        return {key: self.over[key] for key in answer_ids if key in self.over}

    def slot(self, slot: int, turn: uuid.UUID, attempt: int = 1) -> LiveAnswer:
        return LiveAnswer(self.chat.id, turn, uuid.uuid4(), slot, attempt)


@pytest.fixture
async def stage(address: str, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = await sync_to_async(Stage)()
    monkeypatch.setattr(slots, "_known", [made])
    return made


async def write(answer: LiveAnswer, *texts: str, seq: int = 1) -> None:
    """Write each text as a chunk of its own, from chunk ``seq`` on."""

    async def in_loop() -> None:
        stream = ReplyStream(answer)
        stream._seq = seq - 1
        for text in texts:
            stream._parts.append(text)
            await stream.aclose()

    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(in_loop(), loops.background()))


def text_of(socket: Socket, slot: int | None) -> str:
    """What a client shows of a slot: chunks joined, their numbers without hole or overlap."""
    text, last = "", 0
    for frame in socket.frames:
        if frame["type"] == "reply.start" and frame["slot"] == slot:
            text, last = "", 0
        if frame["type"] == "reply.chunk" and frame["slot"] == slot:
            assert frame["from_seq"] == last + 1
            text, last = text + frame["delta_text"], frame["seq"]
    return text


async def end(answer: LiveAnswer, status: str = "done") -> None:
    await sync_to_async(publish.reply_ended)(answer, status)


async def test_slots_of_a_turn_run_side_by_side(address: str, stage: Stage) -> None:
    turn = uuid.uuid4()
    one, two = stage.slot(0, turn), stage.slot(1, turn)
    async with connected(address, stage.ben) as ben:
        await ben.subscribe(stage.chat.id)
        for answer in (one, two):
            await sync_to_async(publish.reply_started)(answer)
        await write(one, "Hel", "lo")
        await write(two, "Bon", "jour")
        await end(one)
        await end(two, "failed")
        last = await ben.wait("reply.end", slot=1)
        assert (last["turn_id"], last["status"]) == (str(turn), "failed")
        assert (text_of(ben, 0), text_of(ben, 1)) == ("Hello", "Bonjour")


async def test_a_reply_has_no_slot_and_reaches_the_customer(address: str, stage: Stage) -> None:
    answer = LiveAnswer.reply(stage.chat.id, uuid.uuid4(), attempt=1, epoch=9)
    async with connected(address, stage.vic) as vic:
        await vic.subscribe(stage.chat.id)
        await write(answer, "Hi")
        frame = await vic.wait("reply.chunk")
        assert (frame["turn_id"], frame["slot"]) == (str(answer.answer_id), None)


async def test_slots_are_for_staff_only(address: str, stage: Stage) -> None:
    draft = stage.slot(0, uuid.uuid4())
    stage.written = [draft]
    await write(draft, "SECRET ")
    async with connected(address, stage.vic) as vic, connected(address, stage.ben) as ben:
        await vic.subscribe(stage.chat.id)
        await ben.subscribe(stage.chat.id)
        await write(draft, "draft", seq=2)
        await end(draft)
        await ben.wait("reply.end")
        assert text_of(ben, 0) == "SECRET draft"
        await vic.send("ping")
        await vic.wait("pong")
        assert not [frame for frame in vic.frames if frame["type"].startswith("reply")]


async def test_a_newcomer_sees_all_that_runs_so_far(address: str, stage: Stage) -> None:
    turn = uuid.uuid4()
    stage.written = [stage.slot(0, turn), stage.slot(1, turn)]
    one, two = stage.written
    await write(one, "a", "b")
    await write(two, "x")
    async with connected(address, stage.ben) as ben:
        await ben.subscribe(stage.chat.id)
        await write(one, "c", seq=3)
        await end(one)
        await ben.wait("reply.end")
        assert (text_of(ben, 0), text_of(ben, 1)) == ("abc", "x")


@pytest.fixture
def lossy(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Chunk numbers whose doorbell gets lost."""
    lost: set[int] = set()
    ring = publish._reply

    def sometimes(answer: LiveAnswer, **event: Any) -> None:
        if event.get("seq") not in lost:
            ring(answer, **event)

    monkeypatch.setattr(publish, "_reply", sometimes)
    return lost


async def test_a_lost_doorbell_of_each_slot_is_repaired_from_the_log(
    address: str, stage: Stage, lossy: set[int]
) -> None:
    turn = uuid.uuid4()
    one, two = stage.slot(0, turn), stage.slot(1, turn)
    lossy |= {1, 3, 4}
    async with connected(address, stage.ben) as ben:
        await ben.subscribe(stage.chat.id)
        for answer in (one, two):
            await write(answer, *"abcde")
        frames: dict[int, Frame] = {}
        while len(frames) < 2:
            frame = await ben.wait("reply.chunk", seq=5)
            frames[frame["slot"]] = frame
        assert (text_of(ben, 0), text_of(ben, 1)) == ("abcde", "abcde")


async def test_a_new_attempt_voids_the_slot(address: str, stage: Stage) -> None:
    first = stage.slot(0, uuid.uuid4())
    again = LiveAnswer(first.session_id, first.turn_id, first.answer_id, 0, 2)
    async with connected(address, stage.ben) as ben:
        await ben.subscribe(stage.chat.id)
        await write(first, "Wrong")
        await write(again, "Right")
        await write(first, " late", seq=2)
        await end(again)
        await ben.wait("reply.end")
        assert text_of(ben, 0) == "Right"


async def test_a_slot_whose_end_the_bus_lost_ends_with_the_heartbeat(
    address: str, stage: Stage
) -> None:
    one = stage.slot(0, uuid.uuid4())
    async with connected(address, stage.ben) as ben:
        await ben.subscribe(stage.chat.id)
        await write(one, "Hello")
        await ben.wait("reply.chunk")
        stage.over[str(one.answer_id)] = "failed"
        await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(hub.heartbeat.end_lost_slots(), loops.background())
        )
        assert (await ben.wait("reply.end", slot=0))["status"] == "failed"


async def test_a_talk_with_models_is_told_to_who_has_it_alone(address: str, stage: Stage) -> None:
    viewer = await sync_to_async(Viewer.of)(stage.ben)
    ada = await sync_to_async(cast.ada)()
    async with connected(address, ada) as admin, connected(address, stage.ben) as ben:
        talk = await sync_to_async(actions.open_talk)(viewer=viewer, title="Mine")
        frame = await ben.wait("session")
        assert (frame["session"]["id"], frame["session"]["title"]) == (str(talk.id), "Mine")
        await sync_to_async(actions.describe)(viewer=viewer, session_id=talk.id, title="Renamed")
        frame = await ben.wait("session")
        assert frame["session"]["title"] == "Renamed"
        await sync_to_async(actions.set_tags)(
            viewer=viewer, session_id=stage.chat.id, tags=["seen"]
        )
        frame = await admin.wait("session")
        assert frame["session"]["id"] == str(stage.chat.id)

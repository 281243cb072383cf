"""The socket, spoken to over a real connection to the real server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import websockets
from asgiref.sync import sync_to_async
from django.conf import settings as configured
from pytest_django import Settings
from websockets.typing import Origin

from accounts import actions as accounts_actions
from accounts.models import Team, User
from accounts.tokens import issue_access
from accounts.viewer import Viewer
from sessions_app import actions, queries
from sessions_app.models import ChatSession, Message
from support.actions import create_widget, end_visit, start_visit
from tests import cast, kernel, live
from tests.live import Socket, connected

pytestmark = pytest.mark.django_db(transaction=True)


class Stage:
    """Vic's chat with Ben's team; Bea works elsewhere."""

    def __init__(self) -> None:
        self.vic, self.ben, self.bea, self.mia = cast.vic(), cast.ben(), cast.bea(), cast.mia()
        self.support: Team = kernel.team("support", self.ben, is_default=True)
        self.sales: Team = kernel.team("sales", self.bea)
        self.chat: ChatSession = kernel.chat(self.vic)

    async def post(self, user: User, content: str, **more: Any) -> Message:
        viewer = await sync_to_async(Viewer.of)(user)
        posted = await sync_to_async(actions.post_message)(
            viewer=viewer, session_id=self.chat.id, content=content, **more
        )
        return posted.message


@pytest.fixture
async def stage(transactional_db: None, address: str) -> Stage:
    return await sync_to_async(Stage)()


def texts(socket: Socket) -> list[str]:
    return [f["message"]["content"] for f in socket.seen("message")]


async def say(socket: Socket, stage: Stage, content: str, key: str) -> dict[str, Any]:
    await socket.send(
        "message.send", session_id=str(stage.chat.id), client_msg_id=key, content=content
    )
    return await socket.wait("ack", client_msg_id=key)


async def test_an_ack_means_a_row_and_both_sides_get_the_message(
    address: str, stage: Stage
) -> None:
    async with connected(address, stage.vic) as vic, connected(address, stage.ben) as ben:
        await vic.subscribe(stage.chat.id)
        await ben.subscribe(stage.chat.id)
        ack = await say(vic, stage, "hello", "a")
        stored = await Message.objects.aget(pk=ack["id"])
        assert (stored.seq, stored.content) == (ack["seq"], "hello")
        got = await ben.wait("message")
        assert got["message"]["id"] == ack["id"]
        again = await say(vic, stage, "hello", "a")
        assert (again["id"], again["seq"]) == (ack["id"], ack["seq"])
        assert await Message.objects.acount() == 1


async def test_a_returning_subscriber_gets_exactly_what_it_missed(
    address: str, stage: Stage
) -> None:
    for number in range(5):
        await stage.post(stage.vic, f"m{number}")
    async with connected(address, stage.ben) as ben:
        done = await ben.subscribe(stage.chat.id, after_seq=2)
        assert [f["message"]["seq"] for f in ben.seen("message")] == [3, 4, 5]
        assert (done["last_seq"], done["more"]) == (5, False)
        await stage.post(stage.vic, "live")
        assert (await ben.wait("message"))["message"]["seq"] == 6


async def test_a_subscriber_by_version_gets_edits_too(address: str, stage: Stage) -> None:
    first = await stage.post(stage.vic, "one")
    await stage.post(stage.vic, "two")
    async with connected(address, stage.ben) as ben:
        done = await ben.subscribe(stage.chat.id)
    viewer = await sync_to_async(Viewer.of)(stage.vic)
    await sync_to_async(actions.edit_message)(
        viewer=viewer, session_id=stage.chat.id, message_id=first.id, content="uno"
    )
    async with connected(address, stage.ben) as ben:
        await ben.subscribe(stage.chat.id, after_version=done["version"])
        assert [(f["message"]["seq"], f["message"]["content"]) for f in ben.seen("message")] == [
            (1, "uno")
        ]


async def test_a_note_never_reaches_the_customer(address: str, stage: Stage) -> None:
    await stage.post(stage.ben, "SECRET one", kind="note")
    async with connected(address, stage.vic) as vic, connected(address, stage.ben) as ben:
        done = await vic.subscribe(stage.chat.id)
        await ben.subscribe(stage.chat.id)
        assert done["last_seq"] == 0
        await stage.post(stage.ben, "SECRET two", kind="note")
        await ben.wait("message")
        await say(vic, stage, "hello?", "a")
        await stage.post(stage.ben, "yes?")
        frame = await vic.wait("message")
        while frame["message"]["content"] != "yes?":
            frame = await vic.wait("message")
        assert "SECRET" not in str(vic.frames)
        previous = 0
        for message in (f["message"] for f in vic.seen("message")):
            assert message["prev_seq"] == previous
            previous = message["seq"]
        assert texts(ben)[0] == "SECRET one" or "SECRET two" in texts(ben)


async def test_strangers_learn_nothing(address: str, stage: Stage) -> None:
    chat = str(stage.chat.id)
    for stranger in (stage.mia, stage.bea):
        async with connected(address, stranger) as sock:
            frames: list[tuple[str, dict[str, Any]]] = [
                ("subscribe", {}),
                ("message.send", {"client_msg_id": "x", "content": "x"}),
                ("typing", {"active": True}),
                ("read", {"seq": 1}),
                ("reply.stop", {}),
            ]
            for kind, frame in frames:
                await sock.send(kind, session_id=chat, **frame)
                error = await sock.wait("error")
                assert error["code"] == "SESSION_NOT_FOUND", kind
            await stage.post(stage.vic, "private")
            await sock.send("ping")
            await sock.wait("pong")
            assert "private" not in str(sock.frames)
    assert await Message.objects.filter(content="x").acount() == 0


async def test_who_loses_access_gets_nothing_more(address: str, stage: Stage) -> None:
    async with connected(address, stage.ben) as ben:
        await ben.subscribe(stage.chat.id)
        viewer = await sync_to_async(Viewer.of)(await sync_to_async(cast.ada)())
        await sync_to_async(actions.transfer)(
            viewer=viewer, session_id=stage.chat.id, team_id=stage.sales.pk
        )
        await ben.wait("error", code="SESSION_NOT_FOUND")
        await stage.post(stage.vic, "for the others")
        await ben.send("ping")
        await ben.wait("pong")
        assert "for the others" not in texts(ben)


async def test_typing_and_read_marks_reach_the_other_side(address: str, stage: Stage) -> None:
    chat = str(stage.chat.id)
    async with connected(address, stage.vic) as vic, connected(address, stage.ben) as ben:
        await vic.subscribe(chat)
        await ben.subscribe(chat)
        await ben.send("typing", session_id=chat, active=True)
        typing = await vic.wait("typing")
        assert (typing["user"]["name"], typing["active"]) == ("Ben", True)
        await say(vic, stage, "hello", "a")
        claim = sync_to_async(actions.claim)
        await claim(viewer=await sync_to_async(Viewer.of)(stage.ben), session_id=chat)
        await ben.send("read", session_id=chat, seq=1)
        mark = await vic.wait("read")
        assert (mark["user_id"], mark["seq"]) == (stage.ben.pk, 1)
        assert not ben.seen("typing")


async def test_staff_hear_of_their_teams_sessions_unasked(address: str, stage: Stage) -> None:
    async with connected(address, stage.ben) as ben, connected(address, stage.bea) as bea:
        await stage.post(stage.vic, "anyone there?")
        frame = await ben.wait("session")
        assert frame["session"]["id"] == str(stage.chat.id)
        assert frame["session"]["unread"] == 1
        await bea.send("ping")
        await bea.wait("pong")
        assert not bea.seen("session")


BAD_FRAMES = [
    "",
    "{",
    "null",
    "7",
    '"text"',
    "[]",
    "{}",
    '{"type": null}',
    '{"type": ["ping"]}',
    '{"type": "disconnect"}',
    '{"type": "websocket.close"}',
    "[" * 50_000,
    '{"a":' * 2000 + "1" + "}" * 2000,
    '{"type": "ping", "content": "\\ud800"}',
    '{"type": "subscribe"}',
    '{"type": "subscribe", "session_id": 7}',
    '{"type": "subscribe", "session_id": "nonsense!"}',
    '{"type": "subscribe", "session_id": "01a1fdb8-9738-7f83-97a6-bbd2073f6cdd", "after_seq": -1}',
    '{"type": "subscribe", "session_id": "01a1fdb8-9738-7f83-97a6-bbd2073f6cdd", "after_seq": 1e99}',  # noqa: E501
    '{"type": "read", "session_id": "01a1fdb8-9738-7f83-97a6-bbd2073f6cdd", "seq": null}',
    '{"type": "read", "session_id": "01a1fdb8-9738-7f83-97a6-bbd2073f6cdd", "seq": true}',
    '{"type": "presence", "status": "invisible"}',
    '{"type": "typing", "session_id": "01a1fdb8-9738-7f83-97a6-bbd2073f6cdd", "active": "yes"}',
]


async def test_who_only_listens_is_not_there_for_others(address: str, stage: Stage) -> None:
    def is_online() -> bool:
        return bool(queries.online_ids([stage.ben.pk]))

    async with connected(address, stage.ben, query="&quiet=1") as quiet:
        await quiet.send("ping")
        await quiet.wait("pong")
        await sync_to_async(live.settle)()
        assert not await sync_to_async(is_online)()
        async with connected(address, stage.ben) as ben:
            await quiet.wait("presence", user_id=stage.ben.pk, status="online")
            assert await sync_to_async(is_online)()
            await ben.connection.close()
            await quiet.wait("presence", user_id=stage.ben.pk, status="offline")
        assert not await sync_to_async(is_online)()


@pytest.mark.parametrize("raw", BAD_FRAMES)
async def test_a_bad_frame_gets_an_error_and_the_socket_stays(
    address: str, stage: Stage, raw: str
) -> None:
    async with connected(address, stage.vic) as vic:
        await vic.send_raw(raw)
        error = await vic.wait("error")
        assert error["code"] in {"VALIDATION_FAILED", "SESSION_NOT_FOUND"}
        await vic.send("ping")
        await vic.wait("pong")


@pytest.mark.parametrize("field", [{"content": "a\0b"}, {"content": 5}, {"content": " "},
                                   {"kind": "event"}, {"kind": 3}, {"client_msg_id": "a b"},
                                   {"client_msg_id": ""}, {"attachment_ids": "x"},
                                   {"attachment_ids": [[]]}, {"reply_to": "x"}])  # fmt: skip
async def test_a_bad_message_is_refused_with_its_id(
    address: str, stage: Stage, field: dict[str, Any]
) -> None:
    frame = {"session_id": str(stage.chat.id), "client_msg_id": "a", "content": "x", **field}
    async with connected(address, stage.vic) as vic:
        await vic.send("message.send", **frame)
        assert (await vic.wait("error"))["code"] == "VALIDATION_FAILED"
    assert not await Message.objects.aexists()


async def test_binary_frames_are_read_like_text(address: str, stage: Stage) -> None:
    async with connected(address, stage.vic) as vic:
        await vic.send_raw(b'{"type":"ping"}')
        await vic.wait("pong")
        await vic.send_raw(b"\xff\xfe")
        await vic.wait("error")


async def test_flooding_is_refused_then_cut(address: str, stage: Stage, settings: Settings) -> None:
    settings.SOCKET_FRAME_BURST = 5
    settings.SOCKET_FRAMES_PER_SECOND = 0.001
    async with connected(address, stage.vic) as vic:
        for _ in range(130):
            await vic.send("ping")
        assert await vic.closed() == 4429
        assert len(vic.seen("pong")) == 5
        assert {frame["code"] for frame in vic.seen("error")} == {"RATE_LIMITED"}


async def test_a_large_frame_closes(address: str, stage: Stage) -> None:
    async with connected(address, stage.vic) as vic:
        await vic.send_raw("x" * (configured.SOCKET_MAX_FRAME_BYTES + 1))
        assert await vic.closed() == 4413


async def test_too_many_sockets_of_one_user(address: str, stage: Stage, settings: Settings) -> None:
    settings.SOCKETS_PER_USER = 1
    async with connected(address, stage.vic):
        viewer = await sync_to_async(Viewer.of)(stage.vic)
        ticket = await sync_to_async(accounts_actions.issue_ticket)(viewer=viewer, purpose="ws")
        async with websockets.connect(f"ws://{address}/api/v1/ws?ticket={ticket}") as second:
            assert await Socket(second).closed() == 4429


async def test_a_ticket_opens_once(address: str, stage: Stage) -> None:
    viewer = await sync_to_async(Viewer.of)(stage.vic)
    ticket = await sync_to_async(accounts_actions.issue_ticket)(viewer=viewer, purpose="ws")
    url = f"ws://{address}/api/v1/ws?ticket={ticket}"
    async with websockets.connect(url) as first:
        await Socket(first).wait("ready")
        async with websockets.connect(url) as second:
            assert await Socket(second).closed() == 4401


@pytest.mark.parametrize("query", ["", "?ticket=nonsense", "?token=a.b.c", "?ticket=%00"])
async def test_without_a_valid_credential_the_socket_closes(
    address: str, stage: Stage, query: str
) -> None:
    async with websockets.connect(f"ws://{address}/api/v1/ws{query}") as connection:
        assert await Socket(connection).closed() == 4401


async def test_a_token_works_in_header_and_query(address: str, stage: Stage) -> None:
    token = await sync_to_async(issue_access)(stage.vic)
    url = f"ws://{address}/api/v1/ws"
    header = {"Authorization": f"Bearer {token}"}
    async with websockets.connect(url, additional_headers=header) as connection:
        await Socket(connection).wait("ready", user_id=stage.vic.pk)
    async with websockets.connect(f"{url}?token={token}") as connection:
        await Socket(connection).wait("ready", user_id=stage.vic.pk)


async def test_a_key_of_an_integrator_works_in_the_header(address: str, stage: Stage) -> None:
    make = sync_to_async(accounts_actions.make_api_key)
    url = f"ws://{address}/api/v1/ws"
    _, writes = await make(name="CRM", user=stage.vic, scope="write")
    header = {"Authorization": f"Api-Key {writes}"}
    async with websockets.connect(url, additional_headers=header) as connection:
        await Socket(connection).wait("ready", user_id=stage.vic.pk)
    _, reads = await make(name="Report", user=stage.vic)
    header = {"Authorization": f"Api-Key {reads}"}
    async with websockets.connect(url, additional_headers=header) as connection:
        assert await Socket(connection).closed() == 4403
    header = {"Authorization": "Api-Key nonsense"}
    async with websockets.connect(url, additional_headers=header) as connection:
        assert await Socket(connection).closed() == 4401


async def test_a_token_without_a_device_ends_with_its_time(address: str, stage: Stage) -> None:
    """A visitor's: nobody could be asked later whether they are still welcome."""
    token = await sync_to_async(issue_access)(stage.vic, ttl=5)
    async with websockets.connect(f"ws://{address}/api/v1/ws?token={token}") as connection:
        client = Socket(connection)
        await client.wait("ready")
        assert await client.closed() == 4401


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.example"],
)
async def test_a_foreign_page_is_refused_before_it_is_let_in(
    address: str, stage: Stage, origin: str
) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(f"ws://{address}/api/v1/ws", origin=Origin(origin))
    assert refused.value.response.status_code == 403
    async with connected(address, stage.vic, origin=f"http://{address}"):
        pass


async def test_signing_out_closes_the_socket(address: str, stage: Stage) -> None:
    async with connected(address, stage.vic) as vic:
        from sessions_app import publish

        publish.access_revoked(stage.vic.pk, None)
        assert await vic.closed() == 4401


async def test_a_visitor_who_leaves_for_good_leaves_no_socket_open(
    address: str, stage: Stage
) -> None:
    made, _ = await sync_to_async(create_widget)(name="Shop", team=stage.support)
    visit = await sync_to_async(start_visit)(widget=made)
    async with connected(address, visit.user) as visitor, connected(address, stage.vic) as vic:
        await sync_to_async(end_visit)(widget=made, visitor_token=visit.visitor_token)
        assert await visitor.closed() == 4401
        await vic.send("ping")
        await vic.wait("pong")


async def test_many_senders_in_one_session_stay_in_order(address: str, stage: Stage) -> None:
    async with connected(address, stage.vic) as vic, connected(address, stage.ben) as ben:
        await vic.subscribe(stage.chat.id)
        await ben.subscribe(stage.chat.id)

        async def flood(sock: Socket, name: str) -> None:
            for number in range(25):
                await sock.send(
                    "message.send",
                    session_id=str(stage.chat.id),
                    client_msg_id=f"{name}{number}",
                    content=f"{name}{number}",
                )

        await asyncio.gather(flood(vic, "v"), flood(ben, "b"))
        for sock in (vic, ben):
            while len([text for text in texts(sock) if text[0] in "vb"]) < 50:
                await sock.wait("message")
            seqs = [f["message"]["seq"] for f in sock.seen("message")]
            assert seqs == list(range(1, 52))
            for name in "vb":
                own = [text for text in texts(sock) if text[0] == name]
                assert own == [f"{name}{number}" for number in range(25)]

"""The caller's own talk with the assistant: send and wait, history, clear."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest
from django.db import connections

from accounts import actions as accounts_actions
from accounts.models import ApiKey, User
from accounts.tokens import issue_access
from accounts.viewer import Viewer
from chatsite.lib import dbpool
from llm import wake
from sessions_app import actions
from sessions_app.live import waiting
from sessions_app.models import ChatSession, Message
from sessions_app.signals import session_cleared
from tests import cast, live
from tests.kernel import API, Rest, code
from tests.llm.desk import Desk
from tests.upstream import STALL, Reply, Upstream, delta, refuse, say


@pytest.fixture
def staffed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose worker is woken as in production, without a broker between."""

    def send(_: wake.Waker, ready: Any) -> None:
        for job, _cause in ready:
            desk.engine.loop.call_soon_threadsafe(desk.engine.wake, job)

    monkeypatch.setattr(wake.Waker, "_send", send)
    return desk


@pytest.fixture
def vic() -> Rest:
    return Rest(cast.vic())


def send(rest: Rest, message: str = "Where is my parcel?", *, wait: float = 30, **more: Any) -> Any:
    """What sending answers."""
    return rest.post(f"/chat/send?wait={wait}", {"message": message, **more})


# --- With an assistant that answers ---


def test_the_reply_comes_whole(staffed: Desk, vic: Rest) -> None:
    answer = send(vic)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert set(body) == {"session_id", "message", "reply"}
    assert body["message"]["content"] == "Where is my parcel?"
    assert (body["message"]["sender"]["kind"], body["message"]["seq"]) == ("customer", 1)
    assert (body["reply"]["sender"]["kind"], body["reply"]["content"]) == (
        "assistant",
        "Hello there.",
    )
    session = ChatSession.objects.get(pk=body["session_id"])
    assert (session.kind, session.floor) == ("assistant", "assistant")


def test_one_talk_goes_on_and_each_answer_is_the_one_to_its_question(
    staffed: Desk, vic: Rest, upstream_server: Upstream
) -> None:
    upstream_server.script(say("One"), say("Two"))
    first, second = send(vic, "1").json(), send(vic, "2").json()
    assert (first["reply"]["content"], second["reply"]["content"]) == ("One", "Two")
    assert first["session_id"] == second["session_id"]


def test_the_same_send_waits_for_the_same_reply(
    staffed: Desk, vic: Rest, upstream_server: Upstream
) -> None:
    first = send(vic, client_msg_id="a").json()
    assert send(vic, client_msg_id="a").json() == first
    assert len(upstream_server.requests) == 1
    assert code(send(vic, "Other", client_msg_id="a")) == (409, "CONFLICT")


@pytest.mark.parametrize("who", ["ada", "ben", "mia"])
def test_staff_and_customers_talk_alike(staffed: Desk, who: str) -> None:
    rest = Rest(getattr(cast, who)())
    body = send(rest).json()
    assert body["message"]["sender"]["kind"] == "customer"
    assert body["reply"]["content"] == "Hello there."
    assert [m["seq"] for m in rest.get("/chat/history").json()["results"]] == [1, 2]


def test_api_keys_talk_too(staffed: Desk) -> None:
    secret = accounts_actions.make_api_key(user=cast.ben(), name="bot", scope=ApiKey.Scope.WRITE)[1]
    rest = Rest()
    rest._headers = {"Authorization": f"Api-Key {secret}"}
    assert send(rest).json()["reply"]["content"] == "Hello there."
    ApiKey.objects.update(scope=ApiKey.Scope.READ)
    assert code(send(rest)) == (403, "PERMISSION_DENIED")
    assert rest.get("/chat/history").status_code == 200


def test_an_own_support_chat_can_be_named(staffed: Desk, vic: Rest) -> None:
    session = staffed.open()
    body = send(vic, session_id=str(session.pk)).json()
    assert (body["session_id"], body["reply"]["content"]) == (str(session.pk), "Hello there.")


def test_a_failed_answer_says_so_and_the_message_stays(
    staffed: Desk, vic: Rest, upstream_server: Upstream
) -> None:
    upstream_server.default = refuse(500)
    answer = send(vic)
    assert answer.status_code == 202
    body = answer.json()
    assert (body["reply"], body["status"]) == (None, "bot")
    assert body["error"]["code"] == "PROVIDER_ERROR"
    # The second failure in a row hands over to people.
    again = send(vic, "Hello?")
    assert (again.status_code, again.json()["status"]) == (202, "queued")


def test_a_wish_for_a_person_is_heard(staffed: Desk, vic: Rest) -> None:
    answer = send(vic, "I want to talk to a human")
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.json()["error"] is None


def test_a_person_may_take_over_and_their_reply_is_the_reply(
    staffed: Desk, vic: Rest, upstream_server: Upstream
) -> None:
    upstream_server.default = Reply([delta("Let me"), STALL])
    got: list[Any] = []

    def ask() -> None:
        got.append(send(vic))
        connections.close_all()

    asking = threading.Thread(target=ask)
    asking.start()
    session = staffed.until(lambda: ChatSession.objects.filter(live_turn__isnull=False).first())
    assert session is not None
    assert [s["id"] for s in Rest(cast.ben()).get("/chat/sessions").json()["results"]] == [
        str(session.pk)
    ]
    actions.post_message(viewer=staffed.agent, session_id=session.pk, content="Ben here.")
    asking.join(20)
    assert got[0].status_code == 200
    assert got[0].json()["reply"]["content"] == "Ben here."
    later = send(vic, "Thanks")
    assert (later.status_code, later.json()["status"]) == (202, "assigned")


def test_clearing_stops_the_answer_and_begins_anew(
    staffed: Desk, vic: Rest, upstream_server: Upstream
) -> None:
    upstream_server.script([delta("Never"), STALL])
    first = send(vic, wait=0).json()
    staffed.until(lambda: upstream_server.asked.is_set())
    cleared = vic.post("/chat/clear")
    assert cleared.status_code == 200
    assert cleared.json()["session_id"] == first["session_id"]
    staffed.until(lambda: upstream_server.aborted)
    assert vic.get("/chat/history").json() == {"session_id": None, "results": [], "next": None}
    second = send(vic, "New").json()
    assert second["session_id"] != first["session_id"]
    assert second["reply"]["content"] == "Hello there."
    assert "parcel" not in str(upstream_server.requests[-1])


# --- Without one ---


@pytest.mark.usefixtures("transactional_db")
def test_when_the_wait_runs_out_the_reply_comes_later(vic: Rest) -> None:
    answer = send(vic, wait=0)
    assert answer.status_code == 202
    body = answer.json()
    assert (body["reply"], body["status"], body["error"]) == (None, "bot", None)


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("", {}, "message"),
        ("", {"message": ""}, "message"),
        ("", {"message": "   "}, "content"),
        ("", {"message": "a\0"}, "message"),
        ("", {"message": "a" * 16_001}, "content"),
        ("", {"message": "a", "client_msg_id": "ü"}, "client_msg_id"),
        ("?wait=-1", {"message": "a"}, "wait"),
        ("?wait=61", {"message": "a"}, "wait"),
        ("?wait=nan", {"message": "a"}, "wait"),
        ("?wait=soon", {"message": "a"}, "wait"),
    ],
)
def test_bad_input_names_its_field(vic: Rest, path: str, body: Any, field: str) -> None:
    answer = vic.post(f"/chat/send{path}", body)
    assert code(answer) == (400, "VALIDATION_FAILED")
    assert answer.json()["errors"][0]["field"] == field
    assert not Message.objects.exists()


@pytest.mark.usefixtures("transactional_db")
def test_nobody_and_strangers(vic: Rest) -> None:
    own = send(vic, wait=0).json()["session_id"]
    for method, path in (("POST", "/send"), ("GET", "/history"), ("POST", "/clear")):
        assert Rest().call(method, f"/chat{path}", {"message": "a"}).status_code == 401
    for user in (cast.mia(), cast.ben(), cast.ada()):
        answer = send(Rest(user), session_id=own, wait=0)
        assert code(answer) == (404, "SESSION_NOT_FOUND")
    assert code(send(vic, session_id="nonsense", wait=0)) == (404, "SESSION_NOT_FOUND")
    assert Rest(cast.mia()).get("/chat/history").json()["results"] == []


@pytest.mark.usefixtures("transactional_db")
def test_the_history_is_paged_both_ways(vic: Rest) -> None:
    for number in range(5):
        send(vic, f"line {number}", wait=0)

    def walk(order: str) -> list[int]:
        seen, cursor = [], ""
        while True:
            page = vic.get(f"/chat/history?limit=2&order={order}{cursor}").json()
            seen += [m["seq"] for m in page["results"]]
            if page["next"] is None:
                return seen
            cursor = f"&cursor={page['next']}"

    assert walk("asc") == [1, 2, 3, 4, 5]
    assert walk("desc") == [5, 4, 3, 2, 1]
    for bad in ("cursor=x", "limit=0", "limit=201", "order=up", "cursor=-1"):
        assert code(vic.get(f"/chat/history?{bad}")) == (400, "VALIDATION_FAILED")


@pytest.mark.usefixtures("transactional_db")
def test_clearing_is_announced_once_with_whose_it_was(vic: Rest) -> None:
    told: list[dict[str, Any]] = []
    heard = threading.Event()

    def listen(**news: Any) -> None:
        told.append({name: news[name] for name in ("session_id", "customer_id")})
        heard.set()

    session_cleared.connect(listen)
    try:
        session = ChatSession.objects.get(pk=send(vic, wait=0).json()["session_id"])
        assert vic.post("/chat/clear").json()["archived_at"] is not None
        assert heard.wait(10)
        assert vic.post("/chat/clear").json() == {"session_id": None, "archived_at": None}
    finally:
        session_cleared.disconnect(listen)
    assert told == [{"session_id": session.pk, "customer_id": cast.vic().pk}]
    path = f"/chat/sessions/{session.pk}"
    assert code(vic.post(f"{path}/messages", {"content": "a"})) == (409, "SESSION_CLOSED")
    assert code(vic.post(f"{path}/reopen")) == (409, "CONFLICT")


@pytest.mark.usefixtures("transactional_db")
def test_after_an_agent_closed_it_a_new_talk_begins(vic: Rest) -> None:
    first = send(vic, wait=0).json()["session_id"]
    actions.close(viewer=Viewer.of(cast.ada()), session_id=first)
    assert vic.get("/chat/history").json()["session_id"] == first
    assert send(vic, wait=0).json()["session_id"] != first


@pytest.mark.usefixtures("transactional_db")
def test_ten_first_messages_at_once_begin_one_talk() -> None:
    user = cast.vic()
    start = threading.Barrier(10)
    seen: list[int] = []

    def one(number: int) -> None:
        start.wait()
        seen.append(send(Rest(user), f"line {number}", wait=0).status_code)
        connections.close_all()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [202] * 10
    assert ChatSession.objects.count() == 1
    assert Message.objects.count() == 10


# --- Many who wait, on the real server ---


def sending(client: httpx.AsyncClient, user: User, **more: Any) -> Any:
    """A call of ``user`` that waits for a minute."""
    headers = {"Authorization": f"Bearer {issue_access(user)}"}
    return client.post(f"{API}/chat/send?wait=60", json={"message": "Hi", **more}, headers=headers)


def connections_in_use() -> int:
    """How many database connections this process has lent out."""
    stats: dict[str, int] = connections["default"].pool.get_stats()  # type: ignore[attr-defined]
    return stats["pool_size"] - stats["pool_available"]


async def test_fifty_who_wait_hold_no_connection_and_others_are_served(
    served: str, transactional_db: None, settings: Any
) -> None:
    if settings.IS_SQLITE:
        pytest.skip("SQLite has no connections to run out of")

    def people() -> list[User]:
        cast.vic()
        return [User.objects.create(username=f"c{n}", email=f"c{n}@example.com") for n in range(50)]

    users = await dbpool.run(people)
    async with httpx.AsyncClient(base_url=f"http://{served}", timeout=60) as client:
        calls = [asyncio.ensure_future(sending(client, user)) for user in users]
        while len(waiting.bells._bells) < 50:
            assert [call.result().text for call in calls if call.done()] == []
            await asyncio.sleep(0.02)
        # All fifty wait, which is more than there are connections; others are served as ever.
        assert settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"] < 50
        # Threads that are done with one may keep theirs; what counts is that some are free.
        while connections_in_use() >= settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]:
            await asyncio.sleep(0.02)
        headers = {"Authorization": f"Bearer {issue_access(users[0])}"}
        for _ in range(20):
            assert (await client.get(f"{API}/chat/history", headers=headers)).status_code == 200
        assert [call.result().text for call in calls if call.done()] == []
        sessions = await dbpool.run(lambda: list(ChatSession.objects.values_list("pk", flat=True)))
        ada = await dbpool.run(lambda: Viewer.of(cast.ada()))
        for session in sessions:
            await dbpool.run(
                actions.post_message, viewer=ada, session_id=session, content="Here I am."
            )
        answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["reply"]["content"] for answer in answers} == {"Here I am."}
    assert not waiting.bells._bells
    live.settle()


async def test_going_away_cancels_nothing(served: str, transactional_db: None) -> None:
    user = await dbpool.run(cast.vic)
    async with httpx.AsyncClient(base_url=f"http://{served}", timeout=60) as client:
        call = asyncio.ensure_future(sending(client, user))
        while not waiting.bells._bells:
            await asyncio.sleep(0.02)
        call.cancel()
        while waiting.bells._bells:
            await asyncio.sleep(0.02)
    session = await dbpool.run(ChatSession.objects.get)
    assert (session.floor, session.reply_due_at is not None) == ("assistant", True)
    live.settle()


async def test_a_lost_ring_costs_a_moment(
    served: str, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOOK_AGAIN_S", 0.05)
    monkeypatch.setattr(waiting.Bells, "_ring", lambda *_: None)
    user = await dbpool.run(cast.vic)
    async with httpx.AsyncClient(base_url=f"http://{served}", timeout=60) as client:
        call = asyncio.ensure_future(sending(client, user))
        while not waiting.bells._bells:
            await asyncio.sleep(0.02)
        session = await dbpool.run(ChatSession.objects.get)
        ada = await dbpool.run(lambda: Viewer.of(cast.ada()))
        await dbpool.run(
            actions.post_message, viewer=ada, session_id=session.pk, content="Here I am."
        )
        assert (await call).json()["reply"]["content"] == "Here I am."
    live.settle()


async def test_on_the_socket_an_agent_takes_the_floor_of_it(
    served: str, transactional_db: None
) -> None:
    def stage() -> tuple[User, User, str]:
        vic, ada = cast.vic(), cast.ada()
        posted = actions.say(viewer=Viewer.of(vic), content="Hi")
        return vic, ada, str(posted.message.session_id)

    vic, ada, session_id = await dbpool.run(stage)
    async with live.connected(served, vic) as customer, live.connected(served, ada) as agent:
        await customer.subscribe(session_id)
        for number in range(3):
            await customer.send(
                "message.send", session_id=session_id, content="More", client_msg_id=f"m{number}"
            )
            await customer.wait("ack", client_msg_id=f"m{number}")
        await agent.send("message.send", session_id=session_id, content="Me", client_msg_id="a")
        await agent.wait("ack", client_msg_id="a")
    session = await dbpool.run(ChatSession.objects.get)
    assert (session.floor, session.status) == ("agent", "assigned")
    live.settle()

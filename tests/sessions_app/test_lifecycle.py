"""Claiming, handing on, closing and rating over REST."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from accounts.models import Team, User
from sessions_app.models import ChatSession
from tests import cast, kernel
from tests.kernel import Rest, code

pytestmark = pytest.mark.django_db

DEEDS = [
    ("claim", None),
    ("release", None),
    ("assign", {"agent_id": None}),
    ("transfer", {"team_id": 1}),
    ("close", None),
    ("reopen", None),
    ("handoff", None),
    ("retry-reply", None),
    ("rating", {"score": 3}),
    ("contact", {"email": "vic@example.com"}),
    ("read", {"seq": 1}),
    ("reply/stop", None),
]


def at(chat: ChatSession, tail: str = "") -> str:
    return f"/chat/sessions/{chat.id}{tail}"


@pytest.mark.parametrize(("deed", "body"), DEEDS)
def test_every_deed_is_closed_to_nobody_and_strangers(
    chat: ChatSession, deed: str, body: object
) -> None:
    assert code(Rest().post(at(chat, f"/{deed}"), body)) == (401, "AUTH_TOKEN_INVALID")
    for stranger in (cast.mia(), cast.bea()):
        response = Rest(stranger).post(at(chat, f"/{deed}"), body)
        assert code(response) == (404, "SESSION_NOT_FOUND")


@pytest.mark.parametrize("deed", ["claim", "release", "assign"])
def test_a_customer_does_no_staff_work(chat: ChatSession, deed: str) -> None:
    assert code(Rest(cast.vic()).post(at(chat, f"/{deed}"))) == (403, "PERMISSION_DENIED")


def test_claim_release_and_the_events_of_it(chat: ChatSession) -> None:
    ben = Rest(cast.ben())
    claimed = ben.post(at(chat, "/claim")).json()
    assert (claimed["status"], claimed["floor"]) == ("assigned", "agent")
    assert claimed["assignee"]["name"] == "Ben"
    assert ben.post(at(chat, "/claim")).status_code == 200
    assert code(Rest(cast.ada()).post(at(chat, "/claim"))) == (409, "SESSION_ALREADY_ASSIGNED")
    released = ben.post(at(chat, "/release")).json()
    assert (released["status"], released["assignee"]) == ("queued", None)
    events = [m["metadata"]["event"] for m in ben.get(at(chat, "/messages")).json()["results"]]
    assert events == ["claimed", "released"]


def test_an_agents_message_takes_the_floor(support: Team) -> None:
    chat = kernel.chat(cast.vic(), assistant=True)
    Rest(cast.ben()).post(at(chat, "/messages"), {"content": "Hello from a person"})
    session = Rest(cast.ben()).get(at(chat)).json()
    assert (session["floor"], session["status"]) == ("agent", "assigned")


def test_a_note_takes_nothing(support: Team) -> None:
    chat = kernel.chat(cast.vic(), assistant=True)
    Rest(cast.ben()).post(at(chat, "/messages"), {"content": "psst", "kind": "note"})
    assert Rest(cast.ben()).get(at(chat)).json()["floor"] == "assistant"


def test_transfer_moves_the_session_to_another_team(chat: ChatSession, sales: Team) -> None:
    ben, bea = Rest(cast.ben()), Rest(cast.bea())
    ben.post(at(chat, "/claim"))
    moved = ben.post(at(chat, "/transfer"), {"team_id": sales.pk, "note": "wants a quote"})
    assert moved.status_code == 200
    assert bea.get(at(chat)).json()["status"] == "queued"
    notes = [m for m in bea.get(at(chat, "/messages")).json()["results"] if m["kind"] == "note"]
    assert notes[0]["content"] == "wants a quote"


def test_who_hands_a_chat_to_another_team_sees_it_no_more(chat: ChatSession, sales: Team) -> None:
    ben = Rest(cast.ben())
    ben.post(at(chat, "/claim"))
    ben.post(at(chat, "/messages"), {"content": "One moment."})
    assert ben.get(at(chat)).status_code == 200
    ben.post(at(chat, "/transfer"), {"team_id": sales.pk})
    assert code(ben.get(at(chat))) == (404, "SESSION_NOT_FOUND")
    assert ben.get("/chat/sessions").json()["results"] == []


def test_who_leaves_the_team_sees_no_chat_of_it(chat: ChatSession, support: Team) -> None:
    ben = Rest(cast.ben())
    ben.post(at(chat, "/messages"), {"content": "One moment."})
    support.members.remove(cast.ben())
    assert code(ben.get(at(chat))) == (404, "SESSION_NOT_FOUND")


def test_transfer_to_an_agent_outside_the_team_is_refused(chat: ChatSession) -> None:
    ben = Rest(cast.ben())
    for who in (cast.bea().pk, cast.mia().pk, 10**9):
        response = ben.post(at(chat, "/transfer"), {"agent_id": who})
        assert code(response) == (400, "VALIDATION_FAILED")


def test_close_reopen_rate(chat: ChatSession) -> None:
    vic, ben = Rest(cast.vic()), Rest(cast.ben())
    ben.post(at(chat, "/claim"))
    assert ben.post(at(chat, "/close"), {"reason": "solved"}).json()["status"] == "closed"
    assert ben.post(at(chat, "/close")).status_code == 200
    assert code(ben.post(at(chat, "/rating"), {"score": 5})) == (403, "PERMISSION_DENIED")
    rated = vic.post(at(chat, "/rating"), {"score": 4, "comment": "thanks"}).json()
    assert rated["rating"] == {"score": 4, "comment": "thanks"}
    for bad in (0, 6, "x", None, 2.5):
        assert vic.post(at(chat, "/rating"), {"score": bad}).status_code == 400
    reopened = vic.post(at(chat, "/reopen")).json()
    assert (reopened["status"], reopened["assignee"]["name"]) == ("assigned", "Ben")
    assert code(vic.post(at(chat, "/reopen"))) == (409, "CONFLICT")


def test_asking_for_a_person_is_one_visible_message(support: Team) -> None:
    chat = kernel.chat(cast.vic(), assistant=True)
    vic = Rest(cast.vic())
    assert vic.post(at(chat, "/handoff")).json()["status"] == "queued"
    assert vic.post(at(chat, "/handoff")).json()["status"] == "queued"
    (event,) = vic.get(at(chat, "/messages")).json()["results"]
    assert event["metadata"] == {"event": "handoff", "reason": "customer", "online": False}


def test_read_marks_move_forward_only(chat: ChatSession) -> None:
    vic, ben = Rest(cast.vic()), Rest(cast.ben())
    for word in ("one", "two"):
        vic.post(at(chat, "/messages"), {"content": word})
    assert ben.get(at(chat)).json()["unread"] == 2
    ben.post(at(chat, "/read"), {"seq": 1})
    assert ben.get(at(chat)).json()["unread"] == 1
    ben.post(at(chat, "/read"), {"seq": 99})
    ben.post(at(chat, "/read"), {"seq": 1})
    assert ben.get(at(chat)).json()["unread"] == 0
    assert ben.post(at(chat, "/read"), {"seq": -1}).status_code == 400


def test_tags(chat: ChatSession) -> None:
    ben = Rest(cast.ben())
    tagged = ben.call("PUT", at(chat, "/tags"), {"tags": ["Refund", "vip", "refund"]})
    assert tagged.json()["tags"] == ["refund", "vip"]
    assert len(ben.get("/chat/sessions?tag=vip").json()["results"]) == 1
    assert Rest(cast.vic()).get(at(chat)).json()["tags"] == []
    assert code(Rest(cast.vic()).call("PUT", at(chat, "/tags"), {"tags": []}))[0] == 403


def test_lists_show_only_what_the_viewer_may_see(chat: ChatSession) -> None:
    found = {
        name: len(Rest(user).get("/chat/sessions").json()["results"])
        for name, user in [("ada", cast.ada()), ("ben", cast.ben()), ("bea", cast.bea()),
                           ("vic", cast.vic()), ("mia", cast.mia())]
    }  # fmt: skip
    assert found == {"ada": 1, "ben": 1, "bea": 0, "vic": 1, "mia": 0}
    assert code(Rest().get("/chat/sessions")) == (401, "AUTH_TOKEN_INVALID")


def test_the_list_pages_without_loss_and_with_few_queries(
    support: Team, django_assert_max_num_queries: object
) -> None:
    for _ in range(7):
        kernel.chat(cast.vic())
    ben = Rest(cast.ben())
    with django_assert_max_num_queries(3 * 16):  # type: ignore[operator]
        seen = listed(ben, "limit=3")
    assert len(seen) == len(set(seen)) == 7
    for bad in ("cursor=x", "cursor=AAAA", "status=odd", "assignee=x", "q=%00", "limit=9999",
                "ordering=password", "team=0", "unread=perhaps"):  # fmt: skip
        assert ben.get(f"/chat/sessions?{bad}").status_code == 400, bad


def test_lists_are_in_order_across_the_spans_of_their_index(support: Team) -> None:
    begin = dt.datetime(2026, 11, 26, 9, 59, 59, 998_000, dt.UTC)
    for late in (4, 0, 2, 2, 600_001, 1, 600_002):
        moment = begin + dt.timedelta(milliseconds=late)
        ChatSession.objects.filter(pk=kernel.chat(cast.vic()).pk).update(
            updated_at=moment, waiting_since=moment
        )
    rows = ChatSession.objects.all()
    newest = sorted(rows, key=lambda row: (row.updated_at, row.pk), reverse=True)
    assert listed(Rest(cast.ben()), "limit=2") == [str(row.pk) for row in newest]
    first, *others = sorted(rows, key=lambda row: (row.waiting_since, row.pk))
    assert Rest(cast.ben()).post(at(first, "/close")).status_code == 200
    waiting = listed(Rest(cast.ben()), "limit=2&ordering=waiting")
    assert waiting == [str(row.pk) for row in others]


def test_plain_messages_leave_the_indexes_of_sessions_alone(chat: ChatSession) -> None:
    indexed = {
        column
        for found in connection.introspection.get_constraints(
            connection.cursor(), ChatSession._meta.db_table
        ).values()
        if found["index"]
        for column in found["columns"]
    }
    before = ChatSession.objects.get(pk=chat.pk)
    assert Rest(cast.vic()).post(at(chat, "/messages"), {"content": "Hello?"}).status_code == 201
    after = ChatSession.objects.get(pk=chat.pk)
    changed = {
        field.attname
        for field in ChatSession._meta.concrete_fields
        if getattr(before, field.attname) != getattr(after, field.attname)
    }
    assert changed >= {"last_seq", "version", "updated_at"}
    assert changed & indexed <= {"recency"}  # and that once in ten minutes


def listed(rest: Rest, query: str) -> list[str]:
    """The ids in all pages of a list of sessions."""
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = rest.get(f"/chat/sessions?{query}{cursor}").json()
        seen += [item["id"] for item in page["results"]]
        cursor = page["next"] and f"&cursor={page['next']}"
    return seen


@pytest.mark.django_db(transaction=True)
def test_of_many_who_claim_at_once_one_wins(support: Team) -> None:
    agents = [cast.ben(), cast.ada()]
    for _ in range(10):
        chat = kernel.chat(cast.vic())

        def claim(index: int, chat: ChatSession = chat) -> int:
            try:
                return int(Rest(agents[index]).post(at(chat, "/claim")).status_code)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(claim, range(2))) == [200, 409]


@pytest.mark.parametrize("number", ["1e21", "9223372036854775808", "-1e300"])
def test_a_number_that_could_not_be_sent_again_is_refused(chat: ChatSession, number: str) -> None:
    """PostgreSQL would keep it as an integer of more than 64 bits, and every list would fail."""
    vic = Rest(cast.vic())
    for metadata in (f'{{"n": {number}}}', f'{{"deep": [{{"n": {number}}}]}}'):
        body = f'{{"metadata": {metadata}}}'.encode()
        assert code(vic.call("POST", "/chat/sessions", body)) == (400, "VALIDATION_FAILED")
    fine = b'{"metadata": {"n": 9007199254740993, "x": -1.5e-7, "yes": true}}'
    made = vic.call("POST", "/chat/sessions", fine)
    assert made.status_code == 201
    assert made.json()["metadata"] == {"n": 9007199254740993, "x": -1.5e-7, "yes": True}
    assert Rest(cast.ben()).get("/chat/sessions").status_code == 200


@pytest.mark.parametrize("who", [cast.ben, cast.ada])
def test_a_closed_session_is_claimed_by_nobody(chat: ChatSession, who: Callable[[], User]) -> None:
    ben = Rest(cast.ben())
    ben.post(at(chat, "/claim"))
    ben.post(at(chat, "/close"))
    assert code(Rest(who()).post(at(chat, "/claim"))) == (409, "SESSION_CLOSED")


def test_a_number_that_was_stored_all_the_same_fails_no_list(chat: ChatSession) -> None:
    long = {"n": 10**21, "deep": [{"n": -(10**30)}], "endless": 10**400, "fine": 2**53 + 1}
    ChatSession.objects.filter(pk=chat.pk).update(metadata=long)
    told = {"n": 1e21, "deep": [{"n": -1e30}], "endless": None, "fine": 2**53 + 1}
    for person in (cast.vic(), cast.ben(), cast.ada()):
        (listed,) = Rest(person).get("/chat/sessions").json()["results"]
        assert listed["metadata"] == told
    transcript = Rest(cast.vic()).get(at(chat, "/transcript?format=json"))
    assert transcript.json()["session"]["metadata"] == told


def test_a_tag_that_grows_in_small_letters_is_refused(chat: ChatSession) -> None:
    """`İ` is two characters in small letters, and the column has forty."""
    ben = Rest(cast.ben())
    long = ben.call("PUT", at(chat, "/tags"), {"tags": ["İ" * 40]})
    assert code(long) == (400, "VALIDATION_FAILED")
    assert ben.call("PUT", at(chat, "/tags"), {"tags": ["İ" * 20]}).status_code == 200


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-21T09:00:00"]
)
@pytest.mark.parametrize("order", ["recent", "waiting"])
def test_a_cursor_with_an_impossible_moment_is_refused(
    chat: ChatSession, moment: str, order: str
) -> None:
    place = json.dumps([moment, str(chat.id)]).encode()
    cursor = base64.urlsafe_b64encode(place).decode()
    answer = Rest(cast.ben()).get(f"/chat/sessions?ordering={order}&cursor={cursor}")
    assert code(answer) == (400, "VALIDATION_FAILED")


def test_an_agent_whose_id_no_database_can_hold_is_refused(chat: ChatSession) -> None:
    ben = Rest(cast.ben())
    assert code(ben.get(f"/chat/sessions?assignee={2**63}")) == (400, "VALIDATION_FAILED")
    assert ben.get(f"/chat/sessions?assignee={2**63 - 1}").json()["results"] == []


def test_customers_do_not_find_out_how_their_chats_are_tagged(chat: ChatSession) -> None:
    ben, vic = Rest(cast.ben()), Rest(cast.vic())
    ben.call("PUT", at(chat, "/tags"), {"tags": ["Difficult"]})
    assert len(ben.get("/chat/sessions?tag=difficult").json()["results"]) == 1
    assert len(vic.get("/chat/sessions").json()["results"]) == 1
    assert vic.get("/chat/sessions?tag=difficult").json()["results"] == []


def test_a_search_finds_what_is_said_by_whom_about_what_and_how_it_is_tagged(
    chat: ChatSession, support: Team
) -> None:
    other = kernel.chat(cast.mia())
    ben, vic, mia = Rest(cast.ben()), Rest(cast.vic()), Rest(cast.mia())
    vic.post(at(chat, "/messages"), {"content": "The zip is stuck"})
    vic.post(at(chat, "/messages"), {"content": "A zip, again"})
    ben.post(at(chat, "/messages"), {"content": "Seems annoyed", "kind": "note"})
    ben.call("PUT", at(chat, "/tags"), {"tags": ["Repairs", "Rep"]})
    ben.post(at(chat, "/close"))
    for words in ("ZIP", "annoyed", "repa", "rep", cast.vic().display_name):
        assert listed(ben, f"q={words}") == [str(chat.id)], words
    assert listed(vic, "q=zip") == [str(chat.id)]
    assert listed(vic, "q=annoyed") == listed(vic, "q=rep") == []
    assert listed(mia, "q=zip") == []
    assert set(listed(ben, "")) == {str(chat.id), str(other.id)}

"""Posting and reading messages over REST."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from accounts.models import Team
from sessions_app.models import ChatSession, Message
from tests import cast, kernel
from tests.kernel import Rest, code

pytestmark = pytest.mark.django_db


def path(chat: ChatSession, tail: str = "messages") -> str:
    return f"/chat/sessions/{chat.id}/{tail}"


def test_a_message_gets_the_next_number(chat: ChatSession) -> None:
    vic = Rest(cast.vic())
    for number in (1, 2, 3):
        response = vic.post(path(chat), {"content": f"line {number}"})
        assert response.status_code == 201
        assert response.json()["seq"] == number
        assert response.json()["prev_seq"] == number - 1
    assert [m["content"] for m in vic.get(path(chat)).json()["results"]] == [
        "line 1",
        "line 2",
        "line 3",
    ]


def test_the_same_send_is_stored_once(chat: ChatSession) -> None:
    vic = Rest(cast.vic())
    first = vic.post(path(chat), {"content": "hello", "client_msg_id": "a"})
    again = vic.post(path(chat), {"content": "hello", "client_msg_id": "a"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert Message.objects.count() == 1


def test_the_same_id_with_another_body_is_refused(chat: ChatSession) -> None:
    vic = Rest(cast.vic())
    vic.post(path(chat), {"content": "hello", "client_msg_id": "a"})
    changed = vic.post(path(chat), {"content": "bye", "client_msg_id": "a"})
    assert code(changed) == (409, "CONFLICT")
    assert Message.objects.get().content == "hello"


def test_two_people_may_use_the_same_id(chat: ChatSession) -> None:
    Rest(cast.vic()).post(path(chat), {"content": "hello", "client_msg_id": "a"})
    answer = Rest(cast.ben()).post(path(chat), {"content": "hi", "client_msg_id": "a"})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": "  \n"}, "content"),
        ({"content": "x" * 16_001}, "content"),
        ({"content": "a\0b"}, "content"),
        ({"content": 7}, None),
        ({"content": ["x"]}, "content"),
        ({"content": "x", "kind": "event"}, "kind"),
        ({"content": "x", "kind": "image"}, "attachment_ids"),
        ({"content": "x", "client_msg_id": "with space"}, "client_msg_id"),
        ({"content": "x", "client_msg_id": ""}, "client_msg_id"),
        ({"content": "x", "client_msg_id": "y" * 65}, "client_msg_id"),
        ({"content": "x", "reply_to": "nonsense"}, "reply_to"),
        ({"content": "x", "reply_to": "01a1fdb8-9738-7f83-97a6-bbd2073f6cdd"}, "reply_to"),
        ({"content": "x", "attachment_ids": ["nonsense"]}, "attachment_ids.0"),
        ({"content": "", "attachment_ids": ["01a1fdb8-9738-7f83-97a6-bbd2073f6cdd"]},
         "attachment_ids"),
        ([], "body"),
        ("text", "body"),
    ],
)  # fmt: skip
def test_bad_bodies_name_the_field(chat: ChatSession, body: object, field: str | None) -> None:
    response = Rest(cast.vic()).post(path(chat), body)
    if field is None:  # a number is as good as its digits
        assert response.status_code == 201
        return
    assert code(response) == (400, "VALIDATION_FAILED")
    assert field in [error["field"] for error in response.json()["errors"]]
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"content": NaN}',
        b'{"content": "\\ud800"}',
        b"[" * 100_000,
        b'{"content": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_not_json_is_refused(chat: ChatSession, raw: bytes) -> None:
    response = Rest(cast.vic()).call("POST", path(chat), raw)
    assert response.status_code == 400
    assert not Message.objects.exists()


def test_nobody_gets_401_and_strangers_404(chat: ChatSession) -> None:
    for rest, expected in (
        (Rest(), (401, "AUTH_TOKEN_INVALID")),
        (Rest(cast.mia()), (404, "SESSION_NOT_FOUND")),
        (Rest(cast.bea()), (404, "SESSION_NOT_FOUND")),
    ):
        assert code(rest.post(path(chat), {"content": "x"})) == expected
        assert code(rest.get(path(chat))) == expected
    for wrong in ("0", "x" * 300, "01a1fdb8-9738-7f83-97a6-bbd2073f6cdd", "%00", "1%20OR%201=1"):
        response = Rest(cast.vic()).get(f"/chat/sessions/{wrong}/messages")
        assert code(response) == (404, "SESSION_NOT_FOUND")


def test_a_note_is_for_staff_only(chat: ChatSession) -> None:
    vic, ben = Rest(cast.vic()), Rest(cast.ben())
    vic.post(path(chat), {"content": "one"})
    note = ben.post(path(chat), {"content": "SECRET", "kind": "note"})
    assert note.status_code == 201
    last = ben.post(path(chat), {"content": "two"}).json()

    seen = vic.get(path(chat)).json()["results"]
    assert [m["kind"] for m in seen] == ["text", "event", "text"]
    assert [m["prev_seq"] for m in seen] == [0, *[m["seq"] for m in seen[:-1]]]
    assert [m["seq"] for m in ben.get(path(chat)).json()["results"]] == [1, 2, 3, 4]
    assert last["prev_seq"] == last["seq"] - 1
    for surface in (path(chat), path(chat, "changes"), f"/chat/sessions/{chat.id}",
                    "/chat/sessions", path(chat, "transcript?format=json"),
                    path(chat, "transcript"), path(chat, "transcript?format=html")):  # fmt: skip
        assert b"SECRET" not in vic.get(surface).content, surface
    assert b"SECRET" in ben.get(path(chat, "transcript")).content
    reply = vic.post(path(chat), {"content": "x", "reply_to": note.json()["id"]})
    assert code(reply) == (400, "VALIDATION_FAILED")


def test_a_customer_cannot_write_notes(chat: ChatSession) -> None:
    response = Rest(cast.vic()).post(path(chat), {"content": "x", "kind": "note"})
    assert code(response) == (403, "PERMISSION_DENIED")


def test_forged_fields_change_nothing(chat: ChatSession) -> None:
    forged = {"content": "x", "seq": 99, "sender": {"id": 1}, "sender_kind": "agent",
              "created_at": "2001-01-01T00:00:00Z", "id": str(chat.id), "version": 9}  # fmt: skip
    made = Rest(cast.vic()).post(path(chat), forged).json()
    assert made["seq"] == 1
    assert made["sender"]["kind"] == "customer"
    assert made["id"] != str(chat.id)


def test_nothing_is_said_in_a_closed_session(chat: ChatSession) -> None:
    Rest(cast.ben()).post(path(chat, "close"), {"reason": "done"})
    assert code(Rest(cast.vic()).post(path(chat), {"content": "x"})) == (409, "SESSION_CLOSED")


def test_an_edit_keeps_its_place_and_comes_as_a_change(chat: ChatSession) -> None:
    vic = Rest(cast.vic())
    first = vic.post(path(chat), {"content": "one"}).json()
    vic.post(path(chat), {"content": "two"})
    before = vic.get(path(chat, "changes")).json()["version"]
    edited = vic.call("PATCH", path(chat, f"messages/{first['id']}"), {"content": "uno"})
    assert edited.status_code == 200
    changes = vic.get(path(chat, f"changes?after_version={before}")).json()
    assert [(m["seq"], m["content"]) for m in changes["results"]] == [(1, "uno")]
    assert changes["version"] > before
    assert vic.call("DELETE", path(chat, f"messages/{first['id']}")).status_code == 204
    assert vic.get(path(chat)).json()["results"][0]["content"] == ""
    ben = Rest(cast.ben())
    assert (
        ben.call("PATCH", path(chat, f"messages/{first['id']}"), {"content": "x"}).status_code
        == 403
    )
    eve = Rest(cast.eve())
    assert (
        eve.call("PATCH", path(chat, f"messages/{first['id']}"), {"content": "x"}).status_code
        == 404
    )


def test_pages_of_messages(chat: ChatSession) -> None:
    vic = Rest(cast.vic())
    for number in range(7):
        vic.post(path(chat), {"content": str(number)})
    page = vic.get(path(chat, "messages?after_seq=2&limit=3")).json()
    assert ([m["seq"] for m in page["results"]], page["next"]) == ([3, 4, 5], "5")
    page = vic.get(path(chat, "messages?before_seq=8&limit=3")).json()
    assert ([m["seq"] for m in page["results"]], page["next"]) == ([5, 6, 7], "5")
    for bad in ("limit=0", "limit=201", "after_seq=-1", "after_seq=x", "before_seq=99999999999"):
        assert vic.get(path(chat, f"messages?{bad}")).status_code == 400


@pytest.mark.parametrize("end", ["after_seq=0", "before_seq=6", ""])
def test_next_goes_on_as_the_cursor(chat: ChatSession, end: str) -> None:
    """As for every list: the same question again, with `next` as the cursor."""
    vic = Rest(cast.vic())
    for number in range(5):
        vic.post(path(chat), {"content": str(number)})
    seen: list[int] = []
    query = f"?limit=2&{end}"
    for _ in range(3):
        page = vic.get(path(chat) + query).json()
        seen += [message["seq"] for message in page["results"]]
        query = f"?limit=2&{end}&cursor={page['next']}"
    assert page["next"] is None
    assert sorted(seen) == [1, 2, 3, 4, 5]


def test_a_message_is_changed_in_its_own_session_only(chat: ChatSession) -> None:
    vic = Rest(cast.vic())
    said = vic.post(path(chat), {"content": "hello"}).json()
    other = kernel.chat(cast.vic())
    there = f"{path(other)}/{said['id']}"
    assert code(vic.call("PATCH", there, {"content": "bye"})) == (404, "NOT_FOUND")
    assert code(vic.call("DELETE", there)) == (404, "NOT_FOUND")
    assert Message.objects.get().content == "hello"
    assert vic.call("PATCH", f"{path(chat)}/{said['id']}", {"content": "bye"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "tail", "body"),
    [
        ("POST", "messages", {}),
        ("GET", "messages?limit=0", None),
        ("GET", "changes?limit=0", None),
        ("GET", "transcript?format=pdf", None),
        ("POST", "read", {}),
        ("POST", "rating", {"score": 6}),
        ("POST", "contact", {}),
        ("POST", "assign", {"agent_id": "x"}),
        ("POST", "transfer", {}),
        ("PUT", "tags", {}),
        ("POST", "help", {}),
        ("POST", "case", {}),
    ],
)
def test_a_stranger_learns_nothing_from_a_wrong_request(
    chat: ChatSession, method: str, tail: str, body: object
) -> None:
    assert code(Rest(cast.mia()).call(method, path(chat, tail), body))[0] == 404
    assert code(Rest(cast.ada()).call(method, path(chat, tail), body))[0] in {400, 403}


@pytest.mark.django_db(transaction=True)
def test_parallel_posts_make_dense_numbers_and_one_row_per_send(support: Team) -> None:
    chat = kernel.chat(cast.vic())

    def post(number: int) -> int:
        body = {"content": f"{number % 20}", "client_msg_id": f"id-{number % 20}"}
        try:
            return int(Rest(cast.vic()).post(path(chat), body).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(post, range(60)))
    assert sorted(set(statuses)) == [200, 201]
    assert statuses.count(201) == 20
    rows = list(Message.objects.filter(session=chat).order_by("seq").values_list("seq", "content"))
    assert [seq for seq, _ in rows] == list(range(1, 21))
    assert len({content for _, content in rows}) == 20

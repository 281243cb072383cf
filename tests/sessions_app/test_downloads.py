"""Who may download an upload, when, and in which wrapping."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest

from chatsite.lib import clock
from sessions_app import links
from sessions_app.models import Attachment, ChatSession
from tests import cast
from tests.kernel import Rest, code
from tests.sessions_app import samples
from tests.sessions_app.samples import body_of, fetch, picture, upload

pytestmark = pytest.mark.django_db

NOT_FOUND = (404, "NOT_FOUND")


def sent(chat: ChatSession, user: Any, kind: str = "file") -> dict[str, Any]:
    """An upload that hangs on a message of this kind; as its sender sees it."""
    made = upload(user, "file", "a.txt", b"words").json()
    body = {"content": "see", "kind": kind, "attachment_ids": [made["id"]]}
    answer = Rest(user).post(f"/chat/sessions/{chat.id}/messages", body)
    assert answer.status_code == 201, answer.content
    message: dict[str, Any] = answer.json()
    return message


def bare(made: dict[str, Any]) -> str:
    """The address without its signature."""
    return f"/api/v1/files/{made['id']}"


def status_for(made: dict[str, Any], *users: Any) -> list[int]:
    return [fetch(bare(made), user).status_code for user in users]


def test_until_it_is_sent_it_is_its_uploaders(chat: ChatSession) -> None:
    made = upload(cast.vic(), "file", "a.txt", b"words").json()
    assert body_of(fetch(bare(made), cast.vic())) == b"words"
    for other in (cast.mia(), cast.ben(), cast.ada()):
        assert code(fetch(bare(made), other)) == NOT_FOUND
    assert code(fetch(bare(made))) == (401, "AUTH_TOKEN_INVALID")


def test_then_whoever_may_see_the_session_sees_it(chat: ChatSession) -> None:
    (made,) = sent(chat, cast.vic())["attachments"]
    assert status_for(made, cast.vic(), cast.ben(), cast.ada()) == [200] * 3
    for stranger in (cast.mia(), cast.bea()):
        assert code(fetch(bare(made), stranger)) == NOT_FOUND
        assert code(fetch(made["url"], stranger)) == NOT_FOUND, "rights before signature"


def test_files_of_notes_are_for_staff(chat: ChatSession) -> None:
    (made,) = sent(chat, cast.ben(), "note")["attachments"]
    assert status_for(made, cast.ben(), cast.ada(), cast.vic(), cast.bea()) == [200, 200, 404, 404]
    for surface in ("messages", "changes", "transcript?format=json"):
        seen = Rest(cast.vic()).get(f"/chat/sessions/{chat.id}/{surface}").content
        assert made["id"].encode() not in seen


def test_an_agent_who_leaves_the_team_loses_the_file(chat: ChatSession) -> None:
    (made,) = sent(chat, cast.vic())["attachments"]
    assert status_for(made, cast.ben()) == [200]
    cast.ben().teams.clear()
    assert status_for(made, cast.ben()) == [404]


def test_with_the_message_its_file_is_gone(chat: ChatSession) -> None:
    message = sent(chat, cast.vic())
    (made,) = message["attachments"]
    assert fetch(made["url"]).status_code == 200
    path = f"/chat/sessions/{chat.id}/messages/{message['id']}"
    assert Rest(cast.vic()).call("DELETE", path).status_code == 204
    assert code(fetch(made["url"])) == NOT_FOUND
    assert status_for(made, cast.vic(), cast.ben(), cast.ada()) == [404] * 3


@pytest.mark.parametrize("odd", ["0", "x" * 300, "%00", "a%27--", str(uuid.uuid4())])
def test_odd_ids_are_not_found(odd: str) -> None:
    assert code(fetch(f"/api/v1/files/{odd}", cast.vic())) == NOT_FOUND
    assert code(fetch(f"/api/v1/files/{odd}?until=9999999999&sig=x")) == NOT_FOUND


def test_a_row_without_its_file_is_not_found() -> None:
    made = upload(cast.vic(), "file", "a.txt", b"words").json()
    item = Attachment.objects.get()
    item.file.storage.delete(item.file.name or "")
    assert code(fetch(bare(made), cast.vic())) == NOT_FOUND


# --- Signed links --------------------------------------------------------------------------------


def test_a_link_works_without_a_header_and_holds_no_token() -> None:
    made = upload(cast.vic(), "image", "a.png", picture()).json()
    answer = fetch(made["url"], Accept="image/avif,image/webp,image/*")
    assert answer.status_code == 200
    assert re.fullmatch(r"/api/v1/files/[0-9a-f-]{36}\?until=\d{10}&sig=[\w-]{43}", made["url"])


def test_a_link_expires_within_the_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    made = upload(cast.vic(), "file", "a.txt", b"words").json()
    now = clock.now()
    for minutes, status in ((0, 200), (44, 200), (61, 404), (60 * 24 * 365, 404)):
        moment = now + timedelta(minutes=minutes)
        monkeypatch.setattr("chatsite.lib.clock.now", lambda moment=moment: moment)
        assert fetch(made["url"]).status_code == status, minutes


def test_links_of_the_same_quarter_of_an_hour_are_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    now, pk = clock.now(), uuid.uuid4()
    start = now - timedelta(seconds=now.timestamp() % links.STEP_S)
    made = []
    for seconds in (0, 899, 901):
        monkeypatch.setattr(
            "chatsite.lib.clock.now", lambda s=seconds: start + timedelta(seconds=s)
        )
        made.append(links.signed(pk))
    assert made[0] == made[1] != made[2]


def test_forged_links_open_nothing() -> None:
    made = upload(cast.vic(), "file", "a.txt", b"words").json()
    other = upload(cast.vic(), "file", "b.txt", b"other").json()
    path, query = made["url"].split("?")
    until, sig = re.findall(r"=([^&]+)", query)
    forged = [
        f"{path}?until={int(until) + 1}&sig={sig}",
        f"{path}?until=0{until}&sig={sig}",
        f"{path}?until={until}&sig={sig[:-1]}",
        f"{path}?until={until}&sig=",
        f"{path}?until={until}&sig=%FF%00:{sig}",
        f"{path}?until=&sig={sig}",
        f"{path}?sig={sig}",
        f"{path}?until=NaN&sig={sig}",
        f"{path}?until={'9' * 5000}&sig={sig}",
        f"{bare(other)}?{query}",
        f"{path}?until={until}&sig={other['url'].split('sig=')[1]}",
    ]
    for address in forged:
        assert code(fetch(address)) == NOT_FOUND, address
    assert fetch(made["url"]).status_code == 200


def test_without_a_signature_nobody_gets_401() -> None:
    made = upload(cast.vic(), "file", "a.txt", b"words").json()
    until = re.findall(r"until=(\d+)", made["url"])[0]
    assert code(fetch(f"{bare(made)}?until={until}")) == (401, "AUTH_TOKEN_INVALID")
    bad = fetch(made["url"], Authorization="Bearer nonsense")
    assert code(bad) == (401, "AUTH_TOKEN_INVALID")


# --- Wrapping ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "content", "mime", "disposition"),
    [
        ("image", "a.png", picture(), "image/png", 'inline; filename="a.png"'),
        ("file", "a.pdf", samples.PDF, "application/pdf", 'attachment; filename="a.pdf"'),
        ("file", "a.csv", b"a,b", "text/csv; charset=utf-8", 'attachment; filename="a.csv"'),
    ],
)
def test_no_browser_takes_a_file_for_a_page(
    kind: str, name: str, content: bytes, mime: str, disposition: str
) -> None:
    made = upload(cast.vic(), kind, name, content).json()
    answer = fetch(made["url"])
    assert answer["Content-Type"] == mime
    assert answer["Content-Disposition"] == disposition
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cache-Control"] == "private, max-age=300"
    assert "Authorization" in answer["Vary"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert int(answer["Content-Length"]) == len(body_of(answer)) == made["size"]


def test_a_name_of_any_language_reaches_the_header() -> None:
    made = upload(cast.vic(), "file", "发票.txt", b"x").json()
    header = fetch(made["url"])["Content-Disposition"]
    assert header == "attachment; filename*=utf-8''%E5%8F%91%E7%A5%A8.txt"


def test_what_was_loaded_is_not_loaded_again() -> None:
    made = upload(cast.vic(), "image", "a.png", picture()).json()
    etag = fetch(made["url"])["ETag"]
    again = fetch(made["url"], **{"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert again["Cache-Control"] == "private, max-age=300"
    forged = fetch(f"{bare(made)}?until=9999999999&sig=x", **{"If-None-Match": etag})
    assert code(forged) == NOT_FOUND

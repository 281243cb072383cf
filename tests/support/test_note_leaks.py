"""A planted note reaches no door a visitor can open. First it is shown that staff do see it."""

import pytest

from accounts.models import User
from accounts.tokens import issue_access
from chatsite.lib import crypto
from sessions_app.models import Message
from support import proofs
from support.actions import seed_demo
from support.models import Widget

pytestmark = pytest.mark.django_db

NOTE = "Promised: full refund"
DOORS = (
    "/api/v1/chat/sessions",
    "/api/v1/chat/sessions/{id}",
    "/api/v1/chat/sessions/{id}/messages",
    "/api/v1/chat/sessions/{id}/messages?before_seq=100",
    "/api/v1/chat/sessions/{id}/changes?after_version=0",
    "/api/v1/chat/sessions/{id}/transcript?format=txt",
    "/api/v1/chat/sessions/{id}/transcript?format=json",
    "/api/v1/chat/sessions/{id}/transcript?format=html",
    "/api/v1/chat/sessions?q=refund",
)


@pytest.fixture
def tom(browser):
    """Tom's browser, vouched for by the shop, with the chat that has the note."""
    seed_demo()
    widget = Widget.objects.get()
    proof = proofs.sign_identity(
        secret=crypto.decrypt(widget.secret_encrypted), external_id="customer-0954"
    )
    return browser.post(
        "/api/v1/widget/demo/visitor",
        {"user": {"id": "customer-0954", "hash": proof}},
        content_type="application/json",
    ).json()


def texts(browser, token, session_id):
    for door in DOORS:
        answer = browser.get(
            door.format(id=session_id), headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200, door
        yield door, answer.content.decode()


def test_the_note_is_there_for_staff(browser, tom):
    token = issue_access(User.objects.get(username="ben"))
    seen = dict(texts(browser, token, tom["session_id"]))
    assert NOTE in seen["/api/v1/chat/sessions/{id}/messages"]


def test_the_note_is_nowhere_for_the_visitor(browser, tom):
    assert Message.objects.filter(kind="note", session=tom["session_id"]).exists()
    for door, text in texts(browser, tom["access_token"], tom["session_id"]):
        assert NOTE not in text, door
        assert '"note"' not in text, door


def test_the_visitor_sees_no_number_missing(browser, tom):
    answer = browser.get(
        f"/api/v1/chat/sessions/{tom['session_id']}/messages",
        headers={"Authorization": f"Bearer {tom['access_token']}"},
    )
    before = 0
    for message in answer.json()["results"]:
        assert message["prev_seq"] == before
        before = message["seq"]


def test_another_visitor_finds_none_of_it(browser, tom):
    stranger = browser.post(
        "/api/v1/widget/demo/visitor", {}, content_type="application/json"
    ).json()
    for door in DOORS:
        answer = browser.get(
            door.format(id=tom["session_id"]),
            headers={"Authorization": f"Bearer {stranger['access_token']}"},
        )
        if "{id}" in door:
            assert answer.status_code == 404
            assert answer.json()["code"] == "SESSION_NOT_FOUND"
        else:
            assert answer.json()["results"] == []

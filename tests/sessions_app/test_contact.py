"""Leaving an address to be reached at, over REST."""

from __future__ import annotations

import pytest

from sessions_app.models import ChatSession
from tests import cast
from tests.kernel import Rest, code

pytestmark = pytest.mark.django_db


def at(chat: ChatSession, tail: str = "/contact") -> str:
    return f"/chat/sessions/{chat.id}{tail}"


def test_staff_see_it_and_an_event_tells_of_it_once(chat: ChatSession) -> None:
    vic, ben = Rest(cast.vic()), Rest(cast.ben())
    for _ in range(2):
        assert vic.post(at(chat), {"email": "vic@example.com"}).status_code == 200
    assert ben.get(at(chat, "")).json()["metadata"]["contact_email"] == "vic@example.com"
    events = [m["metadata"] for m in ben.get(at(chat, "/messages")).json()["results"]]
    assert [one["email"] for one in events if one.get("event") == "contact"] == ["vic@example.com"]


def test_other_metadata_stays_and_the_last_address_counts(chat: ChatSession) -> None:
    ChatSession.objects.filter(pk=chat.pk).update(metadata={"plan": "gold"})
    for email in ("one@example.com", "two@example.com"):
        Rest(cast.vic()).post(at(chat), {"email": email})
    chat.refresh_from_db()
    assert chat.metadata == {"plan": "gold", "contact_email": "two@example.com"}


def test_it_does_not_become_the_account_address(chat: ChatSession) -> None:
    before = cast.vic().email
    Rest(cast.vic()).post(at(chat), {"email": "other@example.com"})
    assert cast.vic().email == before


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@example.com", "x" * 250 + "@a.de", 7])
def test_what_is_no_address_is_refused(chat: ChatSession, email: object) -> None:
    assert code(Rest(cast.vic()).post(at(chat), {"email": email})) == (400, "VALIDATION_FAILED")


def test_only_the_customer_leaves_one_and_only_while_it_is_open(chat: ChatSession) -> None:
    body = {"email": "vic@example.com"}
    assert code(Rest(cast.ben()).post(at(chat), body)) == (403, "PERMISSION_DENIED")
    Rest(cast.ben()).post(at(chat, "/close"))
    assert code(Rest(cast.vic()).post(at(chat), body)) == (409, "SESSION_CLOSED")

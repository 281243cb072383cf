"""POST and DELETE /widget/{key}/visitor: who a browser is, and what opens a history."""

from datetime import timedelta

import pytest

from accounts.models import User
from accounts.tokens import issue_access, viewer_from_access
from chatsite.lib import clock
from sessions_app.actions import close, open_session
from support import proofs
from support.actions import create_widget, rotate_secret
from support.models import VisitorCredential
from support.tasks import sweep_visitors
from tests import cast
from tests.support.conftest import SHOP

PATH = "/api/v1/widget/fern/visitor"


def come(browser, body=None, path=PATH, **headers):
    return browser.post(path, body or {}, content_type="application/json", headers=headers)


def vouched(secret, external_id="customer-1", **more):
    proof = proofs.sign_identity(secret=secret, external_id=external_id)
    return {"id": external_id, "hash": proof, **more}


def viewer(answer):
    return viewer_from_access(answer.json()["access_token"])


def session_of(answer):
    return open_session(viewer=viewer(answer))


def test_a_stranger_becomes_an_anonymous_customer(browser, widget):
    answer = come(browser)
    assert answer.status_code == 200
    who = viewer(answer)
    assert who.is_customer
    assert who.is_visitor
    assert who.widget_id == widget.pk
    assert answer.json()["session_id"] is None
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies


def test_looking_at_pages_stores_nobody(browser, widget):
    browser.get("/api/v1/widget/fern/config")
    browser.get("/widget/fern/frame")
    browser.get("/widget.js")
    assert not User.objects.filter(is_visitor=True).exists()


def test_the_token_brings_the_same_visitor_back(browser, widget):
    first = come(browser)
    session = session_of(first)
    token = first.json()["visitor_token"]
    again = come(browser, {"visitor_token": token})
    assert viewer(again).user_id == viewer(first).user_id
    assert again.json()["visitor_token"] == token
    assert again.json()["session_id"] == str(session.pk)


def test_a_closed_chat_is_not_taken_up_again(browser, widget):
    first = come(browser)
    session = session_of(first)
    close(viewer=viewer(first), session_id=session.pk)
    again = come(browser, {"visitor_token": first.json()["visitor_token"]})
    assert again.json()["session_id"] is None


def test_the_token_is_long_random_and_stored_only_as_a_hash(browser, widget):
    token = come(browser).json()["visitor_token"]
    assert len(token) >= 43
    stored = VisitorCredential.objects.get()
    assert token not in (stored.token_hash, str(stored))
    assert stored.token_hash == proofs.fingerprint(token)


@pytest.mark.parametrize("token", ["", "guess", "x" * 200, None])
def test_a_token_that_is_none_makes_a_new_visitor(browser, widget, token):
    first = come(browser)
    again = come(browser, {"visitor_token": token})
    assert again.status_code == 200
    assert viewer(again).user_id != viewer(first).user_id


def test_a_token_opens_nothing_at_another_widget(browser, widget, team):
    create_widget(key="other", name="Other", team=team)
    first = come(browser)
    body = {"visitor_token": first.json()["visitor_token"]}
    again = come(browser, body, path="/api/v1/widget/other/visitor")
    assert viewer(again).user_id != viewer(first).user_id


def test_a_token_ends_180_days_after_its_last_use(browser, widget):
    first = come(browser)
    body = {"visitor_token": first.json()["visitor_token"]}
    stored = VisitorCredential.objects.get()
    assert stored.expires_at - stored.used_at == timedelta(days=180)
    VisitorCredential.objects.update(
        used_at=clock.now() - timedelta(days=170), expires_at=clock.now() + timedelta(days=10)
    )
    assert viewer(come(browser, body)).user_id == viewer(first).user_id
    assert VisitorCredential.objects.get().expires_at > clock.now() + timedelta(days=179)
    VisitorCredential.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert viewer(come(browser, body)).user_id != viewer(first).user_id


def test_what_ended_long_ago_is_forgotten(browser, widget):
    for days in (1, 31):
        come(browser)
        newest = VisitorCredential.objects.latest("pk")
        newest.expires_at = clock.now() - timedelta(days=days)
        newest.save()
    come(browser)
    sweep_visitors()
    assert VisitorCredential.objects.count() == 2


def test_leaving_ends_the_token_and_says_nothing_of_unknown_ones(browser, widget):
    first = come(browser)
    body = {"visitor_token": first.json()["visitor_token"]}
    for _ in range(2):
        answer = browser.delete(PATH, body, content_type="application/json")
        assert answer.status_code == 204
    assert viewer(come(browser, body)).user_id != viewer(first).user_id


def test_a_blocked_visitor_starts_as_a_stranger(browser, widget):
    first = come(browser)
    User.objects.filter(pk=viewer(first).user_id).update(is_active=False)
    again = come(browser, {"visitor_token": first.json()["visitor_token"]})
    assert viewer(again).user_id != User.objects.filter(is_active=False).get().pk


def test_a_signed_identity_is_one_person_in_every_browser(browser, widget, secret):
    user = vouched(secret, name="Mara", email="mara@example.com")
    first = come(browser, {"user": user})
    second = come(browser, {"user": user})
    assert viewer(first).user_id == viewer(second).user_id
    assert viewer(first).name == "Mara"
    assert first.json()["visitor_token"] != second.json()["visitor_token"]
    assert first.json()["user"]["identified"] is True


def test_numbers_are_ids_too(browser, widget, secret):
    user = vouched(secret, "42")
    assert come(browser, {"user": {**user, "id": 42}}).status_code == 200


@pytest.mark.parametrize("wrong", ["0" * 64, "", "é" * 64, "no"])
def test_a_wrong_signature_is_refused_and_opens_nothing(browser, widget, secret, wrong):
    come(browser, {"user": vouched(secret)})
    before = User.objects.count()
    answer = come(browser, {"user": {"id": "customer-1", "hash": wrong}})
    assert answer.status_code in (400, 403)
    assert answer.json()["code"] in ("PERMISSION_DENIED", "VALIDATION_FAILED")
    assert "access_token" not in answer.json()
    assert User.objects.count() == before


def test_the_signature_of_one_person_does_not_fit_another(browser, widget, secret):
    mine = vouched(secret, "eve")
    answer = come(browser, {"user": {"id": "mara", "hash": mine["hash"]}})
    assert answer.status_code == 403
    assert answer.json()["code"] == "PERMISSION_DENIED"


def test_a_signature_ends_with_its_secret(browser, widget, secret):
    user = vouched(secret)
    assert come(browser, {"user": user}).status_code == 200
    fresh = rotate_secret(widget=widget)
    assert come(browser, {"user": user}).status_code == 403
    assert come(browser, {"user": vouched(fresh)}).status_code == 200


def test_a_signature_of_another_widget_is_refused(browser, widget, team):
    _other, secret = create_widget(key="other", name="Other", team=team)
    assert come(browser, {"user": vouched(secret)}).status_code == 403


def test_the_same_id_at_two_widgets_is_two_people(browser, widget, secret, team):
    _other, other_secret = create_widget(key="other", name="Other", team=team)
    here = come(browser, {"user": vouched(secret)})
    path = "/api/v1/widget/other/visitor"
    there = come(browser, {"user": vouched(other_secret)}, path=path)
    assert viewer(here).user_id != viewer(there).user_id


def test_an_email_opens_no_history(browser, widget, secret):
    mia = cast.mia()
    first = come(browser, {"user": vouched(secret, "a", email=mia.email)})
    second = come(browser, {"user": vouched(secret, "b", email=mia.email)})
    assert len({mia.pk, viewer(first).user_id, viewer(second).user_id}) == 3
    session_of(first)
    assert second.json()["session_id"] is None


def test_another_identity_is_another_person_and_ends_the_first_ones_token(browser, widget, secret):
    first = come(browser, {"user": vouched(secret, "mara")})
    session = session_of(first)
    token = first.json()["visitor_token"]
    second = come(browser, {"visitor_token": token, "user": vouched(secret, "tom")})
    assert viewer(second).user_id != viewer(first).user_id
    assert second.json()["session_id"] is None
    assert second.json()["visitor_token"] != token
    third = come(browser, {"visitor_token": token})
    assert viewer(third).user_id != viewer(first).user_id
    back = come(browser, {"user": vouched(secret, "mara")})
    assert back.json()["session_id"] == str(session.pk)


def test_who_signs_in_keeps_the_anonymous_chat_apart(browser, widget, secret):
    stranger = come(browser)
    session = session_of(stranger)
    token = stranger.json()["visitor_token"]
    known = come(browser, {"visitor_token": token, "user": vouched(secret)})
    assert viewer(known).user_id != viewer(stranger).user_id
    assert known.json()["session_id"] is None
    back = come(browser, {"visitor_token": token})
    assert back.json()["session_id"] == str(session.pk)


def test_the_same_identity_keeps_its_token(browser, widget, secret):
    user = vouched(secret)
    token = come(browser, {"user": user}).json()["visitor_token"]
    again = come(browser, {"visitor_token": token, "user": user})
    assert again.json()["visitor_token"] == token
    assert VisitorCredential.objects.count() == 1


def test_a_blocked_identity_is_refused(browser, widget, secret):
    come(browser, {"user": vouched(secret)})
    User.objects.filter(visitor_identity__isnull=False).update(is_active=False)
    assert come(browser, {"user": vouched(secret)}).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"user": {"id": "x"}},
        {"user": {"hash": "x"}},
        {"user": "mara"},
        {"user": []},
        {"user": {"id": "", "hash": "x"}},
        {"user": {"id": "x" * 201, "hash": "x"}},
        {"user": {"id": True, "hash": "x"}},
        {"user": {"id": "a\x00b", "hash": "x"}},
        {"user": {"id": "x", "hash": "x", "email": "not an address"}},
        {"visitor_token": "x" * 201},
        {"visitor_token": ["x"]},
        {"visitor_token": {"__proto__": {}}},
        [],
        "text",
        7,
    ],
)
def test_what_is_malformed_is_refused_with_a_code(browser, widget, body):
    answer = browser.post(PATH, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_FAILED"
    assert not User.objects.filter(is_visitor=True).exists()


@pytest.mark.parametrize("raw", [b"", b"{", b'{"a":"\xff"}', b'{"visitor_token":"\\ud800"}'])
def test_what_is_no_json_is_no_server_error(browser, widget, raw):
    answer = browser.post(PATH, raw, content_type="application/json")
    assert answer.status_code in (200, 400)


@pytest.mark.parametrize("method", ["post", "delete"])
def test_unknown_widgets_are_not_found(browser, db, method):
    body = {"visitor_token": "x"}
    answer = getattr(browser, method)(PATH, body, content_type="application/json")
    assert answer.status_code == 404
    assert answer.json()["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://testserver", 200),
        (SHOP, 200),
        ("https://evil.example", 403),
        ("null", 403),
        ("https://shop.example@evil.example", 403),
    ],
)
def test_pages_of_other_sites_get_no_visitor(browser, widget, origin, status):
    answer = come(browser, Origin=origin)
    assert answer.status_code == status
    assert User.objects.filter(is_visitor=True).exists() is (status == 200)


def test_too_many_from_one_address_have_to_wait(browser, widget, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "visitor_ip": (3, 60)}
    answers = [come(browser) for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "RATE_LIMITED"
    assert 0 < int(answers[-1]["Retry-After"]) <= 60


def test_markup_in_names_is_kept_as_text(browser, widget, secret):
    name = "<img src=x onerror=alert(1)>{{7*7}}"
    answer = come(browser, {"user": vouched(secret, name=name)})
    assert answer.json()["user"]["name"] == name


def test_the_visitor_token_is_returned_by_no_staff_endpoint(browser, widget):
    token = come(browser).json()["visitor_token"]
    header = {"Authorization": f"Bearer {issue_access(cast.ada())}"}
    for path in ("/api/v1/chat/sessions", "/api/v1/support/team"):
        answer = browser.get(path, headers=header)
        assert answer.status_code == 200
        assert token not in answer.content.decode()
        assert proofs.fingerprint(token) not in answer.content.decode()

"""POST /auth/refresh."""

import datetime as dt
import logging
from functools import partial

import pytest
from rest_framework.test import APIClient

from accounts.actions.devices import FAMILY_LIFE
from accounts.models import RefreshFamily, RefreshToken, User
from chatsite.lib import clock
from tests.accounts.helpers import AUTH, at_once, bearer, log_in, problem
from tests.cast import vic

REVOKED = (401, "AUTH_TOKEN_REVOKED")
INVALID = (401, "AUTH_TOKEN_INVALID")
BROWSER = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(autouse=True)
def _no_hold(monkeypatch, request):
    """Answers leave at once, but for the tests that look at parallel copies."""
    if "parallel" not in request.node.name:
        monkeypatch.setattr("accounts.actions.devices.ANSWER_HOLD", dt.timedelta(0))


def spend(token: str, **headers: str):
    return APIClient().post(
        f"{AUTH}/refresh", {"refresh_token": token}, format="json", headers=headers
    )


def begin() -> str:
    token: str = log_in(vic(), token_transport="body")[1]["refresh_token"]
    return token


def later(monkeypatch, **span: float) -> None:
    moment = clock.now() + dt.timedelta(**span)
    monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.mark.django_db
def test_a_token_is_traded_for_its_child():
    first = begin()
    answer = spend(first)
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != first
    assert bearer(answer.json()["access_token"]).get(f"{AUTH}/me").status_code == 200
    assert spend(answer.json()["refresh_token"]).status_code == 200


@pytest.mark.django_db
def test_the_cookie_is_rotated():
    client, _ = log_in(vic())
    before = client.cookies["rt"].value
    answer = client.post(f"{AUTH}/refresh", headers=BROWSER)
    assert answer.status_code == 200
    assert "refresh_token" not in answer.json()
    assert client.cookies["rt"].value != before


@pytest.mark.django_db
def test_a_spent_token_ends_the_device(caplog):
    first = begin()
    fresh = spend(first).json()
    with caplog.at_level(logging.WARNING):
        assert problem(spend(first)) == REVOKED
    assert "spent refresh token came back" in caplog.text
    assert first not in caplog.text
    assert problem(spend(fresh["refresh_token"])) == REVOKED
    assert problem(bearer(fresh["access_token"]).get(f"{AUTH}/me")) == REVOKED
    assert RefreshFamily.objects.get().ended_why == "reuse"


@pytest.mark.django_db
def test_tabs_of_one_browser_do_not_log_each_other_out(monkeypatch):
    client, _ = log_in(vic())
    old = client.cookies["rt"].value
    assert client.post(f"{AUTH}/refresh", headers=BROWSER).status_code == 200
    tab = APIClient()
    tab.cookies["rt"] = old
    later(monkeypatch, seconds=5)
    answer = tab.post(f"{AUTH}/refresh", headers=BROWSER)
    assert problem(answer) == REVOKED
    assert "rt" not in answer.cookies
    assert client.post(f"{AUTH}/refresh", headers=BROWSER).status_code == 200


@pytest.mark.django_db
def test_after_the_grace_a_browsers_copy_ends_the_device(monkeypatch):
    client, _ = log_in(vic())
    old = client.cookies["rt"].value
    client.post(f"{AUTH}/refresh", headers=BROWSER)
    tab = APIClient()
    tab.cookies["rt"] = old
    later(monkeypatch, seconds=10.1)
    assert problem(tab.post(f"{AUTH}/refresh", headers=BROWSER)) == REVOKED
    assert problem(client.post(f"{AUTH}/refresh", headers=BROWSER)) == REVOKED


@pytest.mark.django_db
def test_within_the_grace_a_grandparent_ends_the_device():
    client, _ = log_in(vic())
    old = client.cookies["rt"].value
    for _ in range(2):
        assert client.post(f"{AUTH}/refresh", headers=BROWSER).status_code == 200
    thief = APIClient()
    thief.cookies["rt"] = old
    assert problem(thief.post(f"{AUTH}/refresh", headers=BROWSER)) == REVOKED
    assert problem(client.post(f"{AUTH}/refresh", headers=BROWSER)) == REVOKED


@pytest.mark.django_db
def test_an_unused_token_expires(monkeypatch):
    token = begin()
    later(monkeypatch, days=14, seconds=1)
    assert problem(spend(token)) == (401, "AUTH_TOKEN_EXPIRED")


@pytest.mark.django_db
def test_a_device_ends_after_ninety_days_however_busy():
    token = begin()
    RefreshFamily.objects.update(expires_at=clock.now() + dt.timedelta(hours=1))
    answer = spend(token).json()
    assert answer["refresh_expires_in"] <= 3600
    RefreshFamily.objects.update(expires_at=clock.now() - dt.timedelta(seconds=1))
    assert problem(spend(answer["refresh_token"])) == REVOKED
    assert dt.timedelta(days=90) == FAMILY_LIFE


@pytest.mark.django_db
def test_a_disabled_person_is_refused():
    token = begin()
    User.objects.update(is_active=False)
    assert problem(spend(token)) == REVOKED


@pytest.mark.django_db
def test_a_deleted_person_is_refused():
    token = begin()
    User.objects.all().delete()
    assert problem(spend(token)) == INVALID


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["x", "a" * 200, "eyJhbGciOiJub25lIn0.e30.", "💥"])
def test_what_we_never_issued_is_refused(token):
    assert problem(spend(token)) == INVALID


@pytest.mark.django_db
def test_an_access_token_refreshes_nothing():
    _, body = log_in(vic())
    assert spend(body["access_token"]).status_code in (400, 401)


@pytest.mark.django_db
def test_nothing_at_all_and_a_query_are_refused():
    token = begin()
    assert problem(APIClient().post(f"{AUTH}/refresh")) == INVALID
    assert problem(APIClient().post(f"{AUTH}/refresh?refresh_token={token}")) == INVALID


@pytest.mark.django_db
@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_the_cookie_counts_on_our_own_pages_only(headers):
    client, _ = log_in(vic())
    assert problem(client.post(f"{AUTH}/refresh", headers=headers)) == (403, "PERMISSION_DENIED")
    assert client.post(f"{AUTH}/refresh", headers=BROWSER).status_code == 200


@pytest.mark.django_db
def test_the_token_is_not_stored():
    token = begin()
    assert RefreshToken.objects.get().hash != token
    assert len(RefreshToken.objects.get().hash) == 64


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["program", "browser"])
def test_eight_parallel_uses_give_one_lineage_twenty_times(headers):
    token = begin()
    for _ in range(20):
        answers = at_once([partial(spend, token, **headers)] * 8)
        won = [answer for answer in answers if answer.status_code == 200]
        assert len(won) == 1
        assert [problem(a) for a in answers if a is not won[0]] == [REVOKED] * 7
        assert RefreshToken.objects.filter(spent_at=None).count() == 1
        token = won[0].json()["refresh_token"]
    assert RefreshFamily.objects.get().ended_at is None
    assert spend(token).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_after_parallel_uses_of_a_program_the_next_copy_ends_the_device():
    token = begin()
    answers = at_once([lambda: spend(token)] * 8)
    (won,) = [answer for answer in answers if answer.status_code == 200]
    assert problem(spend(token)) == REVOKED
    assert problem(spend(won.json()["refresh_token"])) == REVOKED

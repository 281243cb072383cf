"""POST /auth/logout."""

import pytest
from rest_framework.test import APIClient

from accounts.models import RefreshFamily, User
from accounts.signals import access_revoked
from tests.accounts.helpers import AUTH, bearer, log_in, problem
from tests.cast import mia, vic

pytestmark = pytest.mark.django_db
REVOKED = (401, "AUTH_TOKEN_REVOKED")


@pytest.fixture
def revoked():
    heard: list[tuple[int, str | None]] = []

    def hear(sender, user_id, family_id, **_):
        heard.append((user_id, family_id))

    access_revoked.connect(hear)
    yield heard
    access_revoked.disconnect(hear)


def test_the_device_ends_with_the_cookie(revoked, django_capture_on_commit_callbacks):
    client, body = log_in(vic())
    client.credentials()
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"{AUTH}/logout")
    assert answer.status_code == 204
    assert answer.cookies["rt"].value == ""
    assert answer.cookies["rt"]["path"] == "/api/v1/auth"
    assert problem(bearer(body["access_token"]).get(f"{AUTH}/me")) == REVOKED
    assert revoked == [(vic().pk, str(RefreshFamily.objects.get().pk))]


def test_the_refresh_token_is_worth_nothing_afterwards():
    _, body = log_in(vic(), token_transport="body")
    token = {"refresh_token": body["refresh_token"]}
    assert APIClient().post(f"{AUTH}/logout", token, format="json").status_code == 204
    assert problem(APIClient().post(f"{AUTH}/refresh", token, format="json")) == REVOKED


def test_without_a_refresh_token_the_access_token_says_which_device():
    _, body = log_in(vic(), token_transport="body")
    assert bearer(body["access_token"]).post(f"{AUTH}/logout").status_code == 204
    assert RefreshFamily.objects.get().ended_why == "logout"


def test_other_devices_stay():
    here, _ = log_in(vic())
    there, _ = log_in(vic())
    here.post(f"{AUTH}/logout")
    assert there.get(f"{AUTH}/me").status_code == 200


def test_the_refresh_token_decides_when_both_are_given():
    _, mias = log_in(mia(), token_transport="body")
    vics, _ = log_in(vic())
    vics.post(f"{AUTH}/logout", {"refresh_token": mias["refresh_token"]}, format="json")
    ended = RefreshFamily.objects.exclude(ended_at=None).get()
    assert ended.user == mia()


def test_an_unknown_cookie_is_cleared_all_the_same():
    client = APIClient()
    client.cookies["rt"] = "planted"
    answer = client.post(f"{AUTH}/logout")
    assert answer.status_code == 204
    assert answer.cookies["rt"].value == ""


def test_nobody_is_told_so():
    assert problem(APIClient().post(f"{AUTH}/logout")) == (401, "AUTH_TOKEN_INVALID")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_page_of_another_site_logs_nobody_out(headers):
    client, _ = log_in(vic())
    answer = client.post(f"{AUTH}/logout", headers=headers)
    assert problem(answer) == (403, "PERMISSION_DENIED")
    assert client.get(f"{AUTH}/me").status_code == 200


def test_logging_out_twice_is_no_error():
    client, body = log_in(vic(), token_transport="body")
    token = {"refresh_token": body["refresh_token"]}
    client.credentials()
    for _ in range(2):
        assert client.post(f"{AUTH}/logout", token, format="json").status_code == 204
    assert User.objects.count() == 1

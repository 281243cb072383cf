"""`Authorization: Api-Key …` for integrators."""

import datetime as dt

import pytest
from rest_framework.test import APIClient

from accounts.actions import make_api_key, revoke_api_key
from accounts.models import ApiKey, User
from chatsite.lib import clock
from tests.accounts.helpers import AUTH, problem
from tests.cast import PASSWORD, ben

pytestmark = pytest.mark.django_db
PROFILE = "/api/v1/user/profile"


def with_key(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {secret}")
    return client


def test_a_key_acts_as_its_person():
    key, secret = make_api_key(name="CRM", user=ben())
    assert with_key(secret).get(f"{AUTH}/me").json()["username"] == "ben"
    key.refresh_from_db()
    assert key.last_used_at is not None
    assert secret not in str(ApiKey.objects.values())
    assert secret.startswith(key.prefix)


def test_a_reading_key_changes_nothing():
    _, secret = make_api_key(name="CRM", user=ben())
    answer = with_key(secret).patch(PROFILE, {"theme": "dark"}, format="json")
    assert problem(answer) == (403, "PERMISSION_DENIED")
    _, secret = make_api_key(name="CRM", user=ben(), scope="write")
    assert with_key(secret).patch(PROFILE, {"theme": "dark"}, format="json").status_code == 200


def test_no_key_manages_the_account():
    _, secret = make_api_key(name="CRM", user=ben(), scope="write")
    client = with_key(secret)
    body = {"current_password": PASSWORD, "new_password": "another fine phrase"}
    assert client.post(f"{AUTH}/change-password", body, format="json").status_code == 401
    assert client.get(f"{AUTH}/devices").status_code == 401
    assert client.post(f"{AUTH}/logout").status_code == 401


@pytest.mark.parametrize("secret", ["x", "cc_" + "a" * 43, "é", "a b", "", "cc_" + "a" * 100_000])
def test_what_is_no_key_is_refused(secret):
    assert problem(with_key(secret).get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_INVALID")


def test_a_key_ends():
    key, secret = make_api_key(
        name="CRM", user=ben(), expires_at=clock.now() - dt.timedelta(seconds=1)
    )
    assert problem(with_key(secret).get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_EXPIRED")
    revoke_api_key(key_id=key.pk)
    assert problem(with_key(secret).get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_REVOKED")


def test_a_key_ends_with_its_person():
    _, secret = make_api_key(name="CRM", user=ben())
    User.objects.update(is_active=False)
    assert problem(with_key(secret).get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_REVOKED")

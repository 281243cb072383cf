"""GET /auth/me and GET/PUT/PATCH /user/profile."""

import pytest

from accounts.models import Team
from tests.accounts.helpers import AUTH, log_in, problem
from tests.cast import ben, mia, vic

pytestmark = pytest.mark.django_db
PROFILE = "/api/v1/user/profile"


def test_me_is_the_caller():
    Team.objects.create(name="Care", slug="care").members.add(ben())
    client, _ = log_in(ben())
    me = client.get(f"{AUTH}/me").json()
    assert (me["id"], me["role"], me["name"]) == (ben().pk, "agent", "Ben")
    assert [team["name"] for team in me["teams"]] == ["Care"]
    assert me["created_at"].endswith("Z")


@pytest.mark.parametrize("method", ["put", "patch"])
def test_what_is_given_changes_and_the_rest_stays(method):
    client, _ = log_in(vic())
    given = {"display_name": "Victor ☀", "theme": "dark", "timezone": "Asia/Shanghai"}
    answer = getattr(client, method)(PROFILE, given, format="json")
    assert answer.status_code == 200
    assert answer.json() == client.get(PROFILE).json()
    assert answer.json() == {
        **given,
        "email": "vic@example.com",
        "avatar": "",
        "locale": "en",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("avatar", "https://cdn.example/a.png"),
        ("avatar", "/media/a.png"),
        ("avatar", ""),
        ("locale", "zh-hans"),
        ("email", None),
        ("email", "New@Example.com"),
    ],
)
def test_good_values_are_stored(field, value):
    client, _ = log_in(vic())
    assert client.patch(PROFILE, {field: value}, format="json").json()[field] == value


def test_nobody_raises_their_own_role():
    client, _ = log_in(vic())
    body = {"role": "admin", "is_superuser": True, "username": "root", "is_active": False, "id": 1}
    assert client.patch(PROFILE, body, format="json").status_code == 200
    user = vic()
    assert (user.role, user.is_superuser, user.username, user.is_active) == (
        "customer",
        False,
        "vic",
        True,
    )


def test_an_address_of_somebody_else_is_a_conflict():
    mia()
    client, _ = log_in(vic())
    answer = client.patch(PROFILE, {"email": "MIA@example.com"}, format="json")
    assert problem(answer) == (409, "CONFLICT")
    assert vic().email == "vic@example.com"


@pytest.mark.parametrize("path", [PROFILE, f"{AUTH}/me"])
def test_nobody_has_no_profile(client, path):
    assert problem(client.get(path)) == (401, "AUTH_TOKEN_INVALID")

"""POST /auth/register."""

from collections import Counter

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from tests.accounts.helpers import AUTH, at_once, bearer, problem
from tests.cast import PASSWORD, vic

GOOD = {"email": "Nia@Example.com", "password": PASSWORD, "display_name": "Nia"}


@pytest.fixture(autouse=True)
def _open_door(settings):
    settings.AUTH_ALLOW_SELF_REGISTER = True


def sign_up(**changes: object):
    return APIClient().post(f"{AUTH}/register", GOOD | changes, format="json")


@pytest.mark.django_db
def test_somebody_signs_up_and_is_logged_in():
    answer = sign_up()
    assert answer.status_code == 201
    me = bearer(answer.json()["access_token"]).get(f"{AUTH}/me").json()
    assert (me["username"], me["role"], me["name"]) == ("Nia", "customer", "Nia")
    assert "rt" in answer.cookies
    assert User.objects.get().password.startswith("argon2$argon2id$")


@pytest.mark.django_db
def test_the_door_is_closed_by_default(settings):
    settings.AUTH_ALLOW_SELF_REGISTER = False
    assert problem(sign_up()) == (403, "AUTH_REGISTER_DISABLED")
    assert not User.objects.exists()


@pytest.mark.django_db
def test_nobody_makes_themselves_more_than_a_customer():
    sign_up(role="admin", is_superuser=True, is_staff=True, is_active=False, id=1, teams=[1])
    user = User.objects.get()
    assert (user.role, user.is_superuser, user.is_staff) == ("customer", False, False)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "password", ["short", "password1234", "1234567890123", "nia@example.com", "x" * 1025]
)
def test_a_weak_password_is_refused(password):
    answer = sign_up(password=password)
    assert problem(answer) == (400, "VALIDATION_FAILED")
    assert answer.json()["errors"][0]["field"] == "password"


@pytest.mark.django_db
@pytest.mark.parametrize("username", ["a b", "a@b.example", "<b>", "a/b", "", "x" * 151])
def test_an_odd_username_is_refused(username):
    if username:
        assert problem(sign_up(username=username)) == (400, "VALIDATION_FAILED")
    else:
        assert sign_up(username=username).status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"), [("username", "VIC"), ("username", "ｖｉｃ"), ("email", "VIC@example.COM")]
)
def test_a_name_that_is_taken_in_any_case_is_a_conflict(field, value):
    vic()
    answer = sign_up(**{field: value})
    assert problem(answer) == (409, "CONFLICT")
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.django_db
def test_a_made_up_username_steps_aside():
    vic()
    answer = sign_up(email="vic@elsewhere.example")
    assert answer.json()["user"]["username"].startswith("vic-")


@pytest.mark.django_db(transaction=True)
def test_of_ten_at_once_one_gets_the_address():
    answers = at_once([lambda: sign_up().status_code] * 10)
    assert Counter(answers) == {201: 1, 409: 9}


@pytest.mark.django_db
def test_signing_up_is_limited_by_network(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "register_ip": (1, 3600)}
    sign_up()
    assert problem(sign_up(email="other@example.com")) == (429, "RATE_LIMITED")

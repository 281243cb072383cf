"""POST /auth/login."""

import jwt
import pytest
from rest_framework.test import APIClient

from accounts.keyring import keyring
from accounts.models import RefreshFamily, User
from tests.accounts.helpers import AUTH, problem
from tests.cast import PASSWORD, ada, ben, vic

pytestmark = pytest.mark.django_db


def attempt(name: str, password: str = PASSWORD, **headers: str):
    return APIClient().post(
        f"{AUTH}/login", {"username": name, "password": password}, format="json", headers=headers
    )


@pytest.mark.parametrize(
    "name", ["ben", "BEN", " ben ", "ｂｅｎ", "ben@example.com", "Ben@Example.COM"]
)
def test_either_name_in_any_case_opens(name):
    ben()
    answer = attempt(name)
    assert answer.status_code == 200
    assert answer.json()["user"]["username"] == "ben"


def test_the_answer_has_the_documented_shape():
    vic()
    answer = attempt("vic")
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "user"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert body["user"] | {"role": "customer", "email": "vic@example.com"} == body["user"]
    assert answer["Cache-Control"] == "no-store"


def test_the_access_token_carries_the_documented_claims():
    user = ada()
    token = attempt("ada").json()["access_token"]
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (header["alg"], header["kid"], header["typ"]) == ("RS256", keyring().kid, "at+jwt")
    assert {"sub", "email", "role", "iat", "exp", "jti", "scope", "iss", "aud", "typ"} <= set(
        claims
    )
    assert (claims["sub"], claims["role"]) == (str(user.pk), "admin")
    assert claims["exp"] - claims["iat"] == 900


def test_the_refresh_cookie_is_hidden_and_narrow(settings):
    settings.COOKIE_SECURE = True
    vic()
    cookie = attempt("vic").cookies["rt"]
    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/api/v1/auth"
    assert 0 < cookie["max-age"] <= 14 * 24 * 3600


def test_clients_without_cookies_get_the_token_in_the_body():
    vic()
    answer = APIClient().post(
        f"{AUTH}/login",
        {"username": "vic", "password": PASSWORD, "token_transport": "body"},
        format="json",
    )
    assert len(answer.json()["refresh_token"]) >= 43
    assert not answer.cookies


def test_unknown_disabled_and_mistaken_look_alike():
    vic()
    ben()
    User.objects.filter(username="ben").update(is_active=False)
    answers = [attempt("vic", "wrong"), attempt("nobody", "wrong"), attempt("ben", PASSWORD)]
    bodies = [{**answer.json(), "request_id": None} for answer in answers]
    assert {problem(answer) for answer in answers} == {(401, "AUTH_INVALID_CREDENTIALS")}
    assert bodies[0] == bodies[1] == bodies[2]
    assert not RefreshFamily.objects.exists()


def test_a_widget_visitor_cannot_log_in():
    user = vic()
    user.is_visitor = True
    user.save()
    assert problem(attempt("vic")) == (401, "AUTH_INVALID_CREDENTIALS")


def test_a_cookie_set_by_somebody_else_is_replaced():
    vic()
    client = APIClient()
    client.cookies["rt"] = "planted"
    answer = client.post(f"{AUTH}/login", {"username": "vic", "password": PASSWORD}, format="json")
    assert answer.cookies["rt"].value != "planted"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://other.testserver"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://testserver:81"},
    ],
)
def test_a_page_of_another_site_logs_nobody_in(headers):
    vic()
    answer = attempt("vic", **headers)
    assert problem(answer) == (403, "PERMISSION_DENIED")
    assert not answer.cookies


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}, {}],
)
def test_our_own_pages_and_programs_may(headers):
    vic()
    assert attempt("vic", **headers).status_code == 200


def test_an_origin_that_is_trusted_by_the_settings_may(settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://desk.example"]
    vic()
    assert attempt("vic", Origin="https://desk.example").status_code == 200


def test_a_form_is_refused():
    vic()
    answer = APIClient().post(
        f"{AUTH}/login",
        f"username=vic&password={PASSWORD}",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 415
    assert not answer.cookies


def test_get_does_not_log_in():
    assert APIClient().get(f"{AUTH}/login", {"username": "vic"}).status_code == 405

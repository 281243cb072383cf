"""Bodies nobody should send: a documented refusal each time, never a 5xx, and never slow."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.accounts.helpers import AUTH, log_in
from tests.cast import PASSWORD, vic

pytestmark = pytest.mark.django_db

OPEN = ["register", "login", "refresh", "logout"]
DEEP = 200_000
WHOLE = {
    "an array": b"[]",
    "an array of bodies": json.dumps([{"username": "vic", "password": PASSWORD}]).encode(),
    "a number": b"42",
    "null": b"null",
    "a string": b'"vic"',
    "true": b"true",
    "not JSON": b"{username: vic}",
    "cut off": b'{"username": "vic", "pass',
    "text after it": b'{"username": "vic", "password": "x"} x',
    "NaN": b'{"username": NaN, "password": "x"}',
    "deep lists": b"[" * DEEP,
    "deep lists, closed": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep inside a field": b'{"username":' + b"[" * 900 + b"]" * 900 + b',"password":"x"}',
    "a number of 5,000 digits": b'{"username": ' + b"9" * 5000 + b', "password": "x"}',
    "UTF-16": '{"username": "vic", "password": "x"}'.encode("utf-16"),
    "bad UTF-8": b'{"username": "\xff\xfe", "password": "x"}',
    "two megabytes": b'{"username": "' + b"a" * 2_000_000 + b'", "password": "x"}',
}
VALUES = {
    "an operator": {"$gt": ""},
    "a list": ["vic"],
    "a number": 7,
    "null": None,
    "true": True,
    "a NUL": "vic\x00",
    "a megabyte": "x" * 1_000_000,
    "empty": "",
}
SURROGATE = b'{"username": "\\ud800", "password": "\\udfff", "email": "\\ud800@example.com"}'


def send(path: str, body: bytes):
    return APIClient().post(f"{AUTH}/{path}", body, content_type="application/json")


@pytest.fixture(autouse=True)
def _open_door(settings):
    settings.AUTH_ALLOW_SELF_REGISTER = True
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "register_ip": (1000, 60)}


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize("name", WHOLE)
def test_a_body_that_is_no_object_is_refused(path, name):
    began = time.process_time()  # processor time: other work on the machine does not count
    answer = send(path, WHOLE[name])
    assert answer.status_code in (400, 401, 413), answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] in ("VALIDATION_FAILED", "AUTH_TOKEN_INVALID")
    assert time.process_time() - began < 1


def test_a_body_over_a_megabyte_is_not_read_to_its_end():
    answer = send("login", WHOLE["two megabytes"])
    assert (answer.status_code, answer.json()["code"]) == (413, "VALIDATION_FAILED")


@pytest.mark.parametrize("field", ["username", "password", "token_transport"])
@pytest.mark.parametrize("name", VALUES)
def test_a_field_of_the_wrong_kind_is_refused_before_any_password_is_hashed(
    field, name, monkeypatch
):
    monkeypatch.setattr("accounts.actions.login.make_password", pytest.fail)
    body = {"username": "nobody", "password": "x", field: VALUES[name]}
    if name == "a number" and field != "token_transport":
        body["token_transport"] = "pigeon"  # a number is taken for its digits
    answer = send("login", json.dumps(body).encode())
    assert answer.status_code == 400, answer.content
    assert answer.json()["code"] == "VALIDATION_FAILED"


@pytest.mark.parametrize("path", OPEN)
def test_lone_surrogates_are_refused(path):
    assert send(path, SURROGATE).status_code in (400, 401)


def test_fields_of_the_refusal_are_named():
    errors = send("login", b"{}").json()["errors"]
    assert {(error["field"], error["code"]) for error in errors} == {
        ("username", "required"),
        ("password", "required"),
    }


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("field", ["current_password", "new_password"])
def test_a_change_of_password_is_as_strict(field, name):
    client, _ = log_in(vic())
    body = {"current_password": PASSWORD, "new_password": "another fine phrase"}
    answer = client.post(
        f"{AUTH}/change-password",
        json.dumps(body | {field: VALUES[name]}),
        content_type="application/json",
    )
    assert answer.status_code in (400, 401)


PROFILE: dict[str, list[Any]] = {
    "display_name": ["x" * 121, "a\x00b", None, ["x"], {"a": 1}],
    "email": ["nobody", "a@b@c", "x" * 250 + "@example.com", ["a@example.com"], ""],
    "avatar": [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example/x.png",
        "http://plain.example/x.png",
        '/x.png" onerror="alert(1)',
        "/\\evil.example",
        None,
        7,
    ],
    "locale": ["../../etc/passwd", "e", "en" * 30, "", None],
    "timezone": ["Mars/Olympus", "", "../UTC", None, "x" * 65],
    "theme": ["pink", "", None, 1],
}
BAD = [(field, value) for field, values in PROFILE.items() for value in values]


@pytest.mark.parametrize(("field", "value"), BAD)
def test_a_bad_profile_changes_nothing(field, value):
    client, _ = log_in(vic())
    before = client.get("/api/v1/user/profile").json()
    answer = client.patch("/api/v1/user/profile", {field: value}, format="json")
    assert answer.status_code == 400, answer.content
    assert answer.json()["code"] == "VALIDATION_FAILED"
    assert client.get("/api/v1/user/profile").json() == before


@pytest.mark.parametrize(
    "device", ["x", "%00", "00000000-0000-0000-0000-000000000000", "1' OR 1=1", "💥", "a" * 5000]
)
def test_a_device_that_is_none_is_not_found(device):
    client, _ = log_in(vic())
    answer = client.delete(f"{AUTH}/devices/{device}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=1000000000", "limit=x", "cursor=x", "cursor=%00"]
)
def test_a_bad_page_is_refused(query):
    client, _ = log_in(vic())
    assert client.get(f"{AUTH}/devices?{query}").status_code == 400

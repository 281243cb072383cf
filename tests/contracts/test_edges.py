"""What holds at every edge: errors, request ids, health, metrics, the schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings

from chatsite.lib import errors
from chatsite.lib.errors import DomainError
from tests import cast
from tests.kernel import Rest, code

PUBLIC = {"/api/v1/auth/login", "/api/v1/auth/register", "/api/v1/auth/refresh",
          "/api/v1/auth/logout"}  # fmt: skip
ODD_BODIES: tuple[Any, ...] = ({}, [], "x", None, {"tags": 1, "score": "x", "content": {}})
SIGNED = ("/api/v1/files/", "/api/v1/widget/")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@pytest.mark.django_db
def test_nobody_may_do_anything_but_sign_in(schema: dict[str, Any]) -> None:
    tried = 0
    for path, method, _ in operations(schema):
        if path in PUBLIC or path.startswith((*SIGNED, "/.well-known/")):
            continue
        filled = re.sub(r"\{[^}]+\}", "01a1fdb8-9738-7f83-97a6-bbd2073f6cdd", path)
        response = Rest().call(method.upper(), filled.removeprefix("/api/v1"), {})
        assert code(response) == (401, "AUTH_TOKEN_INVALID"), (method, path)
        tried += 1
    assert tried > 20


@pytest.mark.django_db
def test_odd_ids_are_not_found_and_nothing_breaks(schema: dict[str, Any]) -> None:
    """A customer tries every operation with ids that cannot be."""
    rest = Rest(cast.vic())
    for path, method, _ in operations(schema):
        if "{" not in path:
            continue
        for odd in ("0", "-1", "9" * 30, "1e3", "%00", "%F0%9F%A6%8A", "a%27--"):
            filled = re.sub(r"\{[^}]+\}", odd, path).removeprefix("/api/v1")
            for body in ODD_BODIES:
                response = rest.call(method.upper(), filled, body)
                assert response.status_code < 500, (method, filled, body, response.content)


@pytest.mark.django_db
def test_a_flood_of_parameters_is_a_bad_request() -> None:
    answer = Rest(cast.vic()).get("/chat/sessions?" + "a=b&" * 2000)
    assert code(answer) == (400, "VALIDATION_FAILED")


def test_every_operation_is_described(schema: dict[str, Any]) -> None:
    for path, method, operation in operations(schema):
        assert operation.get("summary"), (method, path)
        assert operation.get("tags"), (method, path)
        assert "400" in operation["responses"], (method, path)
        for parameter in operation.get("parameters", ()):
            named = parameter["in"] != "query" or parameter.get("description")
            assert named, (method, path, parameter["name"])
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        assert body is None or body.get("examples"), (method, path)


def test_every_code_has_one_status() -> None:
    kinds = [kind for kind in vars(errors).values()
             if isinstance(kind, type) and issubclass(kind, DomainError)]  # fmt: skip
    codes = [kind.code for kind in kinds if kind is not DomainError]
    assert len(codes) == len(set(codes))


@pytest.mark.django_db
def test_a_harmless_request_id_is_kept_and_another_made() -> None:
    client = Client()
    kept = client.get("/healthz", headers={"X-Request-ID": "abc-123"})
    assert kept["X-Request-ID"] == "abc-123"
    for bad in ("a b", "x" * 65, "a\x0bb", "é"):
        assert client.get("/healthz", headers={"X-Request-ID": bad})["X-Request-ID"] != bad


@pytest.mark.django_db
def test_refusals_outside_of_rest_are_problems_too() -> None:
    client = Client(raise_request_exception=False)
    assert code(client.get("/nowhere")) == (404, "NOT_FOUND")
    assert code(client.get("/api/v1/nowhere")) == (404, "NOT_FOUND")
    response = Rest(cast.vic()).call("DELETE", "/chat/sessions")
    assert code(response) == (405, "VALIDATION_FAILED")
    raw = client.post("/api/v1/auth/login", "a=b", "application/x-www-form-urlencoded")
    assert code(raw) == (415, "VALIDATION_FAILED")
    large = client.post("/api/v1/auth/login", b"[" + b" " * 1_100_000 + b"]", "application/json")
    assert large.status_code == 413


@pytest.mark.django_db
def test_health(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    report = client.get("/health")
    assert report.status_code == 200
    assert report.json()["parts"]["database"]["ok"] is True
    from chatsite import health

    monkeypatch.setattr(health, "_draining", True)
    assert client.get("/readyz").status_code == 503
    assert client.get("/health").status_code == 503
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_metrics_are_not_public(settings: Settings) -> None:
    client = Client()
    settings.METRICS_TOKEN = "a-token"
    settings.PRODUCTION = True
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    shown = client.get("/metrics", headers={"Authorization": "Bearer a-token"})
    assert b"cland_messages_total" in shown.content
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 404

"""What the OpenAPI document says about accounts."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator


@pytest.fixture(scope="module")
def schema() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)


def operations(schema: Any) -> dict[str, Any]:
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}": operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if "accounts" in operation.get("tags", [])
    }


def test_every_endpoint_of_the_contract_is_described(schema):
    assert set(operations(schema)) == {
        "POST /auth/register",
        "POST /auth/login",
        "POST /auth/refresh",
        "POST /auth/logout",
        "POST /auth/change-password",
        "GET /auth/me",
        "GET /auth/devices",
        "DELETE /auth/devices/{device_id}",
        "GET /user/profile",
        "PUT /user/profile",
        "PATCH /user/profile",
        "GET /.well-known/jwks.json",
    }


def test_refusals_are_problems_with_an_example_for_each_code(schema):
    login = operations(schema)["POST /auth/login"]["responses"]
    problem = login["429"]["content"]["application/problem+json"]
    assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
    codes = {example["value"]["code"] for example in problem["examples"].values()}
    assert codes == {"AUTH_ACCOUNT_LOCKED", "RATE_LIMITED"}


def test_answers_and_bodies_have_examples(schema):
    for name, operation in operations(schema).items():
        if "requestBody" in operation:
            assert operation["requestBody"]["content"]["application/json"].get("examples"), name
        for status, answer in operation["responses"].items():
            if status.startswith("2") and "content" in answer:
                assert answer["content"]["application/json"].get("examples"), name


def test_who_may_call_is_said(schema):
    named = operations(schema)
    assert named["GET /auth/me"]["security"] == [{"bearer": []}, {"apiKey": []}]
    assert named["GET /auth/devices"]["security"] == [{"bearer": []}]
    assert not named["POST /auth/login"].get("security", [{}])[0]

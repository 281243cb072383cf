"""Models over REST."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chatsite.lib import clock
from chatsite.lib.ids import uuid7
from llm.models import Answer, ModelConfig
from sessions_app.models import ChatSession
from tests import cast
from tests.kernel import Rest, code

pytestmark = pytest.mark.django_db
KEY = "sk-0123456789abcd"
FIELDS: dict[str, Any] = {
    "name": "Fast",
    "provider_name": "openai-compatible",
    "base_url": "https://8.8.8.8/v1",
    "model": "fast-1",
    "api_key": KEY,
    "default_params": {"temperature": 0.3, "top_p": 1, "max_tokens": 800, "timeout_ms": 30000},
    "enabled": True,
    "notes": "Good.",
    "prices": {"prompt": 0.15, "completion": 0.6, "currency": "USD"},
}


@pytest.fixture(autouse=True)
def _outside_only(settings: Any) -> None:
    """The switch is off, as it is by default."""
    settings.LLM_ALLOW_PRIVATE_NETWORKS = False


@pytest.fixture
def ada() -> Rest:
    return Rest(cast.ada())


@pytest.fixture
def ben() -> Rest:
    return Rest(cast.ben())


def made(rest: Rest, **changes: Any) -> dict[str, Any]:
    """A model made over REST."""
    answer = rest.post("/models", {**FIELDS, **changes})
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def patch(rest: Rest, model: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The model after a change."""
    answer = rest.call("PATCH", f"/models/{model['id']}", changes)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def wrong(answer: Any) -> list[str]:
    """The fields a refusal names."""
    assert code(answer) == (400, "VALIDATION_FAILED")
    return [item["field"] for item in answer.json()["errors"]]


def test_a_model_is_made_and_read_back_without_its_key(ada: Rest, ben: Rest) -> None:
    model = made(ada)
    assert {name: model[name] for name in FIELDS if name != "api_key"} == {
        name: value for name, value in FIELDS.items() if name != "api_key"
    }
    assert (model["api_key_hint"], model["api_key_state"]) == ("abcd", "stored")
    assert "api_key" not in model
    assert ben.get(f"/models/{model['id']}").json() == model
    assert ben.get("/models").json() == {"results": [model], "next": None}
    assert KEY.encode() not in ben.get("/models").content
    assert ModelConfig.objects.get().read_api_key() == KEY


def test_what_is_left_out_has_sensible_values(ada: Rest) -> None:
    answer = ada.post(
        "/models", {"name": "Bare", "base_url": "https://8.8.8.8/v1", "model": "bare"}
    )
    model = answer.json()
    assert (model["provider_name"], model["enabled"]) == ("openai-compatible", True)
    assert (model["default_params"], model["prices"]) == ({}, {})
    assert (model["api_key_hint"], model["api_key_state"]) == ("", "none")


def test_models_are_paged_and_filtered(ada: Rest) -> None:
    ids = [made(ada, name=f"M{i}", enabled=i != 1)["id"] for i in range(3)]
    first = ada.get("/models?limit=2").json()
    second = ada.get(f"/models?limit=2&cursor={first['next']}").json()
    assert [m["id"] for m in first["results"] + second["results"]] == ids
    assert second["next"] is None
    assert [m["id"] for m in ada.get("/models?enabled=false").json()["results"]] == [ids[1]]
    assert [m["id"] for m in ada.get("/models?q=m2").json()["results"]] == [ids[2]]
    assert wrong(ada.get("/models?cursor=x")) == ["cursor"]


def test_who_may_what(ada: Rest, ben: Rest) -> None:
    model, vic, nobody = made(ada), Rest(cast.vic()), Rest()
    one = f"/models/{model['id']}"
    calls = [
        ("GET", "/models", 200, 403),
        ("POST", "/models", 403, 403),
        ("GET", one, 200, 404),
        ("PATCH", one, 403, 404),
        ("DELETE", one, 403, 404),
        ("POST", f"{one}/test", 403, 404),
        ("POST", "/models/discover", 403, 403),
    ]
    for method, path, agent, customer in calls:
        assert nobody.call(method, path, {}).status_code == 401, path
        assert vic.call(method, path, {}).status_code == customer, (method, path)
        assert ben.call(method, path, {}).status_code == agent, (method, path)
    assert code(vic.get(one)) == (404, "MODEL_NOT_FOUND")
    assert code(vic.get("/models")) == (403, "PERMISSION_DENIED")
    assert ModelConfig.objects.count() == 1


@pytest.mark.parametrize("odd", ["0", "-1", "x", "9" * 20, "9" * 5000, "1.5", "%00", "٣"])
def test_an_odd_id_is_not_found(ada: Rest, odd: str) -> None:
    assert code(ada.get(f"/models/{odd}")) == (404, "MODEL_NOT_FOUND")
    assert code(ada.call("PATCH", f"/models/{odd}", {"notes": ""})) == (404, "MODEL_NOT_FOUND")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("name", "a\0b"),
        ("model", ""),
        ("provider_name", "acme"),
        ("base_url", "https://127.0.0.1/v1"),
        ("base_url", "https://user:pass@8.8.8.8/v1"),
        ("base_url", "http://8.8.8.8/v1"),
        ("base_url", "ftp://8.8.8.8/v1"),
        ("base_url", 7),
        ("api_key", "two words"),
        ("api_key", "line\nbreak"),
        ("api_key", "schlüssel"),
        ("default_params", []),
        ("default_params.temperature", 2.1),
        ("default_params.temperature", -0.1),
        ("default_params.temperature", "warm"),
        ("default_params.top_p", 1.01),
        ("default_params.max_tokens", 0),
        ("default_params.max_tokens", 1.5),
        ("default_params.max_tokens", True),
        ("default_params.timeout_ms", 99),
        ("default_params.timeout_ms", 600_001),
        ("default_params.stream", True),
        ("prices", "free"),
        ("prices.prompt", -1),
        ("prices.completion", "1"),
        ("prices.completion", 1e12),
        ("prices.currency", "XQX"),
        ("prices.currency", 3),
        ("prices.cached", 1),
        ("draft_weight", -1),
        ("max_parallel", 0),
        ("daily_budget", -1),
        ("daily_budget", 1e308),
        ("enabled", "maybe"),
    ],
)
def test_bad_input_names_its_field(ada: Rest, field: str, value: Any) -> None:
    name, _, inner = field.partition(".")
    body = {**FIELDS, name: {inner: value} if inner else value}
    assert wrong(ada.post("/models", body)) == [field]
    assert not ModelConfig.objects.exists()


def test_all_wrong_fields_are_named_at_once(ada: Rest) -> None:
    body = {**FIELDS, "base_url": "https://[::1]/", "prices": {"prompt": -1}}
    assert wrong(ada.post("/models", body)) == ["base_url", "prices.prompt"]


def test_a_name_is_used_once(ada: Rest) -> None:
    made(ada)
    assert code(ada.post("/models", FIELDS)) == (409, "CONFLICT")
    other = made(ada, name="Other")
    assert code(ada.call("PATCH", f"/models/{other['id']}", {"name": "Fast"})) == (409, "CONFLICT")


def test_names_of_providers_are_taken_as_people_write_them(ada: Rest) -> None:
    assert made(ada, provider_name="OpenAI_Compatible")["provider_name"] == "openai-compatible"


def test_a_change_changes_only_what_it_names(ada: Rest) -> None:
    model = made(ada)
    changed = patch(ada, model, notes="Better", daily_budget=2.5, max_parallel=4)
    assert changed == {
        **model,
        "notes": "Better",
        "daily_budget": 2.5,
        "max_parallel": 4,
        "updated_at": changed["updated_at"],
    }
    assert ModelConfig.objects.get().daily_budget == Decimal("2.5")
    assert patch(ada, model, daily_budget=None)["daily_budget"] is None


@pytest.mark.parametrize("url", ["http://8.8.8.8/v1", "https://8.8.4.4/v1", "https://8.8.8.8:1/v1"])
def test_another_scheme_host_or_port_drops_the_key(ada: Rest, settings: Any, url: str) -> None:
    model = made(ada)
    settings.LLM_ALLOW_PRIVATE_NETWORKS = True  # for plain http
    moved = patch(ada, model, base_url=url)
    assert (moved["api_key_hint"], moved["api_key_state"]) == ("", "none")
    assert ModelConfig.objects.get().read_api_key() == ""


def test_another_path_keeps_the_key_and_a_new_key_comes_along(ada: Rest) -> None:
    model = made(ada)
    assert patch(ada, model, base_url="https://8.8.8.8:443/v2")["api_key_state"] == "stored"
    moved = patch(ada, model, base_url="https://1.1.1.1/v1", api_key="sk-another-key-wxyz")
    assert moved["api_key_hint"] == "wxyz"


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_key_forgets_it(ada: Rest, empty: str | None) -> None:
    assert patch(ada, made(ada), api_key=empty)["api_key_state"] == "none"


def test_a_new_default_takes_the_place_of_the_old_one(ada: Rest) -> None:
    first = made(ada, is_default=True)
    second = made(ada, name="Second")
    assert patch(ada, second, is_default=True)["is_default"]
    assert not ada.get(f"/models/{first['id']}").json()["is_default"]


def test_answers_outlive_their_model(ada: Rest) -> None:
    model = made(ada)
    session = ChatSession.objects.create(customer=cast.vic())
    answer = Answer.objects.create(
        id=uuid7(),
        session=session,
        model_id=model["id"],
        model_label="Fast (fast-1)",
        cost=Decimal("0.02"),
        status="done",
        created_at=clock.now(),
    )
    assert ada.call("DELETE", f"/models/{model['id']}").status_code == 204
    assert code(ada.call("DELETE", f"/models/{model['id']}")) == (404, "MODEL_NOT_FOUND")
    answer.refresh_from_db()
    assert (answer.model_id, answer.model_label) == (None, "Fast (fast-1)")
    assert answer.cost == Decimal("0.02")


def test_the_demo_stays_where_it_is(ada: Rest) -> None:
    """Its address is trusted: who could change it could call into our network."""
    demo = ModelConfig.objects.create(
        name="Demo", provider_name="demo", base_url="http://127.0.0.1:1/v1", model="d", is_demo=True
    )
    path = f"/models/{demo.pk}"
    answer = ada.call("PATCH", path, {"base_url": "http://127.0.0.1:2/v1"})
    assert wrong(answer) == ["base_url"]
    same = {"base_url": demo.base_url, "provider_name": "demo", "enabled": False}
    assert ada.call("PATCH", path, same).status_code == 200
    ada.call("PATCH", path, {"is_demo": False})
    demo.refresh_from_db()
    assert (demo.is_demo, demo.enabled) == (True, False)


def test_the_operators_own_endpoint_is_trusted(ada: Rest, settings: Any) -> None:
    settings.LLM_API_URL = "http://127.0.0.1:11434/v1"
    assert made(ada, base_url="http://127.0.0.1:11434/v1/")["base_url"].endswith(":11434/v1/")
    answer = ada.post("/models", {**FIELDS, "name": "X", "base_url": "http://127.0.0.1:5432/"})
    assert "LLM_ALLOW_PRIVATE_NETWORKS" in answer.json()["detail"]


def test_the_operator_may_allow_private_networks(ada: Rest, settings: Any) -> None:
    settings.LLM_ALLOW_PRIVATE_NETWORKS = True
    assert made(ada, base_url="http://192.168.1.5:8000/v1")["id"]


def test_a_key_that_cannot_be_read_asks_for_a_new_one_and_breaks_nothing(ada: Rest) -> None:
    model = made(ada)
    made(ada, name="Fine")
    ModelConfig.objects.filter(pk=model["id"]).update(api_key_encrypted="gone:gAAAAA-broken")
    states = {m["name"]: m["api_key_state"] for m in ada.get("/models").json()["results"]}
    assert states == {"Fast": "enter_again", "Fine": "stored"}
    tested = ada.post(f"/models/{model['id']}/test").json()
    assert (tested["ok"], tested["reason"]) == (False, "auth")
    assert patch(ada, model, api_key=KEY)["api_key_state"] == "stored"

"""Trying a model, and listing what an endpoint has."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from llm.models import ModelConfig
from llm.providers import Deadlines
from tests import cast
from tests.kernel import Rest, code
from tests.upstream import CUT, DONE, STALL, Reply, Upstream, delta, refuse

pytestmark = pytest.mark.django_db
KEY = "sk-0123456789abcd"
SECRET = "the-provider-says-this"


@pytest.fixture
def ada() -> Rest:
    return Rest(cast.ada())


@pytest.fixture
def model(upstream_server: Upstream) -> ModelConfig:
    """A model at the scripted upstream."""
    model = ModelConfig(name="Fast", base_url=upstream_server.base_url, model="fast-1")
    model.set_api_key(KEY)
    model.save()
    return model


def tried(rest: Rest, model: ModelConfig) -> dict[str, Any]:
    """What a try says."""
    answer = rest.post(f"/models/{model.pk}/test")
    assert answer.status_code == 200, answer.content
    assert SECRET.encode() not in answer.content
    assert KEY.encode() not in answer.content
    body: dict[str, Any] = answer.json()
    return body


def names(*items: object, key: str = "data", status: int = 200) -> Reply:
    """A list of models as servers send it."""
    body = orjson.dumps({"object": "list", key: list(items)})
    return Reply([body], status=status, headers={"Content-Type": "application/json"})


def test_a_model_that_answers(ada: Rest, model: ModelConfig, upstream_server: Upstream) -> None:
    found = tried(ada, model)
    assert (found["ok"], found["reason"], found["code"]) == (True, "ok", None)
    assert 0 <= found["ttft_ms"] <= found["latency_ms"]
    can = {"streaming": True, "usage_in_stream": True, "tools": True, "refused": []}
    assert found["capabilities"] == can
    assert upstream_server.headers[0]["authorization"] == f"Bearer {KEY}"
    model.refresh_from_db()
    assert model.capabilities.items() >= can.items()
    assert model.capabilities["tested"]["reason"] == "ok"


def test_what_an_endpoint_cannot_do_is_seen_and_remembered(
    ada: Rest, model: ModelConfig, upstream_server: Upstream
) -> None:
    upstream_server.script(
        refuse(400, "tools are not supported"),
        refuse(422, "unknown field stream_options"),
        [delta("OK", finish="stop"), DONE],
    )
    can = tried(ada, model)["capabilities"]
    assert (can["streaming"], can["usage_in_stream"], can["tools"]) == (True, False, False)
    assert can["refused"] == ["stream_options", "tools"]


def test_an_answer_in_one_piece_is_not_streamed(
    ada: Rest, model: ModelConfig, upstream_server: Upstream
) -> None:
    whole = {"choices": [{"message": {"content": "OK"}, "finish_reason": "stop"}]}
    headers = {"Content-Type": "application/json"}
    upstream_server.script(Reply([orjson.dumps(whole)], headers=headers))
    assert tried(ada, model)["capabilities"]["streaming"] is False


def test_what_was_refused_once_is_tried_again(ada: Rest, model: ModelConfig) -> None:
    ModelConfig.objects.update(capabilities={"refused": ["tools"], "streaming": False})
    assert tried(ada, model)["capabilities"]["refused"] == []


@pytest.mark.parametrize(
    ("reply", "reason", "error"),
    [
        (refuse(401, SECRET), "auth", "PROVIDER_ERROR"),
        (refuse(404, SECRET), "model", "PROVIDER_ERROR"),
        (refuse(429, SECRET), "rate_limited", "PROVIDER_UNAVAILABLE"),
        (refuse(500, SECRET), "upstream", "PROVIDER_ERROR"),
        (refuse(302, SECRET, Location="http://127.0.0.1:1/"), "redirect", "PROVIDER_ERROR"),
        (Reply([SECRET.encode()]), "empty", "PROVIDER_ERROR"),
        (Reply([b"data: " + SECRET.encode() + b"\n\n"]), "protocol", "PROVIDER_ERROR"),
        (Reply([], before=[CUT]), "reset", "PROVIDER_UNAVAILABLE"),
        (Reply([STALL]), "first_content", "PROVIDER_TIMEOUT"),
        (Reply([delta("a"), STALL]), "stalled", "PROVIDER_TIMEOUT"),
    ],
)
def test_a_failure_is_named_by_its_kind_and_its_body_stays_here(
    ada: Rest,
    model: ModelConfig,
    upstream_server: Upstream,
    monkeypatch: pytest.MonkeyPatch,
    reply: Reply,
    reason: str,
    error: str,
) -> None:
    quick = Deadlines(connect=1, first_content=0.5, gap=0.5, whole=3)
    monkeypatch.setattr("llm.actions.probing.PATIENCE", quick)
    upstream_server.script(reply)
    found = tried(ada, model)
    assert (found["ok"], found["reason"], found["code"]) == (False, reason, error)
    model.refresh_from_db()
    assert model.capabilities["tested"]["reason"] == reason


def test_a_private_address_is_not_tried(ada: Rest, model: ModelConfig, settings: Any) -> None:
    """It was stored while private networks were allowed."""
    settings.LLM_ALLOW_PRIVATE_NETWORKS = False
    assert tried(ada, model)["reason"] == "address"


def test_trying_is_limited(ada: Rest, model: ModelConfig, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "model_test_user": (1, 3600)}
    tried(ada, model)
    answer = ada.post(f"/models/{model.pk}/test")
    assert code(answer) == (429, "RATE_LIMITED")
    assert int(answer["Retry-After"]) > 0
    assert code(ada.post("/models/discover", {"model_id": model.pk})) == (429, "RATE_LIMITED")


def test_names_are_listed_from_an_address(ada: Rest, upstream_server: Upstream) -> None:
    upstream_server.script(names({"id": "large"}, {"id": "fast"}, {"id": "fast"}, {"no": 1}, 7))
    answer = ada.post("/models/discover", {"base_url": upstream_server.base_url, "api_key": KEY})
    assert answer.json() == {"results": ["fast", "large"]}
    assert upstream_server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_names_are_listed_from_a_stored_model(
    ada: Rest, model: ModelConfig, upstream_server: Upstream
) -> None:
    upstream_server.script(names({"name": "llama"}, key="models"))
    assert ada.post("/models/discover", {"model_id": model.pk}).json() == {"results": ["llama"]}
    assert upstream_server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_the_stored_key_goes_nowhere_else(
    ada: Rest, model: ModelConfig, upstream_server: Upstream
) -> None:
    ModelConfig.objects.update(base_url="https://models.example/v1")
    upstream_server.script(names({"id": "a"}))
    body = {"model_id": model.pk, "base_url": upstream_server.base_url}
    assert ada.post("/models/discover", body).json() == {"results": ["a"]}
    assert "authorization" not in upstream_server.headers[0]


@pytest.mark.parametrize(
    ("reply", "status", "error"),
    [
        (refuse(401, SECRET), 502, "PROVIDER_ERROR"),
        (refuse(503, SECRET), 503, "PROVIDER_UNAVAILABLE"),
        (refuse(307, SECRET, Location="http://127.0.0.1:1/"), 502, "PROVIDER_ERROR"),
        (Reply([SECRET.encode()]), 502, "PROVIDER_ERROR"),
        (names(status=200, key="else"), 502, "PROVIDER_ERROR"),
        (Reply([], before=[CUT]), 503, "PROVIDER_UNAVAILABLE"),
    ],
)
def test_an_endpoint_that_does_not_list_is_an_error_without_its_words(
    ada: Rest, upstream_server: Upstream, reply: Reply, status: int, error: str
) -> None:
    upstream_server.script(reply, reply)  # reading may be repeated on a broken connection
    answer = ada.post("/models/discover", {"base_url": upstream_server.base_url})
    assert code(answer) == (status, error)
    assert SECRET.encode() not in answer.content


def test_where_names_are_looked_for_is_checked(ada: Rest, settings: Any) -> None:
    settings.LLM_ALLOW_PRIVATE_NETWORKS = False
    for body in ({}, {"base_url": "https://10.0.0.1/v1"}, {"base_url": "x"}, {"model_id": "x"}):
        assert code(ada.post("/models/discover", body)) == (400, "VALIDATION_FAILED")
    assert code(ada.post("/models/discover", {"model_id": 9999})) == (404, "MODEL_NOT_FOUND")

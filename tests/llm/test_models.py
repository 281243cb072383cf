"""The default model, and what is remembered of models."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from llm.actions import DEMO_NAME, ensure_default_model, remember_refused
from llm.models import ModelConfig

pytestmark = pytest.mark.django_db
DEMO = "http://127.0.0.1:1/v1"


@pytest.fixture
def endpoint(settings: Any) -> None:
    """An endpoint configured in the environment."""
    settings.LLM_API_URL = "https://models.example/v1"
    settings.LLM_API_KEY = "sk-0123456789abcd"
    settings.LLM_MODEL = "big-model"


def test_without_an_endpoint_the_demo_answers() -> None:
    model = ensure_default_model(demo_url=DEMO)
    assert model is not None
    assert (model.name, model.is_demo, model.base_url) == (DEMO_NAME, True, DEMO)


def test_the_demos_address_follows_its_port() -> None:
    ensure_default_model(demo_url=DEMO)
    ensure_default_model(demo_url="http://127.0.0.1:2/v1")
    assert ModelConfig.objects.get().base_url == "http://127.0.0.1:2/v1"


@pytest.mark.usefixtures("endpoint")
def test_the_environments_endpoint_becomes_a_model_once() -> None:
    model = ensure_default_model()
    assert model is not None
    assert (model.model, model.api_key_hint) == ("big-model", "abcd")
    assert model.read_api_key() == "sk-0123456789abcd"
    ModelConfig.objects.update(base_url="https://changed.example/v1")
    ensure_default_model()
    assert ModelConfig.objects.get().base_url == "https://changed.example/v1"


def test_an_endpoint_set_later_replaces_the_demo(request: pytest.FixtureRequest) -> None:
    ensure_default_model(demo_url=DEMO)
    request.getfixturevalue("endpoint")
    model = ensure_default_model()
    assert model is not None
    assert not model.is_demo
    assert not ModelConfig.objects.get(is_demo=True).enabled


def test_nothing_configured_is_no_model() -> None:
    assert ensure_default_model() is None


def test_two_defaults_cannot_be() -> None:
    ModelConfig.objects.create(name="a", base_url=DEMO, model="a", is_default=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelConfig.objects.create(name="b", base_url=DEMO, model="b", is_default=True)


def test_refused_fields_add_up() -> None:
    model = ModelConfig.objects.create(name="a", base_url=DEMO, model="a")
    remember_refused(model_id=model.pk, refused=["tools"])
    remember_refused(model_id=model.pk, refused=["stream_options"])
    model.refresh_from_db()
    assert model.capabilities["refused"] == ["stream_options", "tools"]

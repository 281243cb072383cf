"""The admin page of models."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from llm.models import Breaker, ModelConfig
from tests import cast
from tests.upstream import Reply, Upstream, refuse

pytestmark = pytest.mark.django_db
KEY = "sk-0123456789abcd"
URL = "/admin/llm/modelconfig"


@pytest.fixture
def admin() -> Client:
    """Ada, signed in."""
    client = Client()
    client.force_login(cast.ada())
    return client


@pytest.fixture
def model(upstream_server: Upstream) -> ModelConfig:
    """A model at the scripted upstream."""
    model = ModelConfig(name="Fast", base_url=upstream_server.base_url, model="fast-1")
    model.set_api_key(KEY)
    model.save()
    return model


def form(**changes: Any) -> dict[str, Any]:
    """A filled-in form."""
    return {
        "name": "Big",
        "provider_name": "openai-compatible",
        "base_url": "https://8.8.8.8/v1",
        "model": "big",
        "enabled": "on",
        "draft_weight": "1",
        **changes,
    }


def add(admin: Client, **changes: Any) -> ModelConfig:
    """A model added by the page."""
    answer = admin.post(f"{URL}/add/", form(**changes))
    assert answer.status_code == 302, answer.content.decode()
    return ModelConfig.objects.get(name=changes.get("name", "Big"))


def test_a_key_can_be_written_and_is_never_shown(admin: Client) -> None:
    model = add(admin, api_key=KEY)
    assert model.read_api_key() == KEY
    page = admin.get(f"{URL}/{model.pk}/change/").content.decode()
    assert KEY not in page
    assert model.api_key_encrypted not in page
    assert "abcd" in page


def test_an_empty_field_keeps_the_key_and_another_host_drops_it(admin: Client) -> None:
    model = add(admin, api_key=KEY)
    admin.post(f"{URL}/{model.pk}/change/", form(notes="Kept"))
    model.refresh_from_db()
    assert (model.notes, model.read_api_key()) == ("Kept", KEY)
    admin.post(f"{URL}/{model.pk}/change/", form(base_url="https://1.1.1.1/v1"))
    model.refresh_from_db()
    assert (model.read_api_key(), model.api_key_hint) == ("", "")


def test_a_key_can_be_deleted(admin: Client) -> None:
    model = add(admin, api_key=KEY)
    admin.post(f"{URL}/{model.pk}/change/", form(forget_api_key="on"))
    model.refresh_from_db()
    assert model.api_key_state() == "none"


def test_parameters_and_prices_are_fields(admin: Client) -> None:
    model = add(
        admin, temperature="0.3", timeout_ms="9000", price_prompt="0.15", price_currency="eur"
    )
    assert model.default_params == {"temperature": 0.3, "timeout_ms": 9000}
    assert model.prices == {"prompt": 0.15, "currency": "EUR"}
    page = admin.get(f"{URL}/{model.pk}/change/").content.decode()
    assert 'value="0.15"' in page
    assert 'value="EUR"' in page


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "file:///etc/passwd"},
        {"base_url": "https://user:password@8.8.8.8/"},
        {"provider_name": "acme"},
        {"temperature": "3"},
        {"max_tokens": "0"},
        {"price_prompt": "-1"},
        {"price_prompt": "1", "price_currency": "XQX"},
        {"daily_budget": "-1"},
        {"api_key": "two words"},
    ],
)
def test_bad_input_is_refused_beside_its_field(admin: Client, change: dict[str, str]) -> None:
    answer = admin.post(f"{URL}/add/", form(**change))
    assert answer.status_code == 200
    assert set(answer.context["adminform"].form.errors) <= {*change}
    assert not ModelConfig.objects.exists()


def test_private_addresses_need_the_operators_switch(admin: Client, settings: Any) -> None:
    settings.LLM_ALLOW_PRIVATE_NETWORKS = False
    answer = admin.post(f"{URL}/add/", form(base_url="https://127.0.0.1/v1"))
    assert "LLM_ALLOW_PRIVATE_NETWORKS" in answer.content.decode()
    assert not ModelConfig.objects.exists()


def test_a_new_default_takes_the_place_of_the_old_one(admin: Client) -> None:
    first = add(admin, answers_customers="on")
    second = add(admin, name="Other", answers_customers="on")
    first.refresh_from_db()
    assert (first.is_default, second.is_default) == (False, True)
    data = {"action": "make_default", "_selected_action": [first.pk]}
    assert admin.post(f"{URL}/", data).status_code == 302
    assert ModelConfig.objects.get(is_default=True) == first


def test_models_are_switched_in_the_list(admin: Client) -> None:
    model = add(admin)
    data = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": model.pk,
        "_save": "Save",
    }
    assert admin.post(f"{URL}/", data).status_code == 302
    model.refresh_from_db()
    assert not model.enabled
    assert (model.default_params, model.draft_weight) == ({}, 1)


def test_the_list_is_searched_and_outlives_a_lost_key(admin: Client, model: ModelConfig) -> None:
    ModelConfig.objects.create(name="Other", base_url="https://8.8.8.8/v1", model="other-1")
    ModelConfig.objects.filter(pk=model.pk).update(api_key_encrypted="lost:gAAAAA")
    page = admin.get(f"{URL}/", {"q": "fast"}).content.decode()
    assert "enter again" in page
    assert "Other" not in page
    assert "Enter it again." in admin.get(f"{URL}/{model.pk}/change/").content.decode()


def test_a_model_is_tried_from_its_page_and_from_the_list(
    admin: Client, model: ModelConfig, upstream_server: Upstream
) -> None:
    page = admin.post(f"{URL}/{model.pk}/test/", follow=True).content.decode()
    assert "It answers." in page
    assert "takes tools" in page
    upstream_server.script(refuse(401, f"bad key {KEY}"))
    data = {"action": "try_them", "_selected_action": [model.pk]}
    page = admin.post(f"{URL}/", data, follow=True).content.decode()
    assert "refuses the API key" in page
    assert KEY not in page


def test_the_page_says_when_the_endpoint_is_left_alone(admin: Client, model: ModelConfig) -> None:
    from llm.limits.breakers import key_of

    Breaker.objects.create(endpoint=key_of(model), open_until="2100-01-01T00:00:00Z")
    ModelConfig.objects.update(daily_budget=5, prices={"prompt": 1, "currency": "USD"})
    page = admin.get(f"{URL}/{model.pk}/change/").content.decode()
    assert "left alone after failures" in page
    assert "0.0000 of 5.00 USD spent today" in page


def test_names_are_offered(admin: Client, model: ModelConfig, upstream_server: Upstream) -> None:
    body = orjson.dumps({"data": [{"id": "a"}, {"id": "b"}]})
    headers = {"Content-Type": "application/json"}
    upstream_server.script(Reply([body], headers=headers), refuse(401, KEY))
    data = {"base_url": model.base_url, "model_id": model.pk, "provider_name": "ollama"}
    assert admin.post(f"{URL}/discover/", data).json() == {"results": ["a", "b"]}
    refused = admin.post(f"{URL}/discover/", data)
    assert refused.status_code == 502
    assert KEY not in refused.content.decode()
    assert admin.post(f"{URL}/discover/", {"base_url": "x"}).status_code == 400
    page = admin.get(f"{URL}/add/").content.decode()
    assert "llm/admin/discover.js" in page
    assert 'data-discover="/admin/llm/modelconfig/discover/"' in page


def test_the_demos_address_is_fixed(admin: Client) -> None:
    demo = ModelConfig.objects.create(
        name="Demo", provider_name="demo", base_url="http://127.0.0.1:1/v1", model="d", is_demo=True
    )
    posted = form(name="Demo", base_url="http://127.0.0.1:2/v1", notes="Changed")
    assert admin.post(f"{URL}/{demo.pk}/change/", posted).status_code == 302
    demo.refresh_from_db()
    assert (demo.base_url, demo.notes) == ("http://127.0.0.1:1/v1", "Changed")


@pytest.mark.parametrize("who", [cast.ben, cast.vic, None])
def test_nobody_but_admins_tries_and_looks(who: Any, model: ModelConfig) -> None:
    client = Client()
    if who:
        client.force_login(who())
    for path in (f"{URL}/{model.pk}/test/", f"{URL}/discover/"):
        assert client.post(path, {"model_id": model.pk}).status_code in (302, 403)
    assert not ModelConfig.objects.get(pk=model.pk).capabilities


def test_deeds_are_by_post_alone(admin: Client, model: ModelConfig) -> None:
    assert admin.get(f"{URL}/{model.pk}/test/").status_code == 405
    assert admin.get(f"{URL}/discover/").status_code == 405


def test_a_deleted_model_is_gone(admin: Client, model: ModelConfig) -> None:
    assert admin.post(f"{URL}/{model.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not ModelConfig.objects.exists()

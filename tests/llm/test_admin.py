"""The admin pages of models and answers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.test import Client

from chatsite.lib import clock
from chatsite.lib.ids import uuid7
from llm.models import Answer, Breaker, ModelConfig, Spending
from sessions_app.models import ChatSession
from tests import cast

pytestmark = pytest.mark.django_db
KEY = "sk-0123456789abcd"
URL = "/admin/llm/modelconfig"


@pytest.fixture
def admin() -> Client:
    """Ada, signed in."""
    client = Client()
    client.force_login(cast.ada())
    return client


def form(**changes: Any) -> dict[str, Any]:
    """A filled-in form."""
    return {
        "name": "Big",
        "provider_name": "openai-compatible",
        "base_url": "https://models.example/v1",
        "model": "big",
        "enabled": "on",
        "api_key": "",
        "system_prompt": "",
        "default_params": "{}",
        "prices": "{}",
        "notes": "",
        **changes,
    }


def test_a_key_can_be_written_and_is_never_shown(admin: Client) -> None:
    answer = admin.post(f"{URL}/add/", form(api_key=KEY))
    assert answer.status_code == 302, answer.content
    model = ModelConfig.objects.get()
    assert model.read_api_key() == KEY
    page = admin.get(f"{URL}/{model.pk}/change/").content.decode()
    assert KEY not in page
    assert model.api_key_encrypted not in page
    assert "abcd" in page


def test_an_empty_field_keeps_the_key_and_another_host_drops_it(admin: Client) -> None:
    admin.post(f"{URL}/add/", form(api_key=KEY))
    model = ModelConfig.objects.get()
    admin.post(f"{URL}/{model.pk}/change/", form(notes="Kept"))
    model.refresh_from_db()
    assert (model.notes, model.read_api_key()) == ("Kept", KEY)
    admin.post(f"{URL}/{model.pk}/change/", form(base_url="https://attacker.example/v1"))
    model.refresh_from_db()
    assert (model.read_api_key(), model.api_key_hint) == ("", "")


@pytest.mark.parametrize(
    "change", [{"base_url": "file:///etc/passwd"}, {"default_params": "{broken"}]
)
def test_bad_input_is_refused(admin: Client, change: dict[str, str]) -> None:
    assert admin.post(f"{URL}/add/", form(**change)).status_code == 200
    assert not ModelConfig.objects.exists()


def test_a_second_default_is_refused_kindly(admin: Client) -> None:
    admin.post(f"{URL}/add/", form(is_default="on"))
    answer = admin.post(f"{URL}/add/", form(name="Other", is_default="on"))
    assert answer.status_code == 200
    assert "Another model is the default" in answer.content.decode()


def test_answers_can_only_be_read(admin: Client) -> None:
    session = ChatSession.objects.create(customer=cast.vic())
    answer = Answer.objects.create(
        id=uuid7(), session=session, status="done", created_at=clock.now()
    )
    assert admin.get("/admin/llm/answer/").status_code == 200
    assert admin.get(f"/admin/llm/answer/{answer.pk}/change/").status_code == 200
    assert admin.post(f"/admin/llm/answer/{answer.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin.get("/admin/llm/answer/add/").status_code == 403


def test_a_breaker_is_shown_and_can_be_closed_by_deleting_it(admin: Client) -> None:
    until = clock.now() + dt.timedelta(minutes=1)
    breaker = Breaker.objects.create(endpoint="https://models.example:443/v1", open_until=until)
    assert "open: it is left alone" in admin.get("/admin/llm/breaker/").content.decode()
    page = f"/admin/llm/breaker/{quote(breaker.pk)}"
    assert admin.get(f"{page}/change/").status_code == 200
    assert admin.post(f"{page}/delete/", {"post": "yes"}).status_code == 302
    assert not Breaker.objects.exists()


def test_spending_is_shown_and_not_changed(admin: Client) -> None:
    model = ModelConfig.objects.create(name="Big", base_url="https://models.example/v1")
    row = Spending.objects.create(model=model, day=clock.now().date(), spent="1.5")
    assert "1.5" in admin.get("/admin/llm/spending/").content.decode()
    assert admin.post(f"/admin/llm/spending/{row.pk}/change/", {"spent": 0}).status_code == 403

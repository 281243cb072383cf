"""The admin pages of answers, breakers and spending."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.admin.utils import quote
from django.test import Client

from chatsite.lib import clock
from chatsite.lib.ids import uuid7
from llm.models import Answer, Breaker, ModelConfig, Spending, Turn
from sessions_app.models import ChatSession
from tests import cast
from tests.llm.stats.samples import comparison

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    """Ada, signed in."""
    client = Client()
    client.force_login(cast.ada())
    return client


def test_answers_can_only_be_read(admin: Client) -> None:
    session = ChatSession.objects.create(customer=cast.vic())
    answer = Answer.objects.create(
        id=uuid7(), session=session, status="done", created_at=clock.now()
    )
    assert admin.get("/admin/llm/answer/").status_code == 200
    assert admin.get(f"/admin/llm/answer/{answer.pk}/change/").status_code == 200
    assert admin.post(f"/admin/llm/answer/{answer.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin.get("/admin/llm/answer/add/").status_code == 403


def test_who_answered_blindly_is_told_once_one_is_picked(admin: Client) -> None:
    swift, atlas = (
        ModelConfig.objects.create(name=name, base_url="https://models.example/v1")
        for name in ("Swift", "Atlas")
    )
    turn = comparison(swift, atlas, cost="0.73519", prices={"currency": "USD"})
    Turn.objects.filter(pk=turn.pk).update(blind=True)
    answer = Answer.objects.get(turn=turn, model=swift)
    pages = (
        "/admin/llm/answer/?q=" + str(answer.pk),
        f"/admin/llm/answer/{answer.pk}/change/",
        f"/admin/llm/answer/?model__id__exact={swift.pk}",
    )

    def told(page: str) -> bool:
        body = admin.get(page).content.decode()
        return "0.73519" in body or f">{answer.model_label}<" in rows_of(body)

    assert [told(page) for page in pages] == [False, False, False]
    Turn.objects.filter(pk=turn.pk).update(picked_slot=1, picked_at=clock.now())
    assert [told(page) for page in pages] == [True, True, True]


def rows_of(body: str) -> str:
    """The page without its filters, which name every model."""
    begins, ends = body.find('id="result_list"'), body.find("</table>")
    return body[begins:ends] if begins >= 0 else body


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

"""What monitoring hears of answers that end."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from prometheus_client import REGISTRY

from llm.answers.records import close
from llm.models import Answer
from tests.llm.stats.samples import answer, models

pytestmark = pytest.mark.django_db


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def test_an_answer_that_ends_is_counted_once_under_its_model(
    django_capture_on_commit_callbacks: Any,
) -> None:
    (model,) = models("Counted")
    made = answer(model, status="running", prices={"currency": "USD"})
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            close(
                made.pk,
                0,
                Answer.Status.DONE,
                prompt_tokens=7,
                completion_tokens=5,
                cost=Decimal("0.5"),
            )
    assert value("cland_model_answers_total", model="Counted", status="done") == 1
    assert value("cland_model_tokens_total", model="Counted", kind="prompt") == 7
    assert value("cland_model_tokens_total", model="Counted", kind="completion") == 5
    assert value("cland_model_cost_total", model="Counted", currency="USD") == 0.5

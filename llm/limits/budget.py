"""Budgets by model and day: what an answer may cost is reserved before the call, and settled after.

The day is that of UTC. Only models with a budget have rows here, so others pay nothing for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import F, Sum

from llm.limits.prices import cost_of
from llm.models import Answer, ModelConfig, Spending
from llm.prompts import Prompt


class Reservation(NamedTuple):
    """A part of a model's budget that is kept for one open answer."""

    model_id: int
    day: dt.date
    amount: Decimal


def reservation_of(answer: Answer) -> Reservation | None:
    """What is kept for an answer, as its row says."""
    if answer.reserved is None or answer.model_id is None or answer.started_at is None:
        return None
    return Reservation(answer.model_id, answer.started_at.date(), answer.reserved)


def most_it_costs(model: ModelConfig, prompt: Prompt, params: Mapping[str, Any]) -> Decimal | None:
    """Return what an answer may cost; None where no price is known."""
    most = params.get("max_tokens")
    completion = most if isinstance(most, int) and most > 0 else settings.LLM_ANSWER_CHARS // 2
    return cost_of(model.prices, prompt.tokens(settings.LLM_CONTEXT_CHARS), completion)


def reserve(model: ModelConfig, amount: Decimal, now: dt.datetime) -> Reservation | None:
    """Keep ``amount`` of today's budget, or return None when there is not so much left.

    One conditional update: of many at once, only as many succeed as there is money for.
    """
    assert model.daily_budget is not None
    today = now.date()
    Spending.objects.get_or_create(
        model_id=model.pk, day=today, defaults={"spent": _spent_on(model, today)}
    )
    kept = (
        Spending.objects.filter(model=model.pk, day=today)
        .alias(used=F("spent") + F("reserved"))
        .filter(used__lte=model.daily_budget - amount)
        .update(reserved=F("reserved") + amount)
    )
    return Reservation(model.pk, today, amount) if kept else None


def settle(reservation: Reservation, cost: Decimal | None) -> None:
    """Give back what was reserved, and note what was spent."""
    Spending.objects.filter(model=reservation.model_id, day=reservation.day).update(
        reserved=F("reserved") - reservation.amount, spent=F("spent") + (cost or Decimal(0))
    )


def forget_unlimited() -> None:
    """Drop the sums of models without a budget: they are added up anew if one is set again."""
    Spending.objects.filter(model__daily_budget__isnull=True, reserved__lte=0).delete()


def _spent_on(model: ModelConfig, day: dt.date) -> Decimal:
    begin = dt.datetime.combine(day, dt.time(), dt.UTC)
    ended = Answer.objects.filter(
        model=model.pk, finished_at__gte=begin, created_at__gte=begin - dt.timedelta(hours=1)
    )
    return ended.aggregate(sum=Sum("cost"))["sum"] or Decimal(0)

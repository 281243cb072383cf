"""May this answer ask this model now? Rows are the truth, so the limits hold over all processes."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.conf import settings

from chatsite.lib.errors import RateLimited
from llm.limits import breakers, budget
from llm.limits.budget import Reservation
from llm.models import Answer, Breaker, ModelConfig
from llm.prompts import Prompt
from sessions_app.models import ChatSession, Floor

RETRY_AFTER_S = 10


@dataclass(frozen=True, slots=True)
class Admitted:
    """The answer may ask; perhaps as the probe of its model, perhaps on a budget."""

    reservation: Reservation | None = None
    is_probe: bool = False


FREE = Admitted()


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer may not ask now: all places taken, the model fails, or the budget is spent."""

    reason: Literal["busy", "circuit_open", "budget"]


@dataclass(frozen=True, slots=True)
class Wish:
    """An answer that would like to ask."""

    answer_id: UUID
    is_reply: bool
    now: dt.datetime
    trouble: Mapping[str, Breaker]


def admit(
    model: ModelConfig, wish: Wish, *, prompt: Prompt, params: Mapping[str, Any]
) -> Admitted | Refused:
    """Take a place at the model, inside the transaction that claims the answer."""
    if model.max_parallel is not None and not _has_place(model, wish):
        return Refused("busy")
    way = breakers.way_to(model, wish.trouble, answer_id=wish.answer_id, now=wish.now)
    if way == "closed":
        return Refused("circuit_open")
    kept = None
    if model.daily_budget is not None:
        amount = budget.most_it_costs(model, prompt, params)
        kept = None if amount is None else budget.reserve(model, amount, wish.now)
        if amount is not None and kept is None:
            if way == "probe":
                breakers.let_go(model, answer_id=wish.answer_id)
            return Refused("budget")
    return Admitted(kept, is_probe=way == "probe")


def _has_place(model: ModelConfig, wish: Wish) -> bool:
    assert model.max_parallel is not None
    # Whoever counts has the model's row: of two at once, the second sees the first one's answer.
    ModelConfig.objects.select_for_update(no_key=True).only("pk").get(pk=model.pk)
    running = Answer.objects.filter(
        model=model.pk, status=Answer.Status.RUNNING, lease_until__gt=wish.now
    ).exclude(pk=wish.answer_id)
    free = model.max_parallel - running.count()
    if free > 0 and not wish.is_reply and model.is_default:
        # Customers first: what is owed to them keeps its places.
        free -= ChatSession.objects.filter(
            floor=Floor.ASSISTANT, reply_due_at__lte=wish.now
        ).count()
    return free > 0


def require_room(*, user_id: int, models: Sequence[ModelConfig]) -> None:
    """Refuse a question before anything is stored of it, when too much is open already.

    ``models`` has one for each slot. Raises :class:`RateLimited` with the limit that is reached.
    """
    slots = Answer.objects.filter(turn__isnull=False, status__in=Answer.OPEN)
    if slots.filter(turn__asked_by=user_id).count() + len(models) > settings.LLM_USER_SLOTS:
        raise RateLimited("You have too many answers running", retry_after=RETRY_AFTER_S)
    for model, wanted in Counter(models).items():
        if model.max_parallel is None:
            continue
        most = model.max_parallel + settings.LLM_MODEL_QUEUE
        if Answer.objects.filter(model=model.pk, status__in=Answer.OPEN).count() + wanted > most:
            raise RateLimited("Too many answers of this model wait", retry_after=RETRY_AFTER_S)

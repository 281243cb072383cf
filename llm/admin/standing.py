"""How a model stands: what was seen of it, whether it is asked, what it has cost today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from chatsite.lib import clock
from llm.limits.breakers import key_of
from llm.models import Breaker, ModelConfig, Spending
from llm.providers.words import sentence


@dataclass(frozen=True, slots=True)
class Standing:
    """For the top of a model's page."""

    pk: int
    key_lost: bool
    tried: dict[str, Any] | None
    abilities: list[tuple[str, bool]]
    breaker: str
    spent: str


def standing(model: ModelConfig) -> Standing:
    """Return how a model stands, in two queries."""
    return Standing(
        pk=model.pk,
        key_lost=model.api_key_state() == "enter_again",
        tried=_tried(model),
        abilities=[
            (label, bool(model.capabilities[name]))
            for name, label in (
                ("streaming", _("streams")),
                ("usage_in_stream", _("counts tokens in the stream")),
                ("tools", _("takes tools")),
            )
            if name in model.capabilities
        ],
        breaker=_breaker(model),
        spent=_spent(model),
    )


def _tried(model: ModelConfig) -> dict[str, Any] | None:
    tested = model.capabilities.get("tested")
    if not tested:
        return None
    return {
        **tested,
        "ok": tested["reason"] == "ok",
        "at": parse_datetime(tested["at"]),
        "detail": sentence(tested["reason"]),
    }


def _breaker(model: ModelConfig) -> str:
    row = Breaker.objects.filter(endpoint=key_of(model)).first()
    words = {
        "open": _("left alone after failures"),
        "half-open": _("tried by one answer after failures"),
        "resting": _("asked for a pause"),
    }
    return words.get(row.state(clock.now()), "") if row is not None else ""


def _spent(model: ModelConfig) -> str:
    if model.daily_budget is None:
        return ""
    row = Spending.objects.filter(model=model, day=clock.now().date()).first()
    spent = row.spent if row is not None else 0
    currency = model.prices.get("currency", "")
    return _("%(spent)s of %(budget)s %(currency)s spent today") % {
        "spent": f"{spent:.4f}",
        "budget": f"{model.daily_budget:.2f}",
        "currency": currency,
    }

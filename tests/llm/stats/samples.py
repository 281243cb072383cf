"""A thousand answers of every kind, and the figures counted from them in plain Python."""

from __future__ import annotations

import datetime as dt
import random
import statistics
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from chatsite.lib.ids import uuid7
from llm.models import Answer, ModelConfig, Turn
from sessions_app.models import ChatSession
from tests import cast

FROM = dt.datetime(2026, 10, 20, tzinfo=dt.UTC)
DAYS = 10
STATUSES = {"done": 70, "failed": 8, "stopped": 6, "superseded": 5, "handoff": 8, "running": 3}
Picked = tuple[int, int]


def models(*names: str) -> list[ModelConfig]:
    """New models."""
    return [
        ModelConfig.objects.create(name=name, base_url="https://api.example/v1", model=name)
        for name in names
    ]


def session(**fields: Any) -> ChatSession:
    """A new chat of Vic's."""
    return ChatSession.objects.create(customer=cast.vic(), **fields)


def answer(model: ModelConfig | None, at: dt.datetime = FROM, **fields: Any) -> Answer:
    """A new answer, done unless told otherwise."""
    values = {"status": "done", "model_label": model.name if model else "", **fields}
    if "turn" not in values and values.get("purpose", "reply") == "reply":
        values.setdefault("session", session())
    return Answer.objects.create(id=uuid7(), model=model, created_at=at, **values)


def comparison(
    *asked: ModelConfig, picked: int | None = None, at: dt.datetime = FROM, **fields: Any
) -> Turn:
    """A finished turn in which each of the models is done."""
    turn = Turn.objects.create(
        kind="draft",
        session=session(),
        created_at=at,
        finished_at=at,
        picked_slot=picked,
        picked_at=None if picked is None else at,
    )
    for slot, model in enumerate(asked):
        answer(model, at, turn=turn, slot=slot, purpose="draft", **fields)
    return turn


def thousand(luck: random.Random, asked: Sequence[ModelConfig], count: int = 1000) -> list[Answer]:
    """A thousand answers over ten days: replies, drafts in pairs, refusals, two currencies."""
    made: list[Answer] = []
    while len(made) < count:
        at = FROM + dt.timedelta(seconds=luck.uniform(0, DAYS * 86_400))
        if luck.random() < 0.8:
            made.append(_any(luck, luck.choice(asked), at, session=session()))
            continue
        turn = Turn.objects.create(
            kind="draft",
            session=session(),
            created_at=at,
            finished_at=at,
            picked_slot=0,
            picked_at=at,
        )
        for slot, model in enumerate(luck.sample(asked, 2)):
            made.append(_any(luck, model, at, turn=turn, slot=slot, purpose="draft"))
    Answer.objects.bulk_create(made)
    return made


def _any(luck: random.Random, model: ModelConfig, at: dt.datetime, **place: Any) -> Answer:
    status = luck.choices(list(STATUSES), list(STATUSES.values()))[0]
    reason = luck.choice(("", "", "budget", "busy")) if status == "failed" else ""
    begun = status != "failed" and luck.random() < 0.95
    prompt, completion = luck.randint(0, 2000), luck.randint(0, 400)
    return Answer(
        id=uuid7(),
        model=model,
        model_label=model.name,
        status=status,
        error_reason=reason,
        prompt_tokens=prompt if begun else None,
        completion_tokens=completion if begun else None,
        total_tokens=luck.choice((None, prompt + completion)) if begun else None,
        usage_source=luck.choice(("provider", "estimated")) if begun else "none",
        cost=Decimal(luck.randint(0, 10**6)) / 10**8 if begun else None,
        prices={"currency": luck.choice(("USD", "EUR"))} if begun else {},
        ttft_ms=luck.randint(50, 3000) if begun else None,
        latency_ms=luck.randint(300, 9000) if begun else None,
        support=luck.choice(("", "cited", "cited", "uncited", "nothing")),
        created_at=at,
        **place,
    )


def counted(rows: Sequence[Answer]) -> dict[str, Any]:
    """The figures of some answers, from the definitions and nothing of the product."""
    asked = [r for r in rows if r.error_reason not in ("budget", "busy")]
    by = Counter(row.status for row in asked)
    done = [row for row in asked if row.status == "done"]
    latencies = [row.latency_ms for row in done if row.latency_ms is not None]
    firsts = [row.ttft_ms for row in done if row.ttft_ms is not None]
    replies = Counter(row.status for row in asked if row.purpose == "reply")
    cost: dict[str, Decimal] = {}
    for row in rows:
        if row.cost is not None:
            currency = row.prices["currency"]
            cost[currency] = cost.get(currency, Decimal()) + row.cost
    grounded = [row for row in done if row.support]
    total = {r.pk: (r.prompt_tokens or 0) + (r.completion_tokens or 0) for r in rows}
    return {
        "requests": len(asked),
        "success_rate": by["done"] / (by["done"] + by["failed"]),
        "stopped": by["stopped"],
        "superseded": by["superseded"],
        "open": by["running"],
        "refused": {
            "budget": sum(r.error_reason == "budget" for r in rows),
            "admission": sum(r.error_reason == "busy" for r in rows),
        },
        "latency_ms": {
            "avg": statistics.fmean(latencies),
            **_shares(latencies),
            "n": len(latencies),
        },
        "ttft_ms": {**_shares(firsts), "n": len(firsts)},
        "tokens": {
            "prompt": sum(r.prompt_tokens or 0 for r in rows),
            "completion": sum(r.completion_tokens or 0 for r in rows),
            "total": sum(total.values()),
            "estimated_share": sum(total[r.pk] for r in rows if r.usage_source == "estimated")
            / sum(total.values()),
        },
        "cost": {currency: str(cost[currency]) for currency in sorted(cost)},
        "unsupported_rate": sum(row.support != "cited" for row in grounded) / len(grounded),
        "unsupported": {
            "unsupported": sum(row.support != "cited" for row in grounded),
            "n": len(grounded),
        },
        "handoff_rate": replies["handoff"] / (replies["done"] + replies["handoff"]),
    }


def _shares(values: list[int]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": statistics.median(values), "p95": cuts[94]}

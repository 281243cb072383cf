"""The figures of models over a stretch of time, from the rows of their answers.

What counts as what:

* a *request* is an answer that was asked of a model; a **refusal** (a budget was spent, a model had
  no place left) never reached one, and is counted apart;
* ``success_rate`` is done / (done + failed). Handing over is neither: the model said that a person
  should answer. Stopped and superseded answers were ended by people, and are counted apart;
* latency and time to first text are those of answers that are done;
* tokens and cost are those of every answer, however it ended: they were paid for.

One pass over the rows gives everything: groups so small that all figures are sums of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any

from django.db.models import Case, CharField, Count, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from llm.models import Answer, ModelConfig
from llm.stats.figures import Figures
from llm.stats.picks import Picks, picks
from llm.stats.sql import Values, interval_number
from llm.stats.window import Window

Status = Answer.Status
# Why an answer was refused before its model was asked, by `error_reason`.
BUDGET = ("budget",)
ADMISSION = ("busy", "circuit_open")
# The usual one first: rows are asked in this order.
OUTCOMES: dict[str, Q] = {
    "done": Q(status=Status.DONE),
    "refused_budget": Q(status=Status.FAILED, error_reason__in=BUDGET),
    "refused_admission": Q(status=Status.FAILED, error_reason__in=ADMISSION),
    "failed": Q(status=Status.FAILED),  # for another reason than those above
    "handoff": Q(status=Status.HANDOFF),
    "stopped": Q(status=Status.STOPPED),
    "superseded": Q(status=Status.SUPERSEDED),
    "open": Q(status__in=Answer.OPEN),
}
NO_CURRENCY = "XXX"  # of ISO 4217
CENT = Decimal("1e-8")  # the least that is stored; SQLite adds with floats, which have more
REFUSED = ("refused_budget", "refused_admission")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which model: its id, and its name as it is now; of a deleted one, as its answers say."""

    model_id: int | None
    name: str


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """A model's figures over the window, and by number over those intervals that have any."""

    asked: Asked
    figures: Figures
    intervals: Mapping[int, Figures]


@dataclass(frozen=True, slots=True)
class Usage:
    """A window's figures: of all models together, and one by one, the busiest first."""

    window: Window
    everything: Figures
    models: Sequence[ModelUsage]


def answers(window: Window, *, model_id: int | None = None, purpose: str = "") -> QuerySet[Answer]:
    """Return the answers asked of models in the window, in no order.

    A customer who wants a person gets one without a model being asked: such a row names none.
    """
    found = Answer.objects.filter(created_at__gte=window.start, created_at__lt=window.end)
    found = found.exclude(model__isnull=True, model_label="")
    if model_id is not None:
        found = found.filter(model_id=model_id)
    return (found.filter(purpose=purpose) if purpose else found).order_by()


def outcome() -> Case:
    """Return the expression for what became of an answer: a key of OUTCOMES."""
    cases = [When(condition, then=Value(name)) for name, condition in OUTCOMES.items()]
    return Case(*cases, default=Value(""), output_field=CharField())


def usage(window: Window, *, model_id: int | None = None, purpose: str = "") -> Usage:
    """Count the window."""
    rows = answers(window, model_id=model_id, purpose=purpose)
    names = dict(ModelConfig.objects.values_list("pk", "name"))
    cells: dict[Asked, dict[int, Figures]] = defaultdict(lambda: defaultdict(Figures))
    for line in _lines(rows, window):
        asked = Asked(line["model_id"], names.get(line["model_id"], line["label"]))
        _add(cells[asked][line["number"]], line)
    _add_picks(cells, picks(window, model_id=model_id, purpose=purpose), names)
    models = [ModelUsage(asked, _whole(by.values()), by) for asked, by in cells.items()]
    models.sort(key=lambda one: (-one.figures.requests, one.asked.name, one.asked.model_id or 0))
    return Usage(window, Figures.sum_of(one.figures for one in models), models)


# A model that was deleted is known by the name that its answers kept.
_LABEL = Case(When(model__isnull=True, then="model_label"), default=Value(""))
_TOTAL = Coalesce("total_tokens", Coalesce("prompt_tokens", 0) + Coalesce("completion_tokens", 0))


def _lines(rows: QuerySet[Answer], window: Window) -> Iterable[Mapping[str, Any]]:
    number = interval_number("created_at", window.starts)
    # Grouped by the prices as they are: few differ, and none needs to be read for each row.
    return (
        rows.annotate(label=_LABEL, number=number, outcome=outcome())
        .values("model_id", "label", "number", "outcome", "prices")
        .annotate(
            rows=Count("pk"),
            replies=Count("pk", filter=Q(purpose=Answer.Purpose.REPLY)),
            prompt=Sum("prompt_tokens"),
            completion=Sum("completion_tokens"),
            total=Sum(_TOTAL),
            estimated=Sum(_TOTAL, filter=Q(usage_source=Answer.UsageSource.ESTIMATED)),
            paid=Sum("cost"),
            latencies=Values("latency_ms"),
            ttfts=Values("ttft_ms"),
        )
    )


def _add(cell: Figures, line: Mapping[str, Any]) -> None:
    name = line["outcome"]
    setattr(cell, name, getattr(cell, name) + line["rows"])
    if name not in REFUSED:
        cell.requests += line["rows"]
    cell.prompt_tokens += line["prompt"] or 0
    cell.completion_tokens += line["completion"] or 0
    cell.total_tokens += line["total"] or 0
    cell.estimated_tokens += line["estimated"] or 0
    if line["paid"] is not None:
        currency = line["prices"].get("currency") or NO_CURRENCY
        paid = line["paid"].quantize(CENT)
        cell.cost[currency] = cell.cost.get(currency, Decimal()) + paid
    if name == "handoff":
        cell.replies_handoff += line["replies"]
    elif name == "done":
        cell.replies_done += line["replies"]
        cell.latencies = sorted(chain(cell.latencies, filter(_known, line["latencies"])))
        cell.ttfts = sorted(chain(cell.ttfts, filter(_known, line["ttfts"])))


def _known(value: int | None) -> bool:
    return value is not None


def _add_picks(
    cells: Mapping[Asked, dict[int, Figures]],
    found: Mapping[tuple[int, int], Picks],
    names: Mapping[int, str],
) -> None:
    for (model_id, number), picked in found.items():
        cells[Asked(model_id, names.get(model_id, ""))][number].picks = picked


def _whole(parts: Iterable[Figures]) -> Figures:
    parts = list(parts)
    return parts[0] if len(parts) == 1 else Figures.sum_of(parts)

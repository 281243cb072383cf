"""Figures as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from chatsite.lib.clock import rfc3339
from llm.stats.drafts import Drafts
from llm.stats.figures import Figures
from llm.stats.usage import Usage

# A spreadsheet takes a cell that begins with one of these for a formula, and runs it.
FORMULA_STARTS = ("=", "+", "-", "@")
COLUMNS = (
    "requests success_rate done failed handoff stopped superseded open refused_budget "
    "refused_admission latency_avg_ms latency_p50_ms latency_p95_ms latency_n ttft_p50_ms "
    "ttft_p95_ms ttft_n prompt_tokens completion_tokens total_tokens estimated_tokens "
    "picked compared picked_rate picked_low picked_high handoff_rate grounded unsupported "
    "unsupported_rate drafts_shown drafts_sent drafts_sent_rate drafts_unchanged "
    "draft_edit_distance_p50 draft_sent_after_s_p50 draft_rating_avg draft_rating_n draft_closed "
    "draft_reopened draft_reopened_rate"
).split()


def as_csv(found: Usage) -> str:
    """Return a line for each model, or with intervals one for each model and interval."""
    currencies = sorted(found.everything.cost)
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    costs = [safe(f"cost_{currency}") for currency in currencies]
    writer.writerow(["from", "to", "model_id", "model", *COLUMNS, *costs])
    for line in _lines(found, currencies):
        writer.writerow([safe(cell) for cell in line])
    return sheet.getvalue()


def safe(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.strip().startswith(FORMULA_STARTS):
        return f"'{cell}"
    return "" if cell is None else cell


def _lines(found: Usage, currencies: list[str]) -> Iterator[list[Any]]:
    window = found.window
    for one in found.models:
        name = [one.asked.model_id, one.asked.name]
        if window.interval is None:
            moments = [rfc3339(window.start), rfc3339(window.end)]
            yield [*moments, *name, *_cells(one.figures, currencies)]
            continue
        for number, part in sorted(one.intervals.items()):
            moments = [rfc3339(window.starts[number]), rfc3339(window.end_of(number))]
            yield [*moments, *name, *_cells(part, currencies)]


def _cells(part: Figures, currencies: list[str]) -> list[Any]:
    low, high = part.picks.interval or (None, None)
    counts = [part.done, part.failed, part.handoff, part.stopped, part.superseded, part.open]
    return [
        part.requests,
        part.success_rate,
        *counts,
        part.refused_budget,
        part.refused_admission,
        part.latencies.mean,
        part.latencies.percentile(0.5),
        part.latencies.percentile(0.95),
        len(part.latencies),
        part.ttfts.percentile(0.5),
        part.ttfts.percentile(0.95),
        len(part.ttfts),
        part.prompt_tokens,
        part.completion_tokens,
        part.total_tokens,
        part.estimated_tokens,
        part.picks.picked,
        part.picks.beside,
        part.picks.rate,
        low,
        high,
        part.handoff_rate,
        part.grounded,
        part.unsupported,
        part.unsupported_rate,
        *_drafts(part.drafts),
        *(part.cost.get(currency) for currency in currencies),
    ]


def _drafts(part: Drafts) -> list[Any]:
    return [
        part.shown,
        part.sent,
        part.sent_rate,
        part.unchanged,
        part.distance,
        part.wait_s,
        part.rating,
        len(part.ratings),
        part.closed,
        part.reopened,
        part.reopened_rate,
    ]

"""The JSON shapes of figures."""

from __future__ import annotations

from typing import Any

from chatsite.lib.clock import rfc3339
from llm.stats.chats import ChatFigures, ChatUsage
from llm.stats.drafts import Drafts
from llm.stats.figures import Figures
from llm.stats.picks import ENOUGH
from llm.stats.usage import Usage
from llm.stats.window import Window

Payload = dict[str, Any]


def usage(found: Usage) -> Payload:
    """Return the answer of `/stats/usage`."""
    return {
        **_window(found.window),
        "enough": ENOUGH,
        "results": [
            {
                "model_id": one.asked.model_id,
                "model": one.asked.name,
                **figures(one.figures),
                **_intervals(found.window, {n: figures(part) for n, part in one.intervals.items()}),
            }
            for one in found.models
        ],
        "total": figures(found.everything),
    }


def chats(found: ChatUsage, window: Window) -> Payload:
    """Return the answer of `/stats/conversations`."""
    parts = {number: chat_figures(part) for number, part in found.intervals.items()}
    return {
        **_window(window),
        "total": chat_figures(found.everything),
        **_intervals(window, parts),
    }


def figures(found: Figures) -> Payload:
    """Return what a model's answers came to."""
    interval = found.picks.interval
    return {
        "requests": found.requests,
        "success_rate": found.success_rate,
        "done": found.done,
        "failed": found.failed,
        "handoff": found.handoff,
        "stopped": found.stopped,
        "superseded": found.superseded,
        "open": found.open,
        "refused": {"budget": found.refused_budget, "admission": found.refused_admission},
        "latency_ms": {
            "avg": found.latencies.mean,
            "p50": found.latencies.percentile(0.5),
            "p95": found.latencies.percentile(0.95),
            "n": len(found.latencies),
        },
        "ttft_ms": {
            "p50": found.ttfts.percentile(0.5),
            "p95": found.ttfts.percentile(0.95),
            "n": len(found.ttfts),
        },
        "tokens": {
            "prompt": found.prompt_tokens,
            "completion": found.completion_tokens,
            "total": found.total_tokens,
            "estimated_share": found.estimated_share,
        },
        "cost": {currency: str(amount) for currency, amount in sorted(found.cost.items())},
        "picked_rate": found.picks.rate,
        "picked": {
            "picked": found.picks.picked,
            "n": found.picks.beside,
            "low": interval[0] if interval else None,
            "high": interval[1] if interval else None,
            "enough": found.picks.enough,
        },
        "handoff_rate": found.handoff_rate,
        "unsupported_rate": found.unsupported_rate,
        "unsupported": {"unsupported": found.unsupported, "n": found.grounded},
        "drafts": drafts(found.drafts),
    }


def drafts(found: Drafts) -> Payload:
    """Return what became of a model's drafts."""
    return {
        "shown": found.shown,
        "sent": found.sent,
        "sent_rate": found.sent_rate,
        "unchanged": found.unchanged,
        "edit_distance": {"p50": found.distance, "n": len(found.distances)},
        "sent_after_s": {"p50": found.wait_s, "n": len(found.waits_s)},
        "rating": {"avg": found.rating, "n": len(found.ratings)},
        "closed": found.closed,
        "reopened": found.reopened,
        "reopened_rate": found.reopened_rate,
    }


def chat_figures(found: ChatFigures) -> Payload:
    """Return what became of chats."""
    return {
        "opened": found.opened,
        "assistant_replies": found.assistant_replies,
        "handoffs": found.handoffs,
        "closed": found.closed,
        "without_person": found.without_person,
        "deflection": found.deflection,
        "rating": {"avg": found.rating, "n": len(found.ratings)},
        "first_response_s": {"p50": found.first_response_s, "n": len(found.waits_s)},
    }


def _window(window: Window) -> Payload:
    return {
        "from": rfc3339(window.start),
        "to": rfc3339(window.end),
        "tz": window.zone.key,
        "interval": window.interval,
    }


def _intervals(window: Window, parts: dict[int, Payload]) -> Payload:
    if window.interval is None:
        return {}
    return {
        "intervals": [
            {"start": rfc3339(window.starts[n]), "end": rfc3339(window.end_of(n)), **part}
            for n, part in sorted(parts.items())
        ]
    }

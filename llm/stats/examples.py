"""Examples of the statistics' endpoints for the schema."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

FIGURES: dict[str, Any] = {
    "requests": 120,
    "success_rate": 0.9823,
    "done": 111,
    "failed": 2,
    "handoff": 5,
    "stopped": 1,
    "superseded": 1,
    "open": 0,
    "refused": {"budget": 3, "admission": 0},
    "latency_ms": {"avg": 2345.1, "p50": 2101.5, "p95": 4980.25, "n": 111},
    "ttft_ms": {"p50": 310.0, "p95": 902.5, "n": 111},
    "tokens": {"prompt": 84210, "completion": 20133, "total": 104343, "estimated_share": 0.0},
    "cost": {"USD": "0.24850000"},
    "picked_rate": 0.625,
    "picked": {"picked": 15, "n": 24, "low": 0.4271, "high": 0.7884, "enough": True},
    "handoff_rate": 0.0431,
    "unsupported_rate": 0.0625,
    "unsupported": {"unsupported": 5, "n": 80},
    "drafts": {
        "shown": 31,
        "sent": 19,
        "sent_rate": 0.6129,
        "unchanged": 8,
        "edit_distance": {"p50": 14.0, "n": 19},
        "sent_after_s": {"p50": 41.5, "n": 19},
        "rating": {"avg": 4.5, "n": 6},
        "closed": 17,
        "reopened": 1,
        "reopened_rate": 0.0588,
    },
}
WINDOW = {
    "from": "2026-11-15T00:00:00.000Z",
    "to": "2026-11-21T09:00:00.000Z",
    "tz": "UTC",
    "interval": None,
}
USAGE = OpenApiExample(
    "A week",
    value={
        **WINDOW,
        "enough": 10,
        "results": [{"model_id": 1, "model": "Main", **FIGURES}],
        "total": FIGURES,
    },
    response_only=True,
    status_codes=["200"],
)
CONVERSATIONS = OpenApiExample(
    "A week of chats",
    value={
        **WINDOW,
        "total": {
            "opened": 64,
            "assistant_replies": 118,
            "handoffs": 21,
            "closed": 60,
            "without_person": 41,
            "deflection": 0.6833,
            "rating": {"avg": 4.4, "n": 25},
            "first_response_s": {"p50": 74.0, "n": 19},
        },
    },
    response_only=True,
    status_codes=["200"],
)
ROWS = OpenApiExample(
    "One answer",
    value={
        "results": [
            {
                "id": "019aa5c4-7f3b-7c1e-9d53-2f6f6f3f9f10",
                "created_at": "2026-11-21T08:59:12.403Z",
                "model_id": 1,
                "model": "Main",
                "hidden": False,
                "purpose": "reply",
                "outcome": "done",
                "support": "cited",
                "error_code": "",
                "reason": "",
                "attempt": 1,
                "tokens": {
                    "prompt": 702,
                    "completion": 88,
                    "total": 790,
                    "source": "provider",
                },
                "cost": "0.00096600",
                "currency": "USD",
                "ttft_ms": 310,
                "latency_ms": 2101,
                "session_id": "019aa5c4-7f3b-7c1e-9d53-2f6f6f3f9f11",
                "turn_id": None,
                "slot": None,
                "picked": None,
                "sent": None,
            }
        ],
        "next": None,
        "hidden": 0,
    },
    response_only=True,
    status_codes=["200"],
)
CHATS = OpenApiExample(
    "One chat",
    value={
        "results": [
            {
                "at": "2026-11-21T08:59:12.403Z",
                "session_id": "019aa5c4-7f3b-7c1e-9d53-2f6f6f3f9f11",
                "status": "closed",
                "opened_at": "2026-11-21T08:41:00.000Z",
                "closed_at": "2026-11-21T08:59:12.403Z",
                "rating": 5,
            }
        ],
        "next": None,
    },
    response_only=True,
    status_codes=["200"],
)

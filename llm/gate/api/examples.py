"""Examples of the gate's endpoints for the schema."""

from __future__ import annotations

from typing import Any

from accounts.schema import example

ADA = {"id": 1, "name": "Ada Brandt"}
MAIN = {"id": 1, "name": "Main"}
REPLAY_ID = "019aa5c4-7f3b-7c1e-9d53-2f6f6f3f9f10"
AT = "2026-11-22T10:30:00.000Z"

BEGUN: dict[str, Any] = {
    "name": "How long do I have to return a jacket?",
    "is_red_team": False,
    "talk": [{"role": "customer", "text": "How long do I have to return a jacket?"}],
    "must_say": ["60 days | sixty days"],
    "must_not_say": ["30 days"],
    "handoff": "no",
    "session_id": "019aa5c4-7f3b-7c1e-9d53-2f6f6f3f9f11",
}
CASE = {
    "id": 12,
    **BEGUN,
    "enabled": True,
    "cites": [{"id": 7, "title": "Returns"}],
    "created_by": ADA,
    "created_at": AT,
}
WRITE_CASE = {
    "name": "How long to return",
    "talk": BEGUN["talk"],
    "cites": [7],
    "must_say": ["60 days | sixty days"],
    "handoff": "no",
}
KEEP_CASE = {"must_say": ["60 days | sixty days"], "upto_seq": 5}
REPLAY_REF = {"id": REPLAY_ID, "status": "done", "passed": True}
RELEASE: dict[str, Any] = {
    "id": 4,
    "name": "Shorter answers",
    "state": "candidate",
    "model": MAIN,
    "system_prompt": "Answer in two sentences.",
    "params": {"temperature": 0.2},
    "articles": [{"id": 7, "title": "Returns"}],
    "notes": "",
    "last_replay": REPLAY_REF,
    "created_by": ADA,
    "created_at": AT,
}
WRITE_RELEASE = {
    "name": "Shorter answers",
    "model_id": 1,
    "system_prompt": "Answer in two sentences.",
    "params": {"temperature": 0.2},
    "article_ids": [7],
}
CHANGES = {
    "against": {"release": {"id": 3, "name": "First"}, "model": MAIN},
    "parts": [
        {
            "field": "system_prompt",
            "before": "Answer kindly.",
            "after": "Answer in two sentences.",
        },
        {"field": "params.temperature", "before": None, "after": 0.2},
    ],
    "articles": [{"id": 7, "title": "Returns", "change": "changed"}],
}
REPLAY: dict[str, Any] = {
    "id": REPLAY_ID,
    "release": {"id": 4, "name": "Shorter answers"},
    "against": {"id": 3, "name": "First"},
    "status": "done",
    "passed": True,
    "asked_by": ADA,
    "created_at": AT,
    "finished_at": "2026-11-22T10:30:09.120Z",
}
RESULT = {
    "passed": True,
    "text": "Within 60 days.",
    "cited": [{"article_id": 7, "title": "Returns"}],
    "handed_over": False,
    "error": "",
    "checks": [{"check": "says", "wanted": "60 days | sixty days", "ok": True}],
    "latency_ms": 1430,
    "ttft_ms": 280,
    "total_tokens": 512,
    "cost": 0.0006,
}
TOTALS = {
    "cases": 1,
    "passed": 1,
    "latency_ms": 1430,
    "ttft_ms": 280,
    "total_tokens": 512,
    "cost": 0.0006,
}
REPORT = {
    **REPLAY,
    "open": 0,
    "candidate": TOTALS,
    "in_use": {**TOTALS, "passed": 0},
    "cases": [
        {
            "case": {"id": 12, "name": "How long to return", "is_red_team": False},
            "change": "fixed",
            "candidate": RESULT,
            "in_use": {**RESULT, "passed": False, "text": "I do not know.", "cited": []},
        }
    ],
}
PUBLICATION = {
    "id": 9,
    "release": {"id": 4, "name": "Shorter answers"},
    "is_current": True,
    "is_rollback": False,
    "replay_id": REPLAY_ID,
    "override_reason": "",
    "previous": {"id": 3, "name": "First"},
    "published_by": ADA,
    "published_at": AT,
    "ended_at": None,
}


def page(one: dict[str, Any]) -> Any:
    """A page that holds one."""
    return example({"results": [one], "next": None})

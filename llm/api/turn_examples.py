"""Examples for the schema."""

from __future__ import annotations

from typing import Any

CONVERSATION_ID = "019ab1c2-5d1e-7c3a-9b57-3f1f2a7d9e01"
TURN_ID = "019ab1c3-0c2b-7f10-8a41-6f0a5a1f7b02"

CONVERSATION: dict[str, Any] = {
    "id": CONVERSATION_ID,
    "title": "Refund wording",
    "model_ids": [1, 4],
    "system_prompt": "",
    "tags": ["tone"],
    "metadata": {"ticket": "R-118"},
    "created_at": "2026-11-21T09:00:00.123Z",
    "updated_at": "2026-11-21T09:04:10.870Z",
    "archived_at": None,
    "last_seq": 1,
    "version": 3,
    "running_turn_id": None,
}
OPEN = {
    "title": "Refund wording",
    "model_ids": [1, 4],
    "tags": ["tone"],
    "client_conversation_id": "4c1f0a9e",
}
MESSAGE: dict[str, Any] = {
    "id": "019ab1c3-0c1f-7d22-b1a0-0c5c6f0e1d03",
    "session_id": CONVERSATION_ID,
    "seq": 1,
    "prev_seq": 0,
    "kind": "text",
    "sender": {"id": 3, "kind": "agent", "name": "Bea Lindqvist", "avatar": None},
    "content": "How long does a refund take?",
    "attachments": [],
    "client_msg_id": "9f7b0d1c",
    "reply_to": None,
    "created_at": "2026-11-21T09:04:07.120Z",
    "edited_at": None,
    "deleted_at": None,
    "metadata": {},
}
ASK = {"content": "How long does a refund take?", "client_msg_id": "9f7b0d1c"}
ASK_MORE = {
    "content": "How long does a refund take?",
    "model_ids": [1, 1, 4],
    "params": {"temperature": 0.2},
    "blind": True,
}
ASKED = {"turn_id": TURN_ID, "message": MESSAGE}
DONE: dict[str, Any] = {
    "slot": 0,
    "attempt": 1,
    "status": "done",
    "model": {"id": 1, "name": "Small and quick"},
    "text": "Five working days at most.",
    "usage": {"prompt_tokens": 42, "completion_tokens": 9, "total_tokens": 51},
    "cost": 0.0000312,
    "currency": "EUR",
    "latency_ms": 2345,
    "ttft_ms": 210,
    "finish_reason": "stop",
    "sources": [],
    "error": None,
}
FAILED: dict[str, Any] = DONE | {
    "slot": 1,
    "status": "failed",
    "model": {"id": 4, "name": "Large"},
    "text": "",
    "usage": {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None},
    "cost": None,
    "currency": None,
    "latency_ms": 20_000,
    "ttft_ms": None,
    "finish_reason": "",
    "error": {
        "code": "PROVIDER_TIMEOUT",
        "reason": "first_content",
        "message": "The model took too long to answer.",
    },
}
TURN: dict[str, Any] = {
    "id": TURN_ID,
    "session_id": CONVERSATION_ID,
    "kind": "compare",
    "status": "done",
    "blind": False,
    "picked_slot": 0,
    "question_id": MESSAGE["id"],
    "input": {},
    "created_at": "2026-11-21T09:04:07.121Z",
    "finished_at": "2026-11-21T09:04:27.130Z",
    "results": [DONE, FAILED],
}
HISTORY = {"results": [MESSAGE | {"turn": TURN}], "next": None}

"""Examples for the schema."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample

_FIELDS: Final[dict[str, Any]] = {
    "name": "Fast",
    "provider_name": "openai-compatible",
    "base_url": "https://api.example.com/v1",
    "model": "fast-1",
    "default_params": {"temperature": 0.3, "max_tokens": 800, "timeout_ms": 30000},
    "enabled": True,
    "notes": "Good at short questions.",
    "prices": {"prompt": 0.15, "completion": 0.6, "currency": "USD"},
}

NEW_MODEL: Final = OpenApiExample(
    "A new model", value={**_FIELDS, "api_key": "sk-example"}, request_only=True
)
NEW_PRICE: Final = OpenApiExample(
    "A new price",
    value={"prices": {"prompt": 0.1, "completion": 0.4, "currency": "USD"}},
    request_only=True,
)
CREATED: Final = OpenApiExample(
    "A model",
    value={
        "id": 3,
        **_FIELDS,
        "api_key_hint": "9f2c",
        "api_key_state": "stored",
        "system_prompt": "",
        "is_default": False,
        "is_demo": False,
        "draft_weight": 1,
        "max_parallel": None,
        "daily_budget": 20.0,
        "capabilities": {"streaming": True, "usage_in_stream": True, "tools": True, "refused": []},
        "created_at": "2026-11-21T09:00:00.123Z",
        "updated_at": "2026-11-21T09:00:00.123Z",
    },
    response_only=True,
    status_codes=["200", "201"],
)
TESTED: Final = OpenApiExample(
    "It answers",
    value={
        "ok": True,
        "reason": "ok",
        "detail": "It answers.",
        "code": None,
        "http_status": None,
        "latency_ms": 812,
        "ttft_ms": 240,
        "capabilities": {"streaming": True, "usage_in_stream": True, "tools": True, "refused": []},
    },
    response_only=True,
)
DISCOVERED: Final = OpenApiExample(
    "An address and its key",
    value={"base_url": "https://api.example.com/v1", "api_key": "sk-example"},
    request_only=True,
)
NAMES: Final = OpenApiExample("Names", value={"results": ["fast-1", "large-2"]}, response_only=True)

"""The JSON shape of models."""

from __future__ import annotations

from typing import Any

from chatsite.lib.clock import rfc3339
from llm.actions.probing import Probe
from llm.models import ModelConfig
from llm.providers.words import sentence


def model(item: ModelConfig) -> dict[str, Any]:
    """Return a model as staff see it: of its key only whether there is one, and its end."""
    return {
        "id": item.pk,
        "name": item.name,
        "provider_name": item.provider_name,
        "base_url": item.base_url,
        "model": item.model,
        "api_key_hint": item.api_key_hint,
        "api_key_state": item.api_key_state(),
        "default_params": item.default_params,
        "system_prompt": item.system_prompt,
        "enabled": item.enabled,
        "is_default": item.is_default,
        "is_demo": item.is_demo,
        "notes": item.notes,
        "prices": item.prices,
        "draft_weight": item.draft_weight,
        "max_parallel": item.max_parallel,
        "daily_budget": None if item.daily_budget is None else float(item.daily_budget),
        "capabilities": item.capabilities,
        "created_at": rfc3339(item.created_at),
        "updated_at": rfc3339(item.updated_at),
    }


def probe(item: Probe) -> dict[str, Any]:
    """Return what came of trying a model; nothing in it was written by the endpoint."""
    return {
        "ok": item.ok,
        "reason": item.reason,
        "detail": sentence(item.reason),
        "code": item.code,
        "http_status": item.http_status,
        "latency_ms": item.latency_ms,
        "ttft_ms": item.ttft_ms,
        "capabilities": item.capabilities,
    }

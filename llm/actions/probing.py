"""Trying an endpoint: does it answer, how fast, what can it do, which models has it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from django.db import transaction

from accounts.viewer import Viewer
from chatsite.lib import clock, dbpool, loops, outbound, ratelimit
from llm import rules
from llm.access import admins_only, model_to_change
from llm.endpoints import endpoint_of, may_be_private
from llm.models import ModelConfig
from llm.prompts.reply import HANDOFF_TOOL
from llm.providers import (
    CompletionRequest,
    Deadlines,
    Endpoint,
    Outcome,
    ProviderFailure,
    Providers,
)

R = TypeVar("R")

PATIENCE: Final = Deadlines(connect=3, first_content=9.5, gap=9.5, whole=10)
SPARE_S: Final = 5
QUESTION: Final = CompletionRequest(
    messages=[{"role": "user", "content": "This is a test. Answer with one word: OK"}],
    max_tokens=256,
    tools=[HANDOFF_TOOL],
)


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of one try: ``reason`` is a class of failure, or ``ok``. Times are milliseconds."""

    reason: str
    latency_ms: int
    ttft_ms: int | None = None
    code: str | None = None
    http_status: int | None = None
    capabilities: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it answered."""
        return self.reason == "ok"


def probe_model(*, viewer: Viewer, model_id: object) -> Probe:
    """Ask a model one small question, within ten seconds, and remember what was seen.

    What the endpoint sends is never passed on, only what kind of thing it was.
    """
    model = model_to_change(viewer, model_id)
    ratelimit.hit("model_test_user", str(viewer.user_id))
    try:
        # What it refused once it may take by now.
        probe = _in_loop(_probe(replace(endpoint_of(model), refused=frozenset())))
    except ProviderFailure as failure:
        probe = Probe(failure.reason, 0, code=failure.code)
    _remember(model, probe)
    return probe


def discover(
    *,
    viewer: Viewer,
    base_url: str = "",
    api_key: str | None = None,
    provider_name: str = "openai-compatible",
    model_id: object = None,
) -> list[str]:
    """Return the names of the models at an address, or at a stored model's address.

    The stored key of ``model_id`` goes with it only to the scheme, host and port it was given for.
    Raises :class:`ProviderFailure`.
    """
    admins_only(viewer)
    model = None if model_id is None else model_to_change(viewer, model_id)
    ratelimit.hit("model_test_user", str(viewer.user_id))
    if model is not None and (not base_url or _same_origin(model.base_url, base_url)):
        stored = endpoint_of(model)
        endpoint = replace(
            stored,
            base_url=base_url or stored.base_url,
            api_key=rules.api_key(api_key) or stored.api_key,
        )
    else:
        url = rules.base_url(base_url)
        endpoint = Endpoint(
            base_url=url,
            model="",
            api_key=rules.api_key(api_key),
            kind=rules.provider(provider_name),
            may_be_private=may_be_private(url),
        )
    return _in_loop(_names(endpoint))


def _same_origin(one: str, other: str) -> bool:
    try:
        return outbound.origin(one) == outbound.origin(other)
    except outbound.BadURL:
        return False


def _in_loop(work: Coroutine[Any, Any, R]) -> R:
    """Run ``work`` in the process's loop; no database connection is held meanwhile."""
    dbpool.give_back()
    future = asyncio.run_coroutine_threadsafe(work, loops.background())
    try:
        return future.result(PATIENCE.whole + SPARE_S)
    except FutureTimeout:
        future.cancel()
        raise ProviderFailure("deadline") from None


async def _probe(endpoint: Endpoint) -> Probe:
    providers, began = Providers(), time.monotonic()
    first: list[float] = []

    def on_text(text: str) -> None:
        if not first:
            first.append(time.monotonic())

    def elapsed_ms(until: float) -> int:
        return round((until - began) * 1000)

    try:
        outcome = await providers.stream(endpoint, QUESTION, on_text, PATIENCE)
    except ProviderFailure as failure:
        return Probe(
            failure.reason,
            elapsed_ms(time.monotonic()),
            code=failure.code,
            http_status=failure.status,
        )
    finally:
        await providers.close()
    return Probe(
        "ok",
        elapsed_ms(time.monotonic()),
        ttft_ms=elapsed_ms(first[0]) if first else None,
        capabilities=_capabilities(outcome),
    )


def _capabilities(outcome: Outcome) -> dict[str, Any]:
    return {
        "streaming": outcome.streamed,
        "usage_in_stream": outcome.streamed and outcome.usage is not None,
        "tools": "tools" not in outcome.refused,
        "refused": sorted(outcome.refused),
    }


async def _names(endpoint: Endpoint) -> list[str]:
    providers = Providers()
    try:
        return await providers.names(endpoint, PATIENCE)
    finally:
        await providers.close()


def _remember(model: ModelConfig, probe: Probe) -> None:
    with transaction.atomic():
        row = ModelConfig.objects.select_for_update().filter(pk=model.pk).first()
        if row is None or (row.base_url, row.model) != (model.base_url, model.model):
            return  # changed meanwhile: that would be told of another one
        tested = {
            "at": clock.rfc3339(clock.now()),
            "reason": probe.reason,
            "latency_ms": probe.latency_ms,
            "ttft_ms": probe.ttft_ms,
        }
        row.capabilities = {**row.capabilities, **probe.capabilities, "tested": tested}
        ModelConfig.objects.filter(pk=row.pk).update(capabilities=row.capabilities)

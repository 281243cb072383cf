"""Asking for one answer: with what it may rest on, and of another model when one cannot."""

from __future__ import annotations

import logging

from chatsite.lib import dbpool
from llm import answers
from llm.completion import complete
from llm.limits.reporting import Reporter
from llm.providers import Outcome, Provider, ProviderFailure
from llm.running import LongEnough, Running

log = logging.getLogger(__name__)


async def ask(provider: Provider, running: Running) -> Outcome:
    """Ask the claimed model; a reply of which nothing was shown goes on to the next one.

    Raises :class:`ProviderFailure`, and :class:`LongEnough` when the rest is not wanted.
    """
    await running.ground()
    tried: set[int] = set()
    while True:
        claim = running.claim
        tried.add(claim.model.pk)
        try:
            outcome = await _ask_model(provider, running)
            break
        except ProviderFailure as failure:
            if claim.floor is None or running.ttft_ms is not None or not failure.falls_back:
                raise
            other = await dbpool.run(answers.fall_back, claim=claim, tried=tried)
            if other is None:
                raise
        log.warning("another model answers", extra={"answer_id": str(claim.answer_id)})
        running.go_on_with(other)
    running.end_text()
    return outcome


async def _ask_model(provider: Provider, running: Running) -> Outcome:
    breaker = Reporter(running.claim)
    try:
        outcome = await complete(
            provider=provider,
            endpoint=running.endpoint(),
            question=running.question(),
            on_text=running.take,
            deadlines=running.deadlines(),
            on_failure=breaker.failed,
        )
    except ProviderFailure as failure:
        await breaker.failed(failure)
        raise
    except LongEnough:
        await breaker.succeeded()
        raise
    except BaseException:
        breaker.let_go()
        raise
    await breaker.succeeded()
    return outcome

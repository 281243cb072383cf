"""One whole answer from one model: the provider call with its single retry."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from llm.providers import CompletionRequest, Deadlines, Endpoint, Outcome, Provider, ProviderFailure
from llm.providers.base import OnText

OnFailure = Callable[[ProviderFailure], Awaitable[None]]

LONGEST_WAIT_S = 5.0
SHORTEST_TRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask, and how to ask it shorter when it does not fit."""

    request: CompletionRequest
    shorter: Callable[[], CompletionRequest] | None = None
    patient: bool = True
    """Whether an endpoint that stays silent is asked again: nobody else can be asked instead."""


async def complete(
    *,
    provider: Provider,
    endpoint: Endpoint,
    question: Question,
    on_text: OnText,
    deadlines: Deadlines,
    on_failure: OnFailure | None = None,
) -> Outcome:
    """Ask, and ask once more if the first try failed before any text was given to ``on_text``.

    After the first text there is no second try: replaying would splice two answers together.
    ``deadlines.whole`` bounds both tries.  ``on_failure`` hears of the first try when there is a
    second.  Raises :class:`ProviderFailure`.
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + deadlines.whole
    gate = _Gate(on_text)
    try:
        return await provider.stream(endpoint, question.request, gate.take, deadlines)
    except ProviderFailure as failure:
        request = _second_request(question, failure)
        wait = _pause() if failure.retry_after is None else failure.retry_after
        left = ends_at - loop.time() - wait
        if request is None or gate.opened or wait > LONGEST_WAIT_S or left < SHORTEST_TRY_S:
            raise
        if on_failure is not None:
            await on_failure(failure)
    await asyncio.sleep(wait)
    return await provider.stream(endpoint, request, on_text, replace(deadlines, whole=left))


def _pause() -> float:
    return random.uniform(0.1, 0.4)  # noqa: S311 - jitter, no secret


def _second_request(question: Question, failure: ProviderFailure) -> CompletionRequest | None:
    # Some servers answer a prompt that is too long with an empty stream and no error.
    if failure.reason in ("context_length", "empty") and question.shorter is not None:
        return question.shorter()
    if failure.reason == "first_content" and not question.patient:
        return None
    return question.request if failure.retryable else None


class _Gate:
    __slots__ = ("_on_text", "opened")

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self.opened = False

    def take(self, text: str) -> None:
        self.opened = True
        self._on_text(text)

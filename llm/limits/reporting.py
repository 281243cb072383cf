"""Tells the breaker of a model how a call went, from the loop that made it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from chatsite.lib import dbpool
from llm.answers import Claim
from llm.limits import breakers
from llm.providers import ProviderFailure

log = logging.getLogger(__name__)

_pending: set[asyncio.Task[None]] = set()


class Reporter:
    """For one call. A success of an ordinary call costs nothing, as nothing is written."""

    def __init__(self, claim: Claim) -> None:
        self._model = claim.model
        self._answer_id = claim.answer_id
        self._is_probe = claim.admitted.is_probe

    async def failed(self, failure: ProviderFailure) -> None:
        """Count a failure."""
        await self._note(breakers.note_failure, failure)

    async def succeeded(self) -> None:
        """Close the breaker if this was the probe."""
        if self._is_probe:
            await self._note(breakers.note_success)

    def let_go(self) -> None:
        """Say that the call ended for reasons of ours; does not wait, as the call was cancelled."""
        if self._is_probe:
            task = asyncio.get_running_loop().create_task(self._note(breakers.let_go))
            _pending.add(task)
            task.add_done_callback(_pending.discard)

    async def _note(self, fn: Callable[..., None], *args: Any) -> None:
        try:
            await dbpool.run(fn, self._model, *args, answer_id=self._answer_id)
        except Exception as error:  # noqa: BLE001 - an answer does not depend on the breaker
            log.warning("the breaker was not told", extra={"error": type(error).__name__})

"""One answer while it is streamed: what is asked, what came so far, and why it was cancelled."""

from __future__ import annotations

import asyncio
import functools
import logging
from dataclasses import replace
from typing import Literal

from django.conf import settings

from llm.answers import Claim, Figures
from llm.completion import Question
from llm.endpoints import endpoint_of
from llm.grounding import Grounding, ground
from llm.limits.prices import cost_of
from llm.metrics import FIRST_TEXT, WHOLE
from llm.models import Answer
from llm.prompts import estimated_tokens
from llm.providers import CompletionRequest, Deadlines, Endpoint, Outcome
from llm.text import Tidier, tidy, visible_piece
from sessions_app.live.reply_stream import ReplyStream

log = logging.getLogger(__name__)

Reason = Literal["floor", "stop", "newer", "lost", "drain"]
SHORTEST_ATTEMPT_S = 5.0


class LongEnough(Exception):
    """The answer has reached its greatest length; the rest is not wanted."""


class Running:
    """One answer being streamed: its claim, its text so far, and why it was cancelled if it was."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.stream = ReplyStream(claim.live) if claim.place else None
        self.grounding = Grounding(claim.prompt)
        self.upstream: asyncio.Task[Outcome] | None = None
        self.reason: Reason | None = None
        self.parts: list[str] = []
        self.length = 0
        self._tidier = Tidier()
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self.ttft_ms: int | None = None

    @property
    def text(self) -> str:
        """All text that was shown so far."""
        return "".join(self.parts)

    def take(self, piece: str) -> None:
        """Take the next text from the provider and show it."""
        if self.ttft_ms is None:
            self.ttft_ms = self._elapsed_ms()
            FIRST_TEXT.observe(self.ttft_ms / 1000)
        self._show(self.grounding.shown(visible_piece(piece)))

    def _show(self, piece: str) -> None:
        self.length += len(piece)
        if shown := self._tidier.take(piece):
            self.parts.append(shown)
            if self.stream is not None:
                self.stream.write(shown)
        if self.length > settings.LLM_ANSWER_CHARS:
            raise LongEnough

    async def ground(self) -> None:
        """Look for what the answer may rest on, for a moment."""
        self.grounding = await ground(self.claim)

    def go_on_with(self, claim: Claim) -> None:
        """Ask the claim's model instead, with what was found for the first one."""
        self.claim = claim
        self.grounding.prompt = replace(self.grounding.prompt, system=claim.prompt.system)

    def end_text(self) -> None:
        """Show what was held back because it might have been the beginning of a mark."""
        self._show(self.grounding.rest())

    def cancel(self, reason: Reason) -> None:
        """Close the provider's connection; the first reason counts."""
        if self.reason is None and self.upstream is not None and not self.upstream.done():
            self.reason = reason
            self.upstream.cancel()

    def figures(self, outcome: Outcome | None = None, finish_reason: str = "") -> Figures:
        """What the attempt came to, with the tokens estimated when the provider did not tell."""
        text = tidy(self.text, limit=settings.LLM_ANSWER_CHARS)
        latency_ms = self._elapsed_ms()
        WHOLE.observe(latency_ms / 1000)
        usage = outcome.usage if outcome else None
        if usage:
            counts = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
            source = Answer.UsageSource.PROVIDER
        else:
            # An endpoint that was never reached has read nothing.
            asked = self.ttft_ms is not None or self.reason is not None
            prompt = self.grounding.prompt.tokens(settings.LLM_CONTEXT_CHARS) if asked else 0
            completion = estimated_tokens(text)
            counts = (prompt, completion, prompt + completion)
            source = Answer.UsageSource.ESTIMATED
        return Figures(
            text=text,
            finish_reason=outcome.finish_reason if outcome else finish_reason,
            ttft_ms=self.ttft_ms,
            latency_ms=latency_ms,
            prompt_tokens=counts[0],
            completion_tokens=counts[1],
            total_tokens=counts[2],
            usage_source=source,
            cost=cost_of(self.claim.model.prices, counts[0], counts[1]),
            sources=self.grounding.sources(),
            support=self.grounding.support(),
        )

    def _elapsed_ms(self) -> int:
        return round((self._loop.time() - self._started) * 1000)

    # --- What is asked -----------------------------------------------------------------------

    @property
    def refused(self) -> frozenset[str]:
        """Request fields the endpoint is known to refuse."""
        return frozenset(self.claim.model.capabilities.get("refused", ()))

    def endpoint(self) -> Endpoint:
        """Where to ask; the key is in plain text from here to the end of the call."""
        return endpoint_of(self.claim.model)

    def question(self) -> Question:
        """What to ask, in full and shorter."""
        budget: int = settings.LLM_CONTEXT_CHARS
        return Question(
            self._request(budget),
            shorter=functools.partial(self._request, budget // 6),
            patient=not self.claim.has_fallback,
        )

    def deadlines(self) -> Deadlines:
        """How long to wait: an answer ends in time whatever its earlier attempts took."""
        whole = min(settings.LLM_DEADLINES["whole"], settings.LLM_TURN_S - self.claim.age_s)
        limit_ms = self.claim.params.get("timeout_ms")
        if isinstance(limit_ms, int | float) and limit_ms > 0:
            whole = min(whole, limit_ms / 1000)
        return Deadlines(**{**settings.LLM_DEADLINES, "whole": max(whole, SHORTEST_ATTEMPT_S)})

    def _request(self, budget: int) -> CompletionRequest:
        params = self.claim.params
        return CompletionRequest(
            messages=self.grounding.prompt.messages(budget),
            temperature=params.get("temperature"),
            top_p=params.get("top_p"),
            max_tokens=params.get("max_tokens"),
            tools=self.grounding.prompt.tools,
        )

"""Asks a real server through our provider and its retrying front."""

from __future__ import annotations

from collections.abc import Callable

from llm.completion import Question, complete
from llm.prompts.reply import HANDOFF_TOOL
from llm.providers import CompletionRequest, Deadlines, Endpoint, Outcome, ProviderFailure
from llm.providers.openai_compatible import OpenAICompatible

PATIENT = Deadlines(connect=3, first_content=60, gap=15, whole=120)


class Asked:
    """What came out of one question."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.outcome: Outcome | None = None
        self.failure: ProviderFailure | None = None

    @property
    def text(self) -> str:
        return "".join(self.parts)


def request(
    text: str = "Tell me about coats.", *, max_tokens: int = 60, tools: bool = False
) -> CompletionRequest:
    """A short question."""
    return CompletionRequest(
        messages=[{"role": "user", "content": text}],
        temperature=0.0,
        max_tokens=max_tokens,
        tools=[HANDOFF_TOOL] if tools else [],
    )


async def ask(
    base_url: str,
    model: str,
    *,
    question: Question | None = None,
    deadlines: Deadlines = PATIENT,
    on_part: Callable[[int], None] = lambda _: None,
    key: str = "sk-any",
) -> Asked:
    """Ask, and return text and outcome or failure; ``on_part`` hears the number of each part."""
    asked, provider = Asked(), OpenAICompatible()

    def take(text: str) -> None:
        asked.parts.append(text)
        on_part(len(asked.parts))

    try:
        asked.outcome = await complete(
            provider=provider,
            endpoint=Endpoint(base_url, model, key, may_be_private=True),
            question=question or Question(request()),
            on_text=take,
            deadlines=deadlines,
        )
    except ProviderFailure as failure:
        asked.failure = failure
    finally:
        await provider.close()
    return asked

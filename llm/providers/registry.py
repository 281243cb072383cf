"""Which provider serves which name: a package per kind of endpoint, found by ``provider_name``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from llm.providers.base import (
    CompletionRequest,
    Deadlines,
    Endpoint,
    OnText,
    Outcome,
    Provider,
)
from llm.providers.openai_compatible import OpenAICompatible

OPENAI_COMPATIBLE: Final = "openai-compatible"
DEMO: Final = "demo"

Maker = Callable[[], Provider]

REGISTRY: Final[dict[str, tuple[str, Maker]]] = {
    OPENAI_COMPATIBLE: ("OpenAI-compatible", OpenAICompatible),
    "openai": ("OpenAI", OpenAICompatible),
    "deepseek": ("DeepSeek", OpenAICompatible),
    "groq": ("Groq", OpenAICompatible),
    "litellm": ("LiteLLM", OpenAICompatible),
    "llama.cpp": ("llama.cpp", OpenAICompatible),
    "mistral": ("Mistral", OpenAICompatible),
    "ollama": ("Ollama", OpenAICompatible),
    "openrouter": ("OpenRouter", OpenAICompatible),
    "together": ("Together", OpenAICompatible),
    "vllm": ("vLLM", OpenAICompatible),
    "xai": ("xAI", OpenAICompatible),
}
"""What may stand in ``provider_name``: its label, and what makes the provider.

Most speak one protocol, and so share a package.
"""


def known(name: str) -> str | None:
    """Return the name as it is stored, or None if no provider goes by it."""
    tidy = name.strip().lower().replace("_", "-").replace(" ", "-")
    return tidy if tidy in REGISTRY else None


class Providers:
    """All kinds behind the contract of one; each is made when first needed.

    Use within a single event loop.
    """

    def __init__(self) -> None:
        self._made: dict[Maker, Provider] = {}

    async def stream(
        self,
        endpoint: Endpoint,
        request: CompletionRequest,
        on_text: OnText,
        deadlines: Deadlines,
    ) -> Outcome:
        """Ask the endpoint by its kind."""
        return await self._of(endpoint).stream(endpoint, request, on_text, deadlines)

    async def names(self, endpoint: Endpoint, deadlines: Deadlines) -> list[str]:
        """List the endpoint's models by its kind."""
        return await self._of(endpoint).names(endpoint, deadlines)

    async def close(self) -> None:
        """Close all of them."""
        made, self._made = list(self._made.values()), {}
        for provider in made:
            await provider.close()

    def _of(self, endpoint: Endpoint) -> Provider:
        # The demo, and rows from when anything could be written there, speak the usual protocol.
        _, make = REGISTRY.get(endpoint.kind, REGISTRY[OPENAI_COMPATIBLE])
        if make not in self._made:
            self._made[make] = make()
        return self._made[make]

"""What every provider promises, in plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

OnText = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long we wait, in seconds.  ``whole`` counts from the start of the request."""

    connect: float = 3.0
    first_content: float = 20.0
    gap: float = 15.0
    whole: float = 75.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask, and as whom.  The key never shows in a repr, so not in a traceback either."""

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    refused: frozenset[str] = frozenset()
    """Request fields this endpoint was seen to refuse, such as ``stream_options``."""
    kind: str = "openai-compatible"
    """Which provider asks there; see :mod:`llm.providers.registry`."""
    may_be_private: bool = False
    """Whether it may stand in our own network: the operator said so. Otherwise only the public
    internet is connected to, and only over TLS."""


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """One question: messages as the chat completions format has them, and parameters."""

    messages: Sequence[Mapping[str, Any]]
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    tools: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


@dataclass(frozen=True, slots=True)
class Handoff:
    """The model asked for a person, through the tool call made for that."""

    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A whole answer.  Its text went out through ``on_text``."""

    finish_reason: str
    usage: Usage | None
    handoff: Handoff | None
    refused: frozenset[str]
    """The endpoint's refused fields, with those found out during this call."""
    streamed: bool = True
    """Whether it came piece by piece, and not as one document."""


class Provider(Protocol):
    """One way of asking a model."""

    async def stream(
        self,
        endpoint: Endpoint,
        request: CompletionRequest,
        on_text: OnText,
        deadlines: Deadlines,
    ) -> Outcome:
        """Ask once; hand each piece of text to ``on_text`` as it comes.

        Raises :class:`ProviderFailure`.  Cancelling the call closes the connection, which is what
        makes a model server stop generating.
        """

    async def names(self, endpoint: Endpoint, deadlines: Deadlines) -> list[str]:
        """Return the names of the models that the endpoint says it has.

        Raises :class:`ProviderFailure`.
        """

    async def close(self) -> None:
        """Close idle connections."""

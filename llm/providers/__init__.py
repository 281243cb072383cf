"""Providers: how to ask a model at an endpoint.  One module per kind, one small contract."""

from llm.providers.base import (
    CompletionRequest,
    Deadlines,
    Endpoint,
    Handoff,
    Outcome,
    Provider,
    Usage,
)
from llm.providers.errors import ProviderFailure

__all__ = [
    "CompletionRequest",
    "Deadlines",
    "Endpoint",
    "Handoff",
    "Outcome",
    "Provider",
    "ProviderFailure",
    "Usage",
]

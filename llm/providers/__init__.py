"""Providers: how to ask a model at an endpoint. A package per kind, one small contract."""

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
from llm.providers.registry import Providers

__all__ = [
    "CompletionRequest",
    "Deadlines",
    "Endpoint",
    "Handoff",
    "Outcome",
    "Provider",
    "ProviderFailure",
    "Providers",
    "Usage",
]

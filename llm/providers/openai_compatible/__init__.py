"""Endpoints that speak OpenAI's chat completions: most of them, local servers included."""

from llm.providers.openai_compatible.client import OpenAICompatible
from llm.providers.openai_compatible.wire import completions_url, models_url

__all__ = ["OpenAICompatible", "completions_url", "models_url"]

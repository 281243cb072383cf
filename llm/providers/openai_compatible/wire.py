"""Addresses, headers and bodies of requests, as OpenAI's chat completions have them."""

from __future__ import annotations

from typing import Any, Final

from chatsite.lib import outbound
from llm.providers.base import CompletionRequest, Endpoint
from llm.providers.errors import ProviderFailure
from llm.providers.openai_compatible.stream import error_words

OPTIONAL: Final = ("stream_options", "tools", "tool_choice", "temperature", "top_p", "max_tokens")
"""Fields an endpoint may refuse; the answer is asked for again without the one it names."""


def completions_url(base_url: str) -> str:
    """Return the address to post to; refuses what is not plain http(s) to a host."""
    return _url(base_url, "/chat/completions")


def models_url(base_url: str) -> str:
    """Return where the endpoint lists its models."""
    return _url(base_url, "/models")


def _url(base_url: str, path: str) -> str:
    try:
        parts = outbound.parse(base_url)
    except outbound.BadURL:
        raise ProviderFailure("address") from None
    # People paste the whole address as often as its beginning.
    base = parts.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return parts._replace(path=base + path, fragment="").geturl()


def headers_of(endpoint: Endpoint, *, accept: str) -> dict[str, str]:
    """Return the headers of a request, the key among them."""
    headers = {"Content-Type": "application/json", "Accept": accept}
    if endpoint.api_key:
        headers["Authorization"] = f"Bearer {endpoint.api_key}"
    return headers


def body_fields(request: CompletionRequest, refused: frozenset[str]) -> frozenset[str]:
    """Return which refusable fields a request carries."""
    return frozenset(body_of("", request, refused)) & frozenset(OPTIONAL)


def body_of(model: str, request: CompletionRequest, refused: frozenset[str]) -> dict[str, Any]:
    """Return the JSON body, without the fields this endpoint is known to refuse."""
    body: dict[str, Any] = {
        "model": model,
        "messages": list(request.messages),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    for name in ("temperature", "top_p", "max_tokens"):
        if (value := getattr(request, name)) is not None:
            body[name] = value
    if request.tools:
        body["tools"] = list(request.tools)
    for name in refused:
        if name == "max_tokens" and "max_tokens" in body:
            body["max_completion_tokens"] = body["max_tokens"]
        body.pop(name, None)
    return body


def named_field(body: object, fields: frozenset[str]) -> str | None:
    """Return which of the fields an error complains about, if it names one."""
    told = " ".join(error_words(body)).lower().replace("tool use", "tools")
    return next((name for name in OPTIONAL if name in fields and name in told), None)

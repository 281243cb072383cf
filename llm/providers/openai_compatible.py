"""Any endpoint that speaks OpenAI's chat completions, streamed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from llm.providers.base import CompletionRequest, Deadlines, Endpoint, OnText, Outcome
from llm.providers.errors import ProviderFailure
from llm.providers.sse import CompletionStream, error_words, failure_of_body

MOST_BYTES = 8_000_000
MOST_ERROR_BYTES = 64_000
LONGEST_RETRY_AFTER_S = 3600.0
LAST_WORDS_S = 2.0
DRAIN_S = 0.2

_OPTIONAL = ("stream_options", "tools", "tool_choice", "temperature", "top_p", "max_tokens")
"""Fields an endpoint may refuse; the answer is asked for again without the one it names."""


class OpenAICompatible:
    """Streams chat completions over one pool of connections; use within a single event loop."""

    def __init__(self) -> None:
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the pool."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def stream(
        self,
        endpoint: Endpoint,
        request: CompletionRequest,
        on_text: OnText,
        deadlines: Deadlines,
    ) -> Outcome:
        """Ask once.  See :class:`llm.providers.base.Provider`."""
        url = completions_url(endpoint.base_url)
        clock = _Clock(deadlines)
        refused = endpoint.refused
        stream = CompletionStream(on_text)
        try:
            async with asyncio.timeout_at(clock.expires_at) as timeout:
                clock.timeout = timeout
                while True:
                    try:
                        await self._ask(url, endpoint, request, refused, stream, clock)
                        break
                    except _FieldRefused as refusal:
                        refused |= {refusal.field}
        except TimeoutError:
            # A server may end the answer and then neither send [DONE] nor close.
            if not stream.finish_reason:
                raise ProviderFailure(clock.expiry_reason()) from None
            stream.close()
        return Outcome(stream.finish_reason, stream.usage, stream.handoff(), refused)

    async def _ask(
        self,
        url: str,
        endpoint: Endpoint,
        request: CompletionRequest,
        refused: frozenset[str],
        stream: CompletionStream,
        clock: _Clock,
    ) -> None:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if endpoint.api_key:
            headers["Authorization"] = f"Bearer {endpoint.api_key}"
        body = orjson.dumps(body_of(endpoint.model, request, refused))
        try:
            async with self._session().post(
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=clock.deadlines.connect),
            ) as response:
                if response.status != 200:
                    await self._refuse(response, body_fields(request, refused))
                await self._read(response, stream, clock)
        except ProviderFailure:
            raise
        except aiohttp.ClientPayloadError:
            raise ProviderFailure("truncated") from None
        except aiohttp.ServerTimeoutError:
            # Ours is the only other timer, and it raises a bare TimeoutError.
            raise ProviderFailure("connect") from None
        except aiohttp.ClientConnectorError:
            raise ProviderFailure("connect") from None
        except (aiohttp.ClientConnectionError, ConnectionError):
            raise ProviderFailure("truncated" if stream.has_content else "reset") from None
        except (aiohttp.ClientError, ValueError):
            raise ProviderFailure("protocol") from None

    async def _read(
        self, response: aiohttp.ClientResponse, stream: CompletionStream, clock: _Clock
    ) -> None:
        if "application/json" in response.headers.get("Content-Type", ""):
            await _read_whole(response, stream)
            return
        size = 0
        async for data in response.content.iter_any():
            size += len(data)
            if size > MOST_BYTES:
                raise ProviderFailure("too_large")
            if stream.feed(data):
                clock.content_came()
            if stream.ended:
                await _drain(response)
                break
            if stream.finish_reason:
                clock.answer_ended()
        stream.close()

    async def _refuse(self, response: aiohttp.ClientResponse, fields: frozenset[str]) -> None:
        raw = b""
        with contextlib.suppress(aiohttp.ClientError):
            raw = await response.content.read(MOST_ERROR_BYTES)
        try:
            body: object = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = raw.decode("utf-8", "replace")[:2000]
        failure = failure_of_body(body, response.status, _retry_after(response))
        if failure.reason == "refused" and (field := _named_field(body, fields)):
            raise _FieldRefused(field)
        raise failure

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None or self._http.closed:
            # The engine bounds concurrency; trust_env stays off so that no proxy sees our keys.
            connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=30, keepalive_timeout=20)
            self._http = aiohttp.ClientSession(connector=connector, auto_decompress=True)
        return self._http


class _FieldRefused(Exception):
    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(field)


class _Clock:
    """Our deadlines for one call: first content, then the gap, always the whole."""

    __slots__ = ("_first_at", "_loop", "_whole_at", "deadlines", "expires_at", "timeout")

    def __init__(self, deadlines: Deadlines) -> None:
        self.deadlines = deadlines
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._whole_at = now + deadlines.whole
        self._first_at: float | None = None
        self.expires_at = min(now + deadlines.first_content, self._whole_at)
        self.timeout: asyncio.Timeout | None = None

    def content_came(self) -> None:
        """Move the deadline on.  Re-arms the timer at most every few reads, as arming costs."""
        now = self._loop.time()
        first = self._first_at is None
        if first:
            self._first_at = now
        expires_at = min(now + self.deadlines.gap, self._whole_at)
        slack = min(0.5, self.deadlines.gap / 20)
        if self.timeout is not None and (first or expires_at - self.expires_at > slack):
            self.expires_at = expires_at
            self.timeout.reschedule(expires_at)

    def answer_ended(self) -> None:
        """Wait only a moment longer: usage may follow the end of the answer."""
        expires_at = self._loop.time() + LAST_WORDS_S
        if self.timeout is not None and expires_at < self.expires_at:
            self.expires_at = expires_at
            self.timeout.reschedule(expires_at)

    def expiry_reason(self) -> str:
        """Say which deadline it was that passed."""
        if self.expires_at >= self._whole_at:
            return "deadline"
        return "first_content" if self._first_at is None else "stalled"


def completions_url(base_url: str) -> str:
    """Return the address to post to; refuses what is not plain http(s) to a host."""
    try:
        parts = urlsplit(base_url)
        host = parts.hostname
    except ValueError:
        raise ProviderFailure("address") from None
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.password:
        raise ProviderFailure("address")
    path = parts.path.rstrip("/")
    if not path.endswith("/chat/completions"):
        path += "/chat/completions"
    return parts._replace(path=path, fragment="").geturl()


def body_fields(request: CompletionRequest, refused: frozenset[str]) -> frozenset[str]:
    """Return which refusable fields a request carries."""
    return frozenset(body_of("", request, refused)) & frozenset(_OPTIONAL)


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


def _named_field(body: object, fields: frozenset[str]) -> str | None:
    told = " ".join(error_words(body)).lower().replace("tool use", "tools")
    return next((name for name in _OPTIONAL if name in fields and name in told), None)


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds <= LONGEST_RETRY_AFTER_S else None


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read the end of the body, so that the connection can be used again."""
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(DRAIN_S):
            while await response.content.readany():
                pass


async def _read_whole(response: aiohttp.ClientResponse, stream: CompletionStream) -> None:
    parts: list[bytes] = []
    size = 0
    async for data in response.content.iter_any():
        parts.append(data)
        size += len(data)
        if size > MOST_BYTES:
            raise ProviderFailure("too_large")
    raw = b"".join(parts)
    stream.feed(b"data: " + raw.replace(b"\n", b" ") + b"\n")
    stream.close()

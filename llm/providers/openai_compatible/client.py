"""Any endpoint that speaks OpenAI's chat completions, streamed."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import orjson

from chatsite.lib import outbound
from llm.providers.base import CompletionRequest, Deadlines, Endpoint, OnText, Outcome
from llm.providers.clock import Clock
from llm.providers.errors import ProviderFailure
from llm.providers.openai_compatible.pace import Pace
from llm.providers.openai_compatible.stream import CompletionStream, failure_of_body
from llm.providers.openai_compatible.wire import (
    body_fields,
    body_of,
    completions_url,
    headers_of,
    models_url,
    named_field,
)

MOST_BYTES = 8_000_000
MOST_ERROR_BYTES = 64_000
MOST_NAMES = 2_000
LONGEST_NAME = 200
LONGEST_RETRY_AFTER_S = 3600.0
DRAIN_S = 0.2


class OpenAICompatible:
    """Streams chat completions over pooled connections; use within a single event loop.

    There are two pools, so that an endpoint which may only be reached on the internet never gets
    a connection that was opened for one that may be in our own network.
    """

    def __init__(self) -> None:
        self._pools: dict[bool, aiohttp.ClientSession] = {}

    async def close(self) -> None:
        """Close the pools."""
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            await pool.close()

    async def stream(
        self,
        endpoint: Endpoint,
        request: CompletionRequest,
        on_text: OnText,
        deadlines: Deadlines,
    ) -> Outcome:
        """Ask once.  See :class:`llm.providers.base.Provider`."""
        url = _allowed(completions_url(endpoint.base_url), endpoint)
        clock = Clock(deadlines)
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
        return Outcome(
            stream.finish_reason, stream.usage, stream.handoff(), refused, stream.streamed
        )

    async def names(self, endpoint: Endpoint, deadlines: Deadlines) -> list[str]:
        """List the models.  See :class:`llm.providers.base.Provider`."""
        url = _allowed(models_url(endpoint.base_url), endpoint)
        try:
            async with asyncio.timeout(deadlines.whole):
                return await self._names(url, endpoint, deadlines)
        except TimeoutError:
            raise ProviderFailure("deadline") from None

    async def _names(self, url: str, endpoint: Endpoint, deadlines: Deadlines) -> list[str]:
        try:
            async with self._pool(endpoint).get(
                url,
                headers=headers_of(endpoint, accept="application/json"),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=deadlines.connect),
            ) as response:
                if response.status != 200:
                    await self._refuse(response, frozenset())
                return _names_in(await _read_bounded(response))
        except (aiohttp.ClientError, ConnectionError, ValueError) as error:
            raise _failure(error, began=False) from None

    async def _ask(
        self,
        url: str,
        endpoint: Endpoint,
        request: CompletionRequest,
        refused: frozenset[str],
        stream: CompletionStream,
        clock: Clock,
    ) -> None:
        headers = headers_of(endpoint, accept="text/event-stream")
        body = orjson.dumps(body_of(endpoint.model, request, refused))
        try:
            async with self._pool(endpoint).post(
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=clock.deadlines.connect),
            ) as response:
                if response.status != 200:
                    await self._refuse(response, body_fields(request, refused))
                await self._read(response, stream, clock)
        except (aiohttp.ClientError, ConnectionError, ValueError) as error:
            raise _failure(error, began=stream.has_content) from None

    async def _read(
        self, response: aiohttp.ClientResponse, stream: CompletionStream, clock: Clock
    ) -> None:
        if "application/json" in response.headers.get("Content-Type", ""):
            await _read_whole(response, stream)
            return
        size = 0
        pace = Pace(response)
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
            elif stream.has_content:
                pace.rest()
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
        if failure.reason == "refused" and (field := named_field(body, fields)):
            raise _FieldRefused(field)
        raise failure

    def _pool(self, endpoint: Endpoint) -> aiohttp.ClientSession:
        pool = self._pools.get(endpoint.may_be_private)
        if pool is None or pool.closed:
            pool = outbound.client(public_only=not endpoint.may_be_private, auto_decompress=True)
            self._pools[endpoint.may_be_private] = pool
        return pool


class _FieldRefused(Exception):
    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(field)


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
    stream.streamed = False
    raw = await _read_bounded(response)
    stream.feed(b"data: " + raw.replace(b"\n", b" ") + b"\n")
    stream.close()


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for data in response.content.iter_any():
        parts.append(data)
        size += len(data)
        if size > MOST_BYTES:
            raise ProviderFailure("too_large")
    return b"".join(parts)


def _names_in(raw: bytes) -> list[str]:
    """Return the names in a list of models; some servers send the bare list, or "models"."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ProviderFailure("protocol") from None
    if isinstance(body, dict):
        body = body.get("data", body.get("models"))
    if not isinstance(body, list):
        raise ProviderFailure("protocol")
    names = {
        name
        for item in body
        for name in [item.get("id") or item.get("name") if isinstance(item, dict) else item]
        if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable()
    }
    return sorted(names, key=str.casefold)[:MOST_NAMES]


def _allowed(url: str, endpoint: Endpoint) -> str:
    """Return the URL; where only the internet may be called, the key travels over TLS only."""
    if not endpoint.may_be_private and not url.startswith("https:"):
        raise ProviderFailure("address")
    return url


def _failure(error: Exception, *, began: bool) -> ProviderFailure:
    match error:
        case aiohttp.ClientPayloadError():
            return ProviderFailure("truncated")
        case aiohttp.ServerTimeoutError():
            # Ours is the only other timer, and it raises a bare TimeoutError.
            return ProviderFailure("connect")
        case aiohttp.ClientConnectorError():
            return ProviderFailure("address" if outbound.was_refused(error) else "connect")
        case aiohttp.ClientConnectionError() | ConnectionError():
            return ProviderFailure("truncated" if began else "reset")
        case _:
            return ProviderFailure("protocol")

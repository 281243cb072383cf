"""The append-only log of an answer's chunks: what a late or returning reader is brought up with.

A Redis Stream per answer and attempt where there is Redis, memory in the one-process topology.
The log is a convenience with an expiry; the finished answer is a row.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Protocol

from django.conf import settings

Chunk = tuple[int, str]
Entry = tuple[str, int, str]
"""Key, number and text of a chunk."""
KEEP_S = 900
MOST_CHUNKS = 8000
EXPIRY_EVERY = 50


class StreamLog(Protocol):
    """Append and read numbered chunks under a key."""

    async def append(self, *entries: Entry) -> None:
        """Add chunks; those of one key are numbered from 1, ascending."""

    async def read(self, key: str, after_seq: int = 0) -> list[Chunk]:
        """Return the chunks with a number above ``after_seq``, ascending."""


class MemoryLog:
    """The log of a single process."""

    def __init__(self) -> None:
        self._chunks: dict[str, list[Chunk]] = {}
        self._expires: dict[str, float] = {}

    async def append(self, *entries: Entry) -> None:
        """Add chunks; forget logs that have expired."""
        moment = time.monotonic()
        for key, seq, text in entries:
            if key not in self._chunks:
                for old in [k for k, end in self._expires.items() if end < moment]:
                    del self._chunks[old], self._expires[old]
            self._chunks.setdefault(key, []).append((seq, text))
            self._expires[key] = moment + KEEP_S

    async def read(self, key: str, after_seq: int = 0) -> list[Chunk]:
        """Return the chunks after ``after_seq``."""
        return [chunk for chunk in self._chunks.get(key, ()) if chunk[0] > after_seq]


class RedisLog:
    """The log shared by processes: entry ids are ``<seq>-0``, so a chunk is never stored twice.

    Chunks of all running answers that wait while one round trip is under way go with the next.
    """

    def __init__(self, url: str) -> None:
        from redis.asyncio import Redis

        self._redis: Any = Redis.from_url(
            url, socket_timeout=2, socket_connect_timeout=1, decode_responses=True
        )
        self._waiting: list[tuple[Sequence[Entry], asyncio.Future[None]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def append(self, *entries: Entry) -> None:
        """Add chunks and return when they are stored; renew the expiry now and then."""
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[None] = loop.create_future()
        self._waiting.append((entries, stored))
        if self._sender is None:
            self._sender = loop.create_task(self._send())
        await stored

    async def _send(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                pipe = self._redis.pipeline(transaction=False)
                for entries, _ in batch:
                    for key, seq, text in entries:
                        pipe.execute_command(
                            "XADD", key, "MAXLEN", "~", MOST_CHUNKS, f"{seq}-0", "t", text
                        )
                        if seq % EXPIRY_EVERY == 1:
                            pipe.execute_command("EXPIRE", key, KEEP_S)
                try:
                    await pipe.execute()
                except Exception as error:  # noqa: BLE001 - each writer is told, and decides
                    _settle(batch, error)
                else:
                    _settle(batch, None)
        finally:
            self._sender = None

    async def read(self, key: str, after_seq: int = 0) -> list[Chunk]:
        """Return the chunks after ``after_seq``."""
        entries = await self._redis.xrange(key, min=f"({after_seq}-0")
        return [(int(entry.split("-")[0]), fields["t"]) for entry, fields in entries]


def _settle(
    batch: list[tuple[Sequence[Entry], asyncio.Future[None]]], error: Exception | None
) -> None:
    for _, stored in batch:
        if stored.done():
            continue
        if error is None:
            stored.set_result(None)
        else:
            stored.set_exception(error)


_memory = MemoryLog()
_redis: tuple[asyncio.AbstractEventLoop, RedisLog] | None = None


def stream_log() -> StreamLog:
    """Return this process's log; call inside the loop that will use it.

    A connection of one loop may never be used in another one: a server may bring its own after a
    worker in the same process has begun.
    """
    global _redis  # noqa: PLW0603 - one per process, as its loop is
    if not settings.REDIS_URL:
        return _memory
    loop = asyncio.get_running_loop()
    if _redis is None or _redis[0] is not loop:
        _redis = loop, RedisLog(settings.REDIS_URL)
    return _redis[1]


def key_of(answer_id: str, attempt: int) -> str:
    """Return the log's key for one attempt of one answer."""
    return f"reply:{answer_id}:{attempt}"

"""The append-only log of an answer's chunks: what a late or returning reader is brought up with.

A Redis Stream per answer and attempt where there is Redis, memory in the one-process topology.
The log is a convenience with an expiry; the finished answer is a row.
"""

import asyncio
import time
from typing import Any, Protocol

from django.conf import settings

from chatsite.lib.gather import Gather

Chunk = tuple[int, str]
Entry = tuple[str, int, str]
"""Key, number and text of a chunk."""
KEEP_S = 900
MOST_CHUNKS = 8000
EXPIRY_EVERY = 50
# Only a first chunk makes a key, and gives it its expiry. Where a later one finds none, Redis has
# forgotten it: readers will see that its beginning is missing, and it gets its expiry again.
ADD = f"""
local failed
local function add(key, ...)
    local id = redis.pcall('XADD', key, ...)
    if type(id) == 'table' and id.err then failed = id end
    return id
end
for i, key in ipairs(KEYS) do
    local seq, text = tonumber(ARGV[2 * i - 1]), ARGV[2 * i]
    local rest = {{'MAXLEN', '~', {MOST_CHUNKS}, seq .. '-0', 't', text}}
    local added = seq > 1 and add(key, 'NOMKSTREAM', unpack(rest))
    if not added then add(key, unpack(rest)) end
    if not added or seq % {EXPIRY_EVERY} == 1 then redis.call('EXPIRE', key, {KEEP_S}) end
end
return failed
"""


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

    What waits to be stored, or to be read, while one round trip is under way goes with the next.
    """

    def __init__(self, url: str) -> None:
        from redis.asyncio import Redis

        self._redis: Any = Redis.from_url(
            url, socket_timeout=2, socket_connect_timeout=1, decode_responses=True
        )
        self._add = self._redis.register_script(ADD)
        self._appends = Gather(self._append)
        self._reads = Gather(self._read)

    async def append(self, *entries: Entry) -> None:
        """Add chunks and return when they are stored; renew the expiry now and then."""
        await self._appends.one(entries)

    async def _append(self, calls: list[tuple[Entry, ...]]) -> list[None]:
        entries = [entry for call in calls for entry in call]
        if entries:
            keys = [key for key, _, _ in entries]
            values = [value for _, seq, text in entries for value in (seq, text)]
            await self._add(keys, values)
        return [None] * len(calls)

    async def read(self, key: str, after_seq: int = 0) -> list[Chunk]:
        """Return the chunks after ``after_seq``."""
        return await self._reads.one((key, after_seq))

    async def _read(self, calls: list[tuple[str, int]]) -> list[list[Chunk]]:
        pipe = self._redis.pipeline(transaction=False)
        for key, after_seq in calls:
            pipe.xrange(key, min=f"({after_seq}-0")
        return [
            [(int(id_.split("-")[0]), fields["t"]) for id_, fields in found]
            for found in await pipe.execute()
        ]


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

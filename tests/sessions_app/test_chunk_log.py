"""The chunk log in Redis: what it keeps, for how long, and what the end of an answer waits for."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.conf import settings

from chatsite.lib.streamlog import RedisLog
from sessions_app.live import reply_stream
from sessions_app.live.reply_stream import ReplyStream
from sessions_app.publish import LiveAnswer

pytestmark = pytest.mark.skipif(not settings.REDIS_URL, reason="one process keeps it in memory")


class GatedLog(RedisLog):
    """A log that stores nothing before its gate is opened."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked, self.gate = asyncio.Event(), asyncio.Event()

    async def _append(self, calls: Any) -> Any:
        self.asked.set()
        await self.gate.wait()
        return await super()._append(calls)


@pytest.fixture
async def log() -> AsyncIterator[GatedLog]:
    made = GatedLog(settings.REDIS_URL)
    made.gate.set()
    yield made
    await made._redis.aclose()


@pytest.fixture
def key() -> str:
    return f"reply:{uuid.uuid4()}:1"


async def test_chunks_are_read_from_where_a_reader_stands(log: GatedLog, key: str) -> None:
    await log.append((key, 1, "a"), (key, 2, "b"))
    await asyncio.gather(log.append((key, 3, "c")), log.append(("reply:other:1", 1, "z")))
    found = await asyncio.gather(log.read(key, 1), log.read("reply:none:1"))
    assert list(found) == [[(2, "b"), (3, "c")], []]


async def test_a_log_has_an_expiry_from_its_first_chunk(log: GatedLog, key: str) -> None:
    await log.append((key, 1, "a"))
    assert await log._redis.ttl(key) > 0


async def test_a_log_that_redis_has_forgotten_has_one_too(log: GatedLog, key: str) -> None:
    await log.append((key, 1, "a"), (key, 2, "b"))
    await log._redis.delete(key)
    await log.append((key, 3, "c"), (key, 4, "d"))
    assert await log._redis.ttl(key) > 0
    assert await log.read(key) == [(3, "c"), (4, "d")]


async def test_an_answer_is_closed_only_when_its_last_chunk_can_be_read(
    log: GatedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply_stream, "stream_log", lambda: log)
    answer = LiveAnswer(uuid.uuid4(), uuid.uuid4(), uuid.uuid4(), None, 1)
    stream = ReplyStream(answer)
    log.gate.clear()
    stream.write("All of it")
    await asyncio.wait_for(log.asked.wait(), 20)  # on its way, so there is nothing left to add
    closing = asyncio.create_task(stream.aclose())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not closing.done()
    log.gate.set()
    await asyncio.wait_for(closing, 20)
    assert await log.read(f"reply:{answer.answer_id}:1") == [(1, "All of it")]

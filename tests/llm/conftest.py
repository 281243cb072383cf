"""The scripted upstream and the desk as fixtures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from chatsite.lib.loopdb import LoopConnections
from llm import wake
from tests.upstream import Upstream, upstream_thread


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """An upstream in the test's own loop."""
    async with Upstream() as server:
        yield server


@pytest.fixture
def upstream_server() -> Iterator[Upstream]:
    """An upstream in a thread, for tests of the engine."""
    with upstream_thread() as server:
        yield server


@pytest.fixture
def bench(desk: Any) -> Any:
    """A bench for turns, beside the desk."""
    from tests.llm.bench import Bench

    return Bench(desk)


@pytest.fixture
def stage(served: str, bench: Any) -> Iterator[Any]:
    """Turns and streams, served as they are to the world."""
    from tests.llm.stage import Stage

    made = Stage(served, bench)
    yield made
    made.settle()


@pytest.fixture
def by_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have replies begun and ended by the functions that lock, as on SQLite."""
    monkeypatch.setattr(LoopConnections, "are_possible", staticmethod(lambda: False))


@pytest.fixture(scope="session")
def _quiet_end() -> Iterator[None]:
    """Stop listening to Redis before Redis is stopped."""
    yield
    from channels.layers import get_channel_layer

    from chatsite.lib import loops
    from chatsite.lib.bus import bus

    async def close() -> None:
        await bus.close()
        if (layer := get_channel_layer()) is not None:
            await layer.flush()

    asyncio.run_coroutine_threadsafe(close(), loops.background()).result(5)


@pytest.fixture
def desk(
    _quiet_end: None,
    transactional_db: None,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    upstream_server: Upstream,
) -> Iterator[Any]:
    """A desk whose customers are answered without a pause; workers are woken by the test."""
    from tests.llm.desk import Desk

    settings.REPLY_DEBOUNCE_S = 0.0
    settings.LLM_SWEEP_S = 3600.0
    monkeypatch.setattr(wake.Waker, "_send", lambda *_: None)
    desk = Desk(upstream_server)
    yield desk
    desk.close()

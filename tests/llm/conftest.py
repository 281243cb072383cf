"""The scripted upstream as fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

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

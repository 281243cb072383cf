"""Fixtures for every test. The servers are started earlier, by tests.servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from deploy.services import Servers


@pytest.fixture(scope="session")
def redis_client(servers: Servers) -> Iterator[redis.Redis]:
    """A client of this run's Redis."""
    with redis.Redis.from_url(servers.redis_url) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_redis(redis_client: redis.Redis) -> None:
    """No rate limit, presence or chunk log of an earlier test is left."""
    redis_client.flushdb()

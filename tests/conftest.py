"""Fixtures for every test. The servers are started earlier, by tests.servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import pytest_django
import redis

from deploy.services import Servers


@pytest.fixture(scope="session")
def redis_client(servers: Servers) -> Iterator[redis.Redis]:
    """A client of this run's Redis."""
    with redis.Redis.from_url(servers.redis_url) as client:
        yield client


@pytest.fixture(scope="session")
def served(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[str]:
    """Host and port of the product, served on the test database for the whole run."""
    from tests import live

    with django_db_blocker.unblock(), live.serving() as host:
        yield host


@pytest.fixture(autouse=True)
def _empty_redis(redis_client: redis.Redis) -> None:
    """No rate limit, presence or chunk log of an earlier test is left."""
    redis_client.flushdb()

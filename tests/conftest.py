"""Fixtures for every test. The servers are started earlier, by tests.servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import pytest_django
from django.core.cache import cache


@pytest.fixture(scope="session")
def served(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[str]:
    """Host and port of the product, served on the test database for the whole run."""
    from tests import live

    with django_db_blocker.unblock(), live.serving() as host:
        yield host


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """No rate limit of an earlier test is left; with Redis, no chunk log either."""
    cache.clear()

"""The servers, one each for a whole run; tests that kill one start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.llm.real import servers
from tests.llm.real.servers import ModelServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is opt-in."""
    for item in items:
        if "/llm/real/" in str(item.path):
            item.add_marker(pytest.mark.real_llm)


@pytest.fixture(scope="session")
def llama() -> Iterator[ModelServer]:
    with servers.llama() as server:
        yield server


@pytest.fixture(scope="session")
def litellm(llama: ModelServer) -> Iterator[ModelServer]:
    with servers.litellm(llama.base_url) as server:
        yield server

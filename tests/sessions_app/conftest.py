"""The kernel's stage: two teams, a customer with a waiting chat, and the real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts.models import Team
from sessions_app.models import ChatSession
from tests import cast, kernel, live


@pytest.fixture
def support(db: None) -> Team:
    """Ben's team, which answers by default."""
    return kernel.team("support", cast.ben(), is_default=True)


@pytest.fixture
def sales(db: None) -> Team:
    """Bea's team."""
    return kernel.team("sales", cast.bea())


@pytest.fixture
def chat(support: Team, sales: Team) -> ChatSession:
    """Vic's chat; it waits for a person of the support team."""
    return kernel.chat(cast.vic())


@pytest.fixture
def address(served: str, transactional_db: None) -> Iterator[str]:
    """Host and port of the product, served for real."""
    yield served
    live.settle()

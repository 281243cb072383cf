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


@pytest.fixture(scope="session")
def address(django_db_setup: None, django_db_blocker: object) -> Iterator[str]:
    """Host and port of the product, served for real."""
    with live.serving() as host:
        yield host

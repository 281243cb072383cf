"""A client who asks for statistics as somebody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from accounts.models import User
from tests import cast
from tests.kernel import Rest

Ask = Callable[..., Any]


@pytest.fixture
def ask() -> Ask:
    """Get below `/api/v1/stats/`, as Ada unless told otherwise; returns the whole answer."""

    def get(path: str = "usage", *, who: User | None = None, **query: Any) -> Any:
        # `since` stands for the parameter `from`, which Python cannot name.
        query = {"from" if name == "since" else name: value for name, value in query.items()}
        return Rest(who or cast.ada()).get(f"/stats/{path}?{urlencode(query)}")

    return get

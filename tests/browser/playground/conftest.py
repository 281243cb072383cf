"""Model servers of every temper, and the models that stand for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.browser.desk import Window
from tests.browser.playground.board import ADA, Board
from tests.upstream import Reply, Upstream, refuse, say, upstream_thread

LONG = """Here is a **short reply** you can send:

> Hi Sam, I am sorry that your parcel is late.

## What happens next

1. The carrier traces it (`TRACK-4711`).
2. If it is not found by *Friday*, we refund you.
   - to the card you paid with
   - within 3 working days

| Case | Time |
|---|---:|
| lost | 3 days |
| late | 5 days |

```python
def refund(order):
    return pay_back(order, "late")  # in full
```

<script>document.title = "broken"</script> ![x](https://evil.example/p.png)
[our policy](https://example.com/policy) [bad](javascript:alert(1))
"""
SHORT = ("Hi Sam, ", "sorry about the delay. ", "You get your money back.")
WORDS = tuple(f"word{number} " for number in range(400))
MODELS = ("Swift", "Atlas", "Slow", "Broken")


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Upstream]:
    """A server with one model of each temper."""
    with upstream_thread() as upstream:
        pieces = [LONG[at : at + 24] for at in range(0, len(LONG), 24)]
        upstream.by_model = {
            "swift": Reply(say(*SHORT)),
            "atlas": Reply(say(*pieces, pause=0.02)),
            "slow": Reply(say(*WORDS, pause=0.1)),
            "broken": refuse(401, "Incorrect API key"),
        }
        yield upstream


@pytest.fixture(scope="session")
def models(site: str, endpoint: Upstream) -> dict[str, int]:
    """The ids of the models by name, made once by an administrator."""
    with httpx.Client(base_url=f"{site}/api/v1", timeout=30) as http:
        login = {"username": ADA[0], "password": ADA[1], "token_transport": "body"}
        token = http.post("/auth/login", json=login).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        made = {}
        for name in MODELS:
            fields = {
                "name": name,
                "provider_name": "test",
                "base_url": endpoint.base_url,
                "model": name.lower(),
                "prices": {"prompt": 1, "completion": 2, "currency": "USD"},
            }
            answer = http.post("/models", json=fields)
            assert answer.status_code == 201, answer.text
            made[name] = answer.json()["id"]
        return made


@pytest.fixture
def board(window: Callable[..., Window], models: dict[str, int]) -> Board:
    """The playground with an administrator in front of it."""
    return Board.open(window())

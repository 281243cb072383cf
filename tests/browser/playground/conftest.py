"""Model servers of every temper, and the models that stand for them."""

from __future__ import annotations

import contextlib
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
PIECES = [LONG[at : at + 24] for at in range(0, len(LONG), 24)]


@pytest.fixture(scope="package")
def endpoints() -> Iterator[dict[str, Upstream]]:
    """A server for each model, so that the rest one is given after failures is its own."""
    answers = {
        "Swift": Reply(say(*SHORT)),
        "Atlas": Reply(say(*PIECES, pause=0.02)),
        "Slow": Reply(say(*WORDS, pause=0.1)),
        "Broken": refuse(401, "Incorrect API key"),
        "Flaky": refuse(500, "oops"),
        "Busy": refuse(429, "slow down"),
    }
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(upstream_thread()) for name in answers}
        for name, answer in answers.items():
            servers[name].default = answer
        yield servers


@pytest.fixture(scope="package")
def models(site: str, endpoints: dict[str, Upstream]) -> Iterator[None]:
    """The models, made once by an administrator and gone afterwards, as drafts would ask them."""
    made = []
    with httpx.Client(base_url=f"{site}/api/v1", timeout=30) as http:
        login = {"username": ADA[0], "password": ADA[1], "token_transport": "body"}
        token = http.post("/auth/login", json=login).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        for name, server in endpoints.items():
            fields = {
                "name": name,
                "base_url": server.base_url,
                "model": name.lower(),
                "prices": {"prompt": 1, "completion": 2, "currency": "USD"},
            }
            answer = http.post("/models", json=fields)
            assert answer.status_code == 201, answer.text
            made.append(answer.json()["id"])
        yield
        for model in made:
            assert http.delete(f"/models/{model}").status_code == 204


@pytest.fixture
def board(window: Callable[..., Window], models: None) -> Board:
    """The playground with an administrator in front of it."""
    return Board.open(window())

"""kill -9 while turns are streamed: their readers go on at the other web process.

No text may be missing or there twice, every slot ends, and no model is asked again by a reader.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.faults.clients import Place
from tests.faults.conftest import Seats
from tests.faults.harness import Cluster
from tests.sse import Page, opened
from tests.upstream import Reply, Upstream, say

WORDS = [f"word{n} " for n in range(80)] + ["end."]
TEXT = "".join(WORDS)
MAKE_MODEL = """
from llm.models import ModelConfig
fields = dict(base_url={url!r}, model="long")
made, _ = ModelConfig.objects.get_or_create(name="Long", defaults=fields)
print("model", made.pk)
"""
PATIENCE_S = 90.0


class Asker:
    """An agent who asks the long-winded model, and reads on at either web process."""

    def __init__(self, cluster: Cluster, upstream: Upstream, place: Place) -> None:
        self.cluster, self.upstream, self.bases = cluster, upstream, place.bases
        self.headers = {"Authorization": f"Bearer {place.token}"}
        upstream.by_model["long"] = Reply(say(*WORDS, pause=0.05))
        printed = cluster.manage("shell", "-c", MAKE_MODEL.format(url=upstream.base_url))
        self.model = int(printed.split("model ")[1].split()[0])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """REST at whichever web process answers."""
        ends_at = time.monotonic() + PATIENCE_S
        while True:
            for base in self.bases:
                try:
                    answer = httpx.request(
                        method, f"{base}/api/v1{path}", json=body, headers=self.headers, timeout=10
                    )
                except httpx.TransportError:
                    continue
                if answer.status_code < 500:
                    assert answer.is_success, answer.text
                    return answer.json()
            assert time.monotonic() < ends_at, "nobody answers"
            time.sleep(0.2)

    def ask(self, slots: int) -> str:
        """Begin a turn."""
        talk = self.call("POST", "/conversations", {"model_ids": [self.model] * slots})
        asked = self.call("POST", f"/conversations/{talk['id']}/messages", {"content": "Why?"})
        return str(asked["turn_id"])

    def follow(self, turn: str, page: Page, dice: random.Random, most: int = 10**6) -> Page:
        """Read until the end or so many events, at one web process after the other."""
        ends_at = time.monotonic() + PATIENCE_S
        shown = 0
        while page.done is None and shown < most:
            assert time.monotonic() < ends_at, f"the stream hangs after {page.last_id}"
            base = dice.choice(self.bases)
            limit = min(most - shown, dice.choice([3, 10, 1000]))
            before = len(page.kinds)
            try:
                url = f"{base}/api/v1/streams/turn/{turn}"
                with opened(url, self.headers, last_event_id=page.last_id) as stream:
                    if stream.response.status_code == 200:
                        page.follow(stream, most=limit)
            except httpx.TransportError:
                time.sleep(0.1)
            shown += len(page.kinds) - before
        return page

    def stored(self, turn: str) -> list[str]:
        """What the slots have come to."""
        results = self.call("GET", f"/turns/{turn}")["results"]
        return [str(result["text"]) for result in results]


@pytest.fixture
def asker(cluster: Cluster, upstream: Upstream, seats: Seats) -> Iterator[Asker]:
    ((_, agent),) = seats(1)
    made = Asker(cluster, upstream, agent)
    upstream.requests.clear()
    yield made
    upstream.by_model.clear()


def test_readers_hop_between_web_processes(asker: Asker, dice: random.Random) -> None:
    turn = asker.ask(2)
    page = asker.follow(turn, Page(), dice)
    assert page.shown() == asker.stored(turn) == [TEXT] * 2
    assert "snapshot" not in page.kinds
    assert len(asker.upstream.requests) == 2


@pytest.mark.parametrize("role", ["web.1", "redis", "worker"])
def test_a_reader_sees_the_end_whatever_dies(
    asker: Asker, cluster: Cluster, dice: random.Random, role: str
) -> None:
    turn = asker.ask(2)
    page = asker.follow(turn, Page(), dice, most=20)
    cluster.kill(role)
    back = threading.Timer(1.0, cluster.restart, [role])
    back.start()
    try:
        asker.follow(turn, page, dice)
    finally:
        back.join()
    assert page.shown() == asker.stored(turn)
    assert set(page.finals) == {0, 1}
    if role == "worker":
        # Another worker asks again, unless it was recorded that some text was shown.
        for slot, end in page.finals.items():
            assert page.texts[slot] == TEXT or (
                end.kind == "error" and TEXT.startswith(page.texts[slot])
            )
    else:
        assert page.shown() == [TEXT] * 2
        assert len(asker.upstream.requests) == 2

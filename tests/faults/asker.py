"""An agent who asks models, and reads on at whichever web process answers."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import httpx
import psycopg

from tests.faults.clients import Place
from tests.faults.harness import Cluster
from tests.sse import Page, opened
from tests.upstream import Reply, Step, Upstream, say

WORDS = [f"word{n} " for n in range(80)] + ["end."]
TEXT = "".join(WORDS)
MAKE_MODEL = """
from llm.models import ModelConfig
made, _ = ModelConfig.objects.update_or_create(
    name={name!r}, defaults=dict(base_url={url!r}, model={name!r})
)
print("model", made.pk)
"""
PATIENCE_S = 90.0


class Asker:
    """Asks, follows and looks up turns as a careful client does."""

    def __init__(self, cluster: Cluster, upstream: Upstream, place: Place) -> None:
        self.cluster, self.upstream, self.bases = cluster, upstream, place.bases
        self.headers = {"Authorization": f"Bearer {place.token}"}
        self.model = self.add_model("long", say(*WORDS, pause=0.05))

    def add_model(self, name: str, steps: list[Step] | Reply, base_url: str = "") -> int:
        """A model that answers so, at the scripted upstream or another address; its id."""
        self.upstream.by_model[name] = steps if isinstance(steps, Reply) else Reply(steps)
        script = MAKE_MODEL.format(name=name, url=base_url or self.upstream.base_url)
        printed = self.cluster.manage("shell", "-c", script)
        return int(printed.split("model ")[1].split()[0])

    def gate(self) -> asyncio.Event:
        """A step of an answer that waits until it is set, by :meth:`open_gate`."""

        async def make() -> asyncio.Event:
            return asyncio.Event()

        return asyncio.run_coroutine_threadsafe(make(), self.upstream.loop).result(5)

    def open_gate(self, gate: asyncio.Event) -> None:
        """Let the answers go on that wait there."""
        self.upstream.loop.call_soon_threadsafe(gate.set)

    def asked(self, name: str = "long") -> int:
        """How often a model was asked."""
        return sum(request.get("model") == name for request in self.upstream.requests)

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

    def ask(self, *models: int, slots: int = 1) -> str:
        """Begin a turn with models, or the long-winded one so many times."""
        wanted = list(models) or [self.model] * slots
        talk = self.call("POST", "/conversations", {"model_ids": wanted})
        asked = self.call("POST", f"/conversations/{talk['id']}/messages", {"content": "Why?"})
        return str(asked["turn_id"])

    def follow(
        self,
        turn: str,
        page: Page,
        dice: random.Random,
        most: int = 10**6,
        *,
        again: bool = False,
    ) -> Page:
        """Read until the end or so many events, at one web process after the other.

        ``again`` reads on after an end that a retry has taken back.
        """
        ends_at = time.monotonic() + PATIENCE_S
        shown, passed = 0, page.done if again else None
        while page.done is passed and shown < most:
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
            if page.done is None:
                passed = None
        return page

    def results(self, turn: str) -> list[dict[str, Any]]:
        """How the slots stand."""
        found: list[dict[str, Any]] = self.call("GET", f"/turns/{turn}")["results"]
        return found

    def stored(self, turn: str) -> list[str]:
        """What the slots have come to."""
        return [str(result["text"]) for result in self.results(turn)]

    def row(self, sql: str, *values: object) -> Any:
        """The first row of a look into the database."""
        with psycopg.connect(self.cluster.postgresql.url) as connection:
            return connection.execute(sql, values).fetchone()

    def left_open(self, turns: list[str]) -> int:
        """How many turns, or slots of them, have not ended."""
        (count,) = self.row(
            "select count(*) from llm_turn t join llm_answer a on a.turn_id = t.id"
            " where t.id = any(%s::uuid[])"
            " and (t.finished_at is null or a.status in ('queued', 'running'))",
            turns,
        )
        return int(count)

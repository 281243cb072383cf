"""A stage for tests of streams: turns of Ben's, and anybody's streams over real connections."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Any

from accounts import tokens
from accounts.models import User
from accounts.viewer import Viewer
from chatsite.lib.streamlog import stream_log
from llm.models import Answer, Turn
from llm.streams import feeds as running
from llm.turns import ask, open_conversation
from tests import cast
from tests.llm.bench import Bench
from tests.sse import PATIENCE_S, Page, Stream, opened


class Stage:
    """Turns of Ben's, and the streams of anybody."""

    def __init__(self, address: str, bench: Bench) -> None:
        self.bench, self.upstream, self.address = bench, bench.upstream, address
        self.ben = cast.ben()
        self.viewer = Viewer.of(self.ben)

    def ask(
        self,
        *models: Any,
        slots: int = 1,
        content: str = "Why?",
        blind: bool = False,
        wake: bool = True,
    ) -> Turn:
        """A question of Ben's to models, or to the scripted one."""
        ids = [model.pk for model in models] or [self.bench.model.pk] * slots
        talk = open_conversation(viewer=self.viewer, model_ids=ids).conversation
        asked = ask(viewer=self.viewer, conversation_id=talk.pk, content=content, blind=blind)
        turn = asked.turn
        if wake:
            self.bench.wake(turn)
        return turn

    def stream(
        self, turn: Turn | Answer, user: User | None = None, last_event_id: str = "", **params: str
    ) -> AbstractContextManager[Stream]:
        """A stream of the turn as Ben, or as somebody else."""
        headers = {"Authorization": f"Bearer {tokens.issue_access(user or self.ben)}"}
        url = f"http://{self.address}/api/v1/streams/turn/{turn.pk}"
        return opened(url, headers, last_event_id=last_event_id, **params)

    def read(self, turn: Turn | Answer, page: Page | None = None, **how: Any) -> Page:
        """All of a stream, as a page shows it; who is told to come back later does."""
        page, ends_at = page or Page(), time.monotonic() + PATIENCE_S
        while True:
            with self.stream(turn, last_event_id=page.last_id, **how) as stream:
                if stream.response.status_code == 503 and time.monotonic() < ends_at:
                    time.sleep(0.5)
                    continue
                assert stream.response.status_code == 200, stream.response.read()
                return page.follow(stream)

    def forget_feeds(self) -> None:
        """As in another web process: nothing is in memory."""

        async def forget() -> None:
            running.feeds._feeds.clear()

        self.bench.in_loop(forget())

    def drop_log(self) -> None:
        """The chunk log has expired."""

        async def flush() -> None:
            await stream_log()._redis.flushall()  # type: ignore[attr-defined]

        self.bench.in_loop(flush())

    def settle(self) -> None:
        """Cut every stream and forget every turn."""

        async def cut() -> None:
            for reader in list(running.feeds._readers):
                reader.cut()
            running.feeds._feeds.clear()

        self.bench.in_loop(cut())

"""A desk for tests of the engine: a customer, an agent, a scripted model, and an engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from accounts.models import Team
from accounts.viewer import Viewer
from chatsite.lib import clock, loops
from llm.engine import Engine
from llm.jobs import Job
from llm.models import Answer, ModelConfig
from sessions_app import actions
from sessions_app.models import ChatSession, Message, MessageKind, SenderKind
from tests import cast
from tests.upstream import Upstream

R = TypeVar("R")
PATIENCE_S = 15.0


class Desk:
    """Everything a story of the assistant needs; its methods are the steps of the story."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.team, _ = Team.objects.get_or_create(name="Help", slug="help", is_default=True)
        self.agent_user = cast.ben()
        self.agent_user.teams.add(self.team)
        self.agent = Viewer.of(self.agent_user)
        self.customer = Viewer.of(cast.vic())
        self.model = ModelConfig.objects.create(
            name="Scripted", base_url=upstream.base_url, model="m", is_default=True
        )
        self.engines: list[Engine] = []
        self.engine = self.new_engine()

    # --- Engines ---

    def new_engine(self) -> Engine:
        """Another worker process, as far as the database can tell."""

        async def build() -> Engine:
            engine = Engine()
            engine.start()
            return engine

        engine = self.in_loop(build())
        self.engines.append(engine)
        return engine

    def in_loop(self, work: Any) -> Any:
        """Run a coroutine in the process's loop and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, loops.background()).result(PATIENCE_S)

    def wake(self, session: ChatSession, engine: Engine | None = None) -> None:
        """Wake a worker for the session."""
        chosen = engine or self.engine

        async def call() -> None:
            chosen.wake(Job("reply", session.pk))

        self.in_loop(call())

    def settle(self, session: ChatSession) -> None:
        """Wait until the session is owed nothing and no engine works on it."""
        self.until(
            lambda: (
                not any(e._tasks or e._timers or e._taking for e in self.engines)
                and not ChatSession.objects.filter(
                    pk=session.pk, floor="assistant", reply_due_at__lte=clock.now()
                ).exists()
            )
        )

    def until(self, holds: Callable[[], R]) -> R:
        """Wait until ``holds`` gives something true, and return it."""
        ends_at = time.monotonic() + PATIENCE_S
        while not (found := holds()):
            assert time.monotonic() < ends_at, "waited in vain"
            time.sleep(0.005)
        return found

    def close(self) -> None:
        """End all engines."""
        for engine in self.engines:
            self.in_loop(engine.drain(0))

    # --- Steps ---

    def open(self) -> ChatSession:
        """The customer opens a chat with the assistant."""
        return actions.open_session(viewer=self.customer)

    def ask(self, session: ChatSession, *texts: str) -> None:
        """The customer writes; nobody is woken."""
        for text in texts:
            actions.post_message(viewer=self.customer, session_id=session.pk, content=text)

    def chat(self, text: str) -> ChatSession:
        """A new chat in which the customer asks and an engine is woken."""
        session = self.open()
        self.ask(session, text)
        self.wake(session)
        return session

    def until_shown(self, session: ChatSession) -> None:
        """Wait until the session's answer has begun to stream."""
        self.until(
            lambda: any(
                one.parts and one.claim.session_id == session.pk
                for engine in self.engines
                for one in list(engine._running.values())
            )
        )

    # --- What can be seen ---

    def answers(self, session: ChatSession) -> list[str]:
        """The assistant's messages."""
        return list(
            Message.objects.filter(session=session, sender_kind=SenderKind.ASSISTANT)
            .order_by("seq")
            .values_list("content", flat=True)
        )

    def events(self, session: ChatSession) -> list[str]:
        """The names of the session's events."""
        rows = Message.objects.filter(session=session, kind=MessageKind.EVENT).order_by("seq")
        return [row.metadata["event"] for row in rows]

    def records(self, session: ChatSession) -> list[Answer]:
        """The session's answers, oldest first."""
        return list(Answer.objects.filter(session=session).order_by("created_at", "id"))

    def statuses(self, session: ChatSession) -> list[str]:
        """How the session's answers stand, oldest first."""
        return [str(answer.status) for answer in self.records(session)]

    def asked(self, number: int = -1) -> str:
        """What the customer is quoted with in a request that the model got."""
        messages = self.upstream.requests[number]["messages"]
        return str(next(m["content"] for m in reversed(messages) if m["role"] == "user"))


def expire(answer_id: UUID) -> None:
    """Make an answer look as if its worker had died long ago."""
    Answer.objects.filter(pk=answer_id).update(lease_until=clock.now().replace(year=2020))

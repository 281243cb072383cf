"""A bench for tests of turns: an agent, a conversation with models, and engines."""

from __future__ import annotations

from collections.abc import Sequence

from chatsite.lib import clock
from chatsite.lib.ids import uuid7
from llm import answers
from llm.engine import Engine
from llm.jobs import Job
from llm.models import Answer, Conversation, ModelConfig, Turn
from sessions_app import actions
from sessions_app.models import ChatSession, Message, SenderKind
from tests.llm.desk import Desk
from tests.upstream import Upstream

PURPOSES = {Turn.Kind.COMPARE: Answer.Purpose.COMPARE, Turn.Kind.DRAFT: Answer.Purpose.DRAFT}


class Bench:
    """What stories of turns need, on top of a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.upstream: Upstream = desk.upstream
        self.model, self.agent, self.engine = desk.model, desk.agent, desk.engine
        self.until, self.in_loop, self.new_engine = desk.until, desk.in_loop, desk.new_engine
        self.open = desk.open
        self.session = ChatSession.objects.create(kind="assistant", title="Comparing")
        Conversation.objects.create(session=self.session, model_ids=[self.model.pk])

    def add_model(self, name: str, model: str) -> ModelConfig:
        """Another model at the same endpoint."""
        return ModelConfig.objects.create(name=name, base_url=self.upstream.base_url, model=model)

    def say(self, session: ChatSession, text: str) -> None:
        """The customer writes in a support chat."""
        actions.post_message(viewer=self.desk.customer, session_id=session.pk, content=text)

    def ask(
        self,
        text: str,
        *,
        models: Sequence[ModelConfig] = (),
        slots: int = 0,
        wake: bool = True,
    ) -> Turn:
        """Put a question to models, or to the scripted one ``slots`` times."""
        session = ChatSession.objects.get(pk=self.session.pk)
        session.last_seq += 1
        session.version += 1
        session.save()
        question = Message.objects.create(
            session=session,
            seq=session.last_seq,
            prev_public_seq=session.last_seq - 1,
            version=session.version,
            sender_kind=SenderKind.AGENT,
            content=text,
            created_at=clock.now(),
        )
        turn = Turn.objects.create(kind="compare", session=session, question=question)
        return self._begin(turn, list(models) or [self.model] * slots, wake)

    def draft(self, session: ChatSession, *, kind: str = "draft", wake: bool = True) -> Turn:
        """Ask for a draft, or other help, in a support chat."""
        session.refresh_from_db()
        turn = Turn.objects.create(kind=kind, session=session, watermark=session.last_seq)
        return self._begin(turn, [self.model], wake)

    def _begin(self, turn: Turn, models: Sequence[ModelConfig], wake: bool) -> Turn:
        for slot, model in enumerate(models):
            Answer.objects.create(
                id=uuid7(),
                purpose=PURPOSES.get(Turn.Kind(turn.kind), Answer.Purpose.ASSIST),
                session=turn.session,
                turn=turn,
                slot=slot,
                model=model,
                created_at=clock.now(),
            )
        if wake:
            self.wake(turn)
        return turn

    def wake(self, turn: Turn, engine: Engine | None = None) -> None:
        """Wake a worker for every open slot."""
        jobs = [Job("slot", answer.pk) for answer in self.slots(turn)]

        async def call() -> None:
            for job in jobs:
                (engine or self.engine).wake(job)

        self.in_loop(call())

    def claim(self, turn: Turn, worker: str = "dead") -> answers.Claim:
        """Take the turn's first slot for a worker that then does nothing."""
        job = Job("slot", self.slots(turn)[0].pk)
        claim = answers.claim(job=job, worker=worker)
        assert isinstance(claim, answers.Claim)
        return claim

    def pick(self, turn: Turn, slot: int) -> None:
        """Choose a slot's answer."""
        Turn.objects.filter(pk=turn.pk).update(picked_slot=slot, picked_at=clock.now())

    def until_shown(self, turn: Turn, slots: int = 1) -> None:
        """Wait until so many slots have begun to stream."""
        self.until(
            lambda: (
                sum(
                    bool(one.parts)
                    for engine in self.desk.engines
                    for one in list(engine._running.values())
                    if one.claim.turn_id == turn.pk
                )
                >= slots
            )
        )

    def settle(self, turn: Turn) -> None:
        """Wait until nothing of the turn is open and no engine works."""
        self.until(
            lambda: (
                not any(e._tasks or e._timers or e._taking for e in self.desk.engines)
                and not set(self.statuses(turn)) & set(Answer.OPEN)
            )
        )

    def slots(self, turn: Turn) -> list[Answer]:
        """The turn's current answers, by slot."""
        return list(Answer.objects.filter(turn=turn, is_current=True).order_by("slot"))

    def statuses(self, turn: Turn) -> list[str]:
        """How the slots stand."""
        return [str(answer.status) for answer in self.slots(turn)]

    def texts(self, turn: Turn) -> list[str]:
        """What the slots say."""
        return [answer.text for answer in self.slots(turn)]

    def finished(self, turn: Turn) -> bool:
        """Whether the turn has ended."""
        return Turn.objects.get(pk=turn.pk).finished_at is not None

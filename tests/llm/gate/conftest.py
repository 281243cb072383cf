"""A gate with an admin, a scripted model and an engine that answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from accounts.viewer import Viewer
from llm.gate import actions
from llm.gate.models import Case, CaseResult, Release, Replay
from llm.jobs import Job
from llm.models import Answer
from tests import cast
from tests.llm.desk import Desk


class Gate:
    """What stories of the gate need."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.admin = Viewer.of(cast.ada())

    def case(self, says: str, *, cites: Sequence[Any] = (), **wanted: Any) -> Case:
        """A case of one message."""
        talk = [{"role": "customer", "text": says}]
        case = Case(name=says[:100], talk=talk, **wanted)
        return actions.save_case(viewer=self.admin, case=case, cites=cites)

    def release(
        self, prompt: str = "Be brief.", *, articles: Sequence[Any] = (), **fields: Any
    ) -> Release:
        """A candidate of the scripted model."""
        made = Release(name=prompt[:100], model=self.desk.model, system_prompt=prompt, **fields)
        return actions.save_release(viewer=self.admin, release=made, articles=articles)

    def replay(self, release: Release) -> Replay:
        """Try a release and wait for the end."""
        replay = actions.ask_for_replay(viewer=self.admin, release=release)
        jobs = [
            Job("replay", pk)
            for pk in Answer.objects.filter(case_result__replay=replay).values_list("pk", flat=True)
        ]

        async def wake() -> None:
            for job in jobs:
                self.desk.engine.wake(job)

        self.desk.in_loop(wake())
        self.desk.until(lambda: Replay.objects.get(pk=replay.pk).status != "running")
        return Replay.objects.get(pk=replay.pk)

    def results(self, replay: Replay, side: str = "candidate") -> dict[str, CaseResult]:
        """What one side answered, by the name of the case."""
        return {one.case.name: one for one in replay.results.filter(side=side)}

    def pass_and_publish(self, release: Release) -> Any:
        """The usual way to go live."""
        assert self.replay(release).passed
        return actions.publish(viewer=self.admin, release=release)


@pytest.fixture
def gate(desk: Desk) -> Gate:
    return Gate(desk)

"""`manage.py replay`: try a release on all cases, here and now; for CI and for the curious."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Role, User
from accounts.viewer import Viewer
from chatsite.lib.errors import DomainError
from llm import process
from llm.gate.actions import ask_for_replay
from llm.gate.models import Release, Replay
from llm.gate.queries import Compared, Report, report
from llm.jobs import Job
from llm.models import Answer

LOOK_EVERY_S = 0.3


class Command(BaseCommand):
    """Exit status 0 when every case of the release passed, 1 otherwise."""

    help = "Put a release and what is in use to all enabled cases, and print what changed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which release; the newest without."""
        parser.add_argument("release", nargs="?", type=int, help="Its id; the newest without.")
        parser.add_argument("--all", action="store_true", help="Print the met cases too.")

    def handle(self, *_arguments: Any, release: int | None, all: bool, **_options: Any) -> None:
        """Run and print."""
        found = Release.objects.filter(**({"pk": release} if release else {})).first()
        admin = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk").first()
        if found is None or admin is None:
            raise CommandError("There is no such release." if admin else "There is no admin.")
        try:
            replay = ask_for_replay(viewer=Viewer.of(admin), release=found)
        except DomainError as error:
            raise CommandError(
                "; ".join([error.detail, *(e.detail for e in error.errors)])
            ) from None
        self._answer_here(replay)
        shown = report(Replay.objects.select_related("release", "against").get(pk=replay.pk))
        self._print(shown, everything=all)
        if not shown.replay.passed:
            raise CommandError("Not passed.", returncode=1)
        self.stdout.write("Passed.")

    def _answer_here(self, replay: Replay) -> None:
        """Answer in this process, whether or not workers run; both may share the work."""
        mine = Answer.objects.filter(case_result__replay=replay, status=Answer.Status.QUEUED)
        for answer_id in mine.values_list("pk", flat=True):
            process.wake(Job("replay", answer_id))
        while Replay.objects.filter(pk=replay.pk, status=Replay.Status.RUNNING).exists():
            time.sleep(LOOK_EVERY_S)
        process.drain(0)

    def _print(self, shown: Report, *, everything: bool) -> None:
        for side, totals in (("release", shown.candidate), ("in use", shown.in_use)):
            self.stdout.write(
                f"{side:8} {totals.passed}/{totals.cases} passed, latency {totals.latency_ms} ms, "
                f"first text {totals.ttft_ms} ms, {totals.tokens} tokens, cost {totals.cost}"
            )
        for one in shown.compared:
            if everything or one.change:
                self._case(one)

    def _case(self, one: Compared) -> None:
        self.stdout.write(f"\n{one.change or 'met'}: {one.candidate.case}")
        self.stdout.write(f"  said: {one.candidate.error or one.candidate.text[:300]!r}")
        for check in one.candidate.checks:
            if not check["ok"]:
                self.stdout.write(f"  not ok: {check['check']} {check['wanted']}")

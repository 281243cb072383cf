"""Replays: asked for, answered by the engine like anything else, and judged."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import Conflict, ValidationFailed
from chatsite.lib.ids import uuid7
from llm.gate.access import require_admin
from llm.gate.checks import Expectations, Given, check, passed
from llm.gate.digest import digest_of
from llm.gate.models import Case, CaseResult, Release, Replay
from llm.gate.queries import Assistant, current, in_use
from llm.jobs import Job
from llm.models import Answer
from llm.policy import wants_person
from llm.wake import waker


def ask_for_replay(*, viewer: Viewer, release: Release) -> Replay:
    """Put a release, and what is in use, to all enabled cases; workers are woken for the answers.

    Raises Conflict while one runs for the release, and ValidationFailed when there is no case.
    """
    require_admin(viewer)
    cases = list(Case.objects.filter(enabled=True).prefetch_related("cites"))
    if not cases:
        raise ValidationFailed.of("cases", "there is no enabled case to try it on")
    live = current()
    try:
        with transaction.atomic():
            replay = Replay.objects.create(
                release=release,
                against=live.release if live else None,
                digest=digest_of(release),
                asked_by_id=viewer.user_id,
            )
            sides = {
                CaseResult.Side.CANDIDATE: Assistant.of(release),
                CaseResult.Side.IN_USE: Assistant.of(live.release) if live else in_use(),
            }
            for side, assistant in sides.items():
                _ask_all(replay, side, assistant, cases)
            _end_when_complete(replay.pk)
    except IntegrityError:
        raise Conflict(_("A replay of this release is running already")) from None
    return replay


def _ask_all(replay: Replay, side: str, assistant: Assistant | None, cases: Sequence[Case]) -> None:
    jobs = []
    for case in cases:
        result = CaseResult(replay=replay, case=case, side=side)
        if wants_person(case.talk[-1]["text"]):
            # The rules decide before a model is asked, as they do for customers.
            _judge(result, Given("", handed_over=True))
        elif assistant is None:
            _judge(result, Given("", error="no_model"))
        else:
            result.answer = _queued(assistant)
            jobs.append(Job("replay", result.answer.pk))
        result.save()
    transaction.on_commit(lambda: waker.now(*jobs), robust=True)


def _queued(assistant: Assistant) -> Answer:
    return Answer.objects.create(
        id=uuid7(),
        purpose=Answer.Purpose.REPLAY,
        model=assistant.model,
        params=dict(assistant.params),
        created_at=clock.now(),
    )


def stop_replay(*, viewer: Viewer, replay: Replay) -> None:
    """End a replay where it is; answers that run are cancelled."""
    require_admin(viewer)
    with transaction.atomic():
        replay = Replay.objects.select_for_update(no_key=True).get(pk=replay.pk)
        if replay.status != Replay.Status.RUNNING:
            return
        Answer.objects.filter(case_result__replay=replay, status__in=Answer.OPEN).update(
            cancel_requested_at=clock.now()
        )
        replay.status = Replay.Status.STOPPED
        replay.finished_at = clock.now()
        replay.save(update_fields=["status", "finished_at"])


def judge_answer(*, answer_id: UUID, given: Given, titles: dict[int, str] | None = None) -> None:
    """Judge what an answer of a replay came to; the last one ends the replay.

    Call inside the transaction that ends the answer. ``titles`` are those of the cited articles.
    """
    result = (
        CaseResult.objects.select_related("case")
        .prefetch_related("case__cites")
        .filter(answer_id=answer_id, passed=None)
        .first()
    )
    if result is None:
        return
    result.cited = [{"article_id": pk, "title": (titles or {}).get(pk, "")} for pk in given.cited]
    _judge(result, given)
    result.save()
    _end_when_complete(result.replay_id)


def _judge(result: CaseResult, given: Given) -> None:
    case = result.case
    wanted = Expectations(
        cites={article.pk: article.title for article in case.cites.all()},
        must_say=case.must_say,
        must_not_say=case.must_not_say,
        handoff=case.handoff,  # type: ignore[arg-type]
    )
    checks = check(wanted, given)
    result.text, result.error, result.handed_over = given.text, given.error, given.handed_over
    result.checks = [one.as_json() for one in checks]
    result.passed = passed(checks)


def _end_when_complete(replay_id: UUID) -> None:
    """Close a replay whose results are all there; it passed when every case of the release did."""
    replay = Replay.objects.select_for_update(no_key=True).get(pk=replay_id)
    if replay.status != Replay.Status.RUNNING or replay.results.filter(passed=None).exists():
        return
    mine = replay.results.filter(side=CaseResult.Side.CANDIDATE)
    replay.passed = not mine.filter(passed=False).exists()
    replay.status = Replay.Status.DONE
    replay.finished_at = clock.now()
    replay.save(update_fields=["passed", "status", "finished_at"])

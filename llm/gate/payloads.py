"""The JSON shapes of cases, releases, replays and publications."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from chatsite.lib.clock import rfc3339, rfc3339_or_none
from llm.gate.actions.releases import passing_replay
from llm.gate.changes import Changes
from llm.gate.models import Case, CaseResult, Publication, Release, Replay
from llm.gate.queries import Compared, Report, Totals

Payload = dict[str, Any]


def case(item: Case) -> Payload:
    """Return a case; its ``cites`` are to be prefetched."""
    return {
        "id": item.pk,
        **case_begun(item),
        "enabled": item.enabled,
        "cites": [{"id": one.pk, "title": one.title} for one in item.cites.all()],
        "created_by": _person(item.created_by),
        "created_at": rfc3339(item.created_at),
    }


def case_begun(item: Case) -> Payload:
    """Return what a case has before it is stored."""
    return {
        "name": item.name,
        "is_red_team": item.is_red_team,
        "talk": item.talk,
        "must_say": item.must_say,
        "must_not_say": item.must_not_say,
        "handoff": item.handoff,
        "session_id": str(item.session_id) if item.session_id else None,
    }


def release(item: Release) -> Payload:
    """Return a release as lists show it; articles, publications and replays are prefetched."""
    newest = next(iter(item.replays.all()), None)
    return {
        "id": item.pk,
        "name": item.name,
        "state": state_of(item),
        "model": {"id": item.model_id, "name": item.model.name},
        "system_prompt": item.system_prompt,
        "params": item.params,
        "articles": [{"id": one.pk, "title": one.title} for one in item.articles.all()],
        "notes": item.notes,
        "last_replay": newest and _replay_ref(newest),
        "created_by": _person(item.created_by),
        "created_at": rfc3339(item.created_at),
    }


def release_shown(item: Release) -> Payload:
    """Return a release with the replay that lets it pass as it is now."""
    passing = passing_replay(item)
    return {**release(item), "passing_replay": passing and _replay_ref(passing)}


def state_of(item: Release) -> str:
    """Return ``live``, ``used`` (it was live before) or ``candidate``."""
    published = list(item.publications.all())
    if any(one.is_current for one in published):
        return "live"
    return "used" if published else "candidate"


def changes(found: Changes) -> Payload:
    """Return what a release changes."""
    using = found.in_use
    return {
        "against": None
        if using is None
        else {
            "release": using.release and _release_ref(using.release),
            "model": {"id": using.model.pk, "name": using.model.name},
        },
        "parts": [
            {"field": one.field, "before": one.before, "after": one.after} for one in found.parts
        ],
        "articles": [
            {"id": one.article.pk, "title": one.article.title, "change": one.change}
            for one in found.articles
        ],
    }


def replay(item: Replay) -> Payload:
    """Return a replay as lists show it."""
    return {
        "id": str(item.pk),
        "release": _release_ref(item.release),
        "against": item.against and _release_ref(item.against),
        "status": item.status,
        "passed": item.passed,
        "asked_by": _person(item.asked_by),
        "created_at": rfc3339(item.created_at),
        "finished_at": rfc3339_or_none(item.finished_at),
    }


def replay_shown(found: Report) -> Payload:
    """Return a replay with what it has shown so far, what the release broke first."""
    return {
        **replay(found.replay),
        "open": found.open,
        "candidate": _totals(found.candidate),
        "in_use": _totals(found.in_use),
        "cases": [_compared(one) for one in found.compared],
    }


def publication(item: Publication) -> Payload:
    """Return one time that a release went live."""
    return {
        "id": item.pk,
        "release": _release_ref(item.release),
        "is_current": item.is_current,
        "is_rollback": item.is_rollback,
        "replay_id": str(item.replay_id) if item.replay_id else None,
        "override_reason": item.override_reason,
        "previous": item.previous and _release_ref(item.previous.release),
        "published_by": _person(item.published_by),
        "published_at": rfc3339(item.published_at),
        "ended_at": rfc3339_or_none(item.ended_at),
    }


def _compared(one: Compared) -> Payload:
    asked = one.candidate.case
    return {
        "case": {"id": asked.pk, "name": asked.name, "is_red_team": asked.is_red_team},
        "change": one.change or ("met" if one.candidate.passed else "open"),
        "candidate": _result(one.candidate),
        "in_use": one.in_use and _result(one.in_use),
    }


def _result(item: CaseResult) -> Payload:
    answer = item.answer
    return {
        "passed": item.passed,
        "text": item.text,
        "cited": item.cited,
        "handed_over": item.handed_over,
        "error": item.error,
        "checks": item.checks,
        "latency_ms": answer and answer.latency_ms,
        "ttft_ms": answer and answer.ttft_ms,
        "total_tokens": answer and answer.total_tokens,
        "cost": None if answer is None or answer.cost is None else float(answer.cost),
    }


def _totals(found: Totals) -> Payload:
    return {
        "cases": found.cases,
        "passed": found.passed,
        "latency_ms": found.latency_ms,
        "ttft_ms": found.ttft_ms,
        "total_tokens": found.tokens,
        "cost": found.cost,
    }


def _release_ref(item: Release) -> Payload:
    return {"id": item.pk, "name": item.name}


def _replay_ref(item: Replay) -> Payload:
    return {"id": str(item.pk), "status": item.status, "passed": item.passed}


def _person(who: User | None) -> Payload | None:
    return {"id": who.pk, "name": who.name} if who else None

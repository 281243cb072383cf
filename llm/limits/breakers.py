"""Circuit breakers: a model at an endpoint that fails is left alone for a while, by every process.

Each model of an endpoint has its own: behind one gateway stand many providers, and one that is
dead says nothing about the others. Where the whole endpoint is dead, each model finds out.
The row is written when a call fails, and by probes; a call that succeeds at a
well one writes nothing. How many calls succeeded is counted from the answers themselves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from django.db import models, transaction
from django.db.models import Q

from chatsite.lib import clock
from llm.models import Answer, Breaker, ModelConfig
from llm.providers import ProviderFailure
from llm.providers.openai_compatible import completions_url

WINDOW_S: Final = 30.0
LEAST_CALLS: Final = 5
FAILING_SHARE: Final = 0.5
TRUNCATIONS: Final = 3
OPEN_S: Final = 15.0
LONGEST_OPEN_S: Final = 300.0
PROBE_S: Final = 30.0
KEPT_FAILURES: Final = 50
LONGEST_ANSWER: Final = dt.timedelta(minutes=10)
MOST_OF_ENDPOINT: Final = 290  # characters; a model's name may have 200, the key 500

COUNTED: Final = frozenset(
    (
        "connect",
        "reset",
        "rate_limited",
        "overloaded",
        "upstream",
        "first_content",
        "stalled",
        "deadline",
        "truncated",
        "empty",
        "protocol",
    )
)
"""Failures that say something about who was asked; the others are about what we asked."""

Way = Literal["free", "probe", "closed"]


def key_of(model: ModelConfig) -> str:
    """Return what a breaker is for: scheme, host, port and path of the endpoint, and the model.

    Rows of the same model at the same endpoint share it, whatever their names and parameters.
    """
    return f"{_endpoint(model.base_url)[:MOST_OF_ENDPOINT]} {model.model}"


def _endpoint(base_url: str) -> str:
    try:
        parts = urlsplit(completions_url(base_url))
    except ProviderFailure:
        return base_url
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}{parts.path}"


def in_trouble(now: dt.datetime) -> dict[str, Breaker]:
    """Return the breakers of those that may not be asked by everyone just now; usually none."""
    rows = Breaker.objects.filter(Q(open_until__isnull=False) | Q(resting_until__gt=now))
    return {row.endpoint: row for row in rows}


def way_to(
    model: ModelConfig, trouble: Mapping[str, Breaker], *, answer_id: UUID, now: dt.datetime
) -> Way:
    """Say whether an answer may ask a model, or may as its one probe."""
    if not trouble or (breaker := trouble.get(key_of(model))) is None:
        return "free"
    state = breaker.state(now)
    if state == "closed":
        return "free"
    if state != "half-open":
        return "closed"
    taken = (
        Breaker.objects.filter(pk=breaker.pk, open_until__lte=now)
        .filter(Q(probe_until__isnull=True) | Q(probe_until__lte=now))
        .update(probe=answer_id, probe_until=now + dt.timedelta(seconds=PROBE_S))
    )
    return "probe" if taken else "closed"


def note_failure(model: ModelConfig, failure: ProviderFailure, *, answer_id: UUID) -> None:
    """Count a failed call; open the breaker when that makes too many, or when it was the probe."""
    asked_to_wait = failure.retry_after or 0.0
    if failure.reason not in COUNTED and not asked_to_wait:
        let_go(model, answer_id=answer_id)
        return
    now = clock.now()
    with transaction.atomic():
        key = key_of(model)
        Breaker.objects.get_or_create(endpoint=key)
        breaker = Breaker.objects.select_for_update(no_key=True).get(pk=key)
        if asked_to_wait:
            rest = now + dt.timedelta(seconds=asked_to_wait)
            breaker.resting_until = max(breaker.resting_until or rest, rest)
        if failure.reason in COUNTED:
            kept = [*breaker.failures, [now.timestamp(), failure.reason]]
            breaker.failures = kept[-KEPT_FAILURES:]
            was_probe = breaker.probe == answer_id
            if was_probe or (breaker.open_until is None and _fails_too_often(breaker, now)):
                _open(breaker, now)
        breaker.save()


def note_success(model: ModelConfig, *, answer_id: UUID) -> None:
    """Close the breaker if this answer was its probe."""
    _of_probe(model, answer_id).update(
        open_until=None, openings=0, failures=[], probe=None, probe_until=None
    )


def let_go(model: ModelConfig, *, answer_id: UUID) -> None:
    """Let another answer be the probe: this one said nothing about the model."""
    _of_probe(model, answer_id).update(probe=None, probe_until=None)


def _of_probe(model: ModelConfig, answer_id: UUID) -> models.QuerySet[Breaker]:
    return Breaker.objects.filter(pk=key_of(model), probe=answer_id)


def _open(breaker: Breaker, now: dt.datetime) -> None:
    pause = min(OPEN_S * 2**breaker.openings, LONGEST_OPEN_S)
    breaker.openings = min(breaker.openings + 1, 100)
    breaker.open_until = now + dt.timedelta(seconds=pause)
    breaker.probe = breaker.probe_until = None


def _fails_too_often(breaker: Breaker, now: dt.datetime) -> bool:
    last = breaker.failures[-TRUNCATIONS:]
    if len(last) == TRUNCATIONS and all(reason == "truncated" for _, reason in last):
        since = dt.datetime.fromtimestamp(last[0][0], dt.UTC)
        if not _successes(breaker.endpoint, since):
            return True
    begin = now - dt.timedelta(seconds=WINDOW_S)
    failed: int = sum(moment >= begin.timestamp() for moment, _ in breaker.failures)
    if failed < LEAST_CALLS * FAILING_SHARE:
        return False
    calls = failed + _successes(breaker.endpoint, begin)
    return calls >= LEAST_CALLS and failed >= calls * FAILING_SHARE


def _successes(key: str, since: dt.datetime) -> int:
    configured = ModelConfig.objects.only("base_url", "model")
    here = [model.pk for model in configured if key_of(model) == key]
    whole = (Answer.Status.DONE, Answer.Status.HANDOFF)
    return Answer.objects.filter(
        model__in=here,
        status__in=whole,
        finished_at__gte=since,
        created_at__gte=since - LONGEST_ANSWER,
    ).count()

"""Circuit breakers: an endpoint that fails is left alone for a while, by every process.

The row of an endpoint is written when a call fails, and by probes; a call that succeeds at a
well endpoint writes nothing. How many calls succeeded is counted from the answers themselves.
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
"""Failures that say something about the endpoint; the others are about what we asked."""

Way = Literal["free", "probe", "closed"]


def endpoint_key(base_url: str) -> str:
    """Return the endpoint that a model's address leads to: scheme, host, port and path."""
    try:
        parts = urlsplit(completions_url(base_url))
    except ProviderFailure:
        return base_url[:500]
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}{parts.path}"[:500]


def in_trouble(now: dt.datetime) -> dict[str, Breaker]:
    """Return the endpoints that may not be asked by everyone just now; usually none."""
    rows = Breaker.objects.filter(Q(open_until__isnull=False) | Q(resting_until__gt=now))
    return {row.endpoint: row for row in rows}


def way_to(
    base_url: str, trouble: Mapping[str, Breaker], *, answer_id: UUID, now: dt.datetime
) -> Way:
    """Say whether an answer may ask an endpoint, or may as its one probe."""
    if not trouble or (breaker := trouble.get(endpoint_key(base_url))) is None:
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


def note_failure(base_url: str, failure: ProviderFailure, *, answer_id: UUID) -> None:
    """Count a failed call; open the breaker when that makes too many, or when it was the probe."""
    asked_to_wait = failure.retry_after or 0.0
    if failure.reason not in COUNTED and not asked_to_wait:
        let_go(base_url, answer_id=answer_id)
        return
    now = clock.now()
    with transaction.atomic():
        key = endpoint_key(base_url)
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


def note_success(base_url: str, *, answer_id: UUID) -> None:
    """Close the breaker if this answer was its probe."""
    _of_probe(base_url, answer_id).update(
        open_until=None, openings=0, failures=[], probe=None, probe_until=None
    )


def let_go(base_url: str, *, answer_id: UUID) -> None:
    """Let another answer be the probe: this one said nothing about the endpoint."""
    _of_probe(base_url, answer_id).update(probe=None, probe_until=None)


def _of_probe(base_url: str, answer_id: UUID) -> models.QuerySet[Breaker]:
    return Breaker.objects.filter(pk=endpoint_key(base_url), probe=answer_id)


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


def _successes(endpoint: str, since: dt.datetime) -> int:
    addresses = ModelConfig.objects.values_list("pk", "base_url")
    here = [pk for pk, base_url in addresses if endpoint_key(base_url) == endpoint]
    whole = (Answer.Status.DONE, Answer.Status.HANDOFF)
    return Answer.objects.filter(
        model__in=here,
        status__in=whole,
        finished_at__gte=since,
        created_at__gte=since - LONGEST_ANSWER,
    ).count()

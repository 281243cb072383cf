"""What of an hour's turns can change when the hour is long over, in a few numbers.

People pick later, send a draft later, ask again; a customer rates, and a chat is closed and opened
again. Each of these makes one of the numbers grow: when a turn ended, when one was picked, the
version of the chat. Nothing makes them smaller but that turns are deleted, and then there are
fewer. So equal numbers mean equal figures, and nobody has to tell the statistics of a change.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from llm.models import Turn
from llm.stats.places import OFFERING, Piece
from llm.stats.sql import Elapsed, Microseconds

HOUR_US = 3_600_000_000
Stamps = dict[dt.datetime, str]
Sums = tuple[int, ...]
OPEN = "open"
"""The stamp of an hour with a turn that has not ended: it equals none that is kept."""

_RUNNING = Count("pk", filter=Q(finished_at__isnull=True))
_NUMBERS = {
    "all": Count("pk"),
    "ended": Elapsed("finished_at", "created_at"),
    "picks": Count("picked_at"),
    "picked": Coalesce(Elapsed("picked_at", "created_at"), 0),
    "messages": Count("sent_message"),
}


def stamps(span: Piece) -> Stamps:
    """Return the stamps of the hours of a span that have turns; an hour without has ``""``."""
    found: dict[int, str] = defaultdict(str)
    for line in _by_hour(_turns(span)).annotate(running=_RUNNING, **_NUMBERS):
        found[line["hour"]] = OPEN if line["running"] else " ".join(str(line[n]) for n in _NUMBERS)
    for line in _by_hour(_sent(span)).annotate(versions=Sum("session__version")):
        found[line["hour"]] += f" {line['versions']}"
    return {_hour(number): stamp for number, stamp in found.items()}


def total(span: Piece) -> Sums | None:
    """Return the stamps of all hours of a span added up, number by number; None if a turn runs.

    It takes a third of the time that the stamps themselves take.
    """
    line = _turns(span).aggregate(running=_RUNNING, **_NUMBERS)
    if line["running"]:
        return None
    versions = _sent(span).aggregate(all=Sum("session__version"))["all"]
    return (*(line[name] or 0 for name in _NUMBERS), versions or 0)


def added(kept: Iterable[str]) -> Sums:
    """Return stamps that were kept added up, number by number; no stamp is ``OPEN``."""
    sums = [0] * (len(_NUMBERS) + 1)
    for stamp in kept:
        for place, number in enumerate(stamp.split()):
            sums[place] += int(number)
    return tuple(sums)


def _turns(span: Piece) -> QuerySet[Turn]:
    inside = {"created_at__gte": span[0], "created_at__lt": span[1]}
    return Turn.objects.filter(kind__in=OFFERING, **inside).order_by()


def _sent(span: Piece) -> QuerySet[Turn]:
    return _turns(span).filter(sent_message__isnull=False)


def _by_hour(turns: QuerySet[Turn]) -> Any:
    return turns.annotate(hour=Microseconds("created_at") / HOUR_US).values("hour")


def _hour(number: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(number * 3600, dt.UTC)

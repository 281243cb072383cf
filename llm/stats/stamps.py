"""What of an hour's turns can change when the hour is long over, in a few numbers.

People pick later, send a draft later, ask again; a customer rates, and a chat is closed and opened
again. Each of these makes one of the numbers grow: when a turn ended, when one was picked, the
version of the chat. Nothing makes them smaller but that turns are deleted, and then there are
fewer. So equal numbers mean equal figures, and nobody has to tell the statistics of a change.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from llm.models import Turn
from llm.stats.places import OFFERING, Piece
from llm.stats.sql import Microseconds

HOUR_US = 3_600_000_000
Stamps = dict[dt.datetime, str]
OPEN = "open"
"""The stamp of an hour with a turn that has not ended: it equals none that is kept."""


def stamps(span: Piece) -> Stamps:
    """Return the stamps of the hours of a span that have turns; an hour without has ``""``."""
    found: dict[int, str] = defaultdict(str)
    turns = Turn.objects.filter(
        kind__in=OFFERING, created_at__gte=span[0], created_at__lt=span[1]
    ).order_by()
    began = Microseconds("created_at")
    numbers = {
        "all": Count("pk"),
        "ended": Sum(Microseconds("finished_at") - began),
        "picks": Count("picked_at"),
        "picked": Coalesce(Sum(Microseconds("picked_at") - began), 0),
        "messages": Count("sent_message"),
    }
    running = Count("pk", filter=Q(finished_at__isnull=True))
    for line in _by_hour(turns).annotate(running=running, **numbers):
        found[line["hour"]] = OPEN if line["running"] else " ".join(str(line[n]) for n in numbers)
    sent = _by_hour(turns.filter(sent_message__isnull=False))
    for line in sent.annotate(versions=Sum("session__version")):
        found[line["hour"]] += f" {line['versions']}"
    return {_hour(number): stamp for number, stamp in found.items()}


def _by_hour(turns: QuerySet[Turn]) -> Any:
    return turns.annotate(hour=Microseconds("created_at") / HOUR_US).values("hour")


def _hour(number: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(number * 3600, dt.UTC)

"""Answers counted from their rows.

What counts as what:

* a *request* is an answer that was asked of a model; a **refusal** (a budget was spent, a model had
  no place left) never reached one, and is counted apart;
* ``success_rate`` is done / (done + failed). Handing over is neither: the model said that a person
  should answer. Stopped and superseded answers were ended by people, and are counted apart;
* latency and time to first text are those of answers that are done;
* an answer is *grounded* when it is done and passages were looked for because something was asked;
  it is *unsupported* when none was found, or when it names none of those it was given;
* tokens and cost are those of every answer, however it ended: they were paid for;
* picks and drafts belong to the moment of their turn (:mod:`llm.stats.picks`, ``drafts``).

Each is counted in one pass over the rows: groups so small that all figures are sums of them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, Count, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from llm.models import Answer
from llm.stats import drafts, picks
from llm.stats.figures import Cell
from llm.stats.places import Key, Piece, Place
from llm.stats.sql import Values, interval_number

Status, Support = Answer.Status, Answer.Support
# Why an answer was refused before its model was asked, by `error_reason`.
BUDGET = ("budget",)
ADMISSION = ("busy", "circuit_open")
# The usual one first: rows are asked in this order.
OUTCOMES: dict[str, Q] = {
    "done": Q(status=Status.DONE),
    "refused_budget": Q(status=Status.FAILED, error_reason__in=BUDGET),
    "refused_admission": Q(status=Status.FAILED, error_reason__in=ADMISSION),
    "failed": Q(status=Status.FAILED),  # for another reason than those above
    "handoff": Q(status=Status.HANDOFF),
    "stopped": Q(status=Status.STOPPED),
    "superseded": Q(status=Status.SUPERSEDED),
    "open": Q(status__in=Answer.OPEN),
}
REFUSED = ("refused_budget", "refused_admission")
GROUNDED = Q(status=Status.DONE) & ~Q(support=Support.UNASKED)
UNSUPPORTED = Q(status=Status.DONE, support__in=[Support.UNCITED, Support.NOTHING])
NO_CURRENCY = "XXX"  # of ISO 4217
CENT = Decimal("1e-8")  # the least that is stored; SQLite adds with floats, which have more
MOST_PIECES = 200  # in one statement

Cells = dict[Key, Cell]

_TOTAL = Coalesce("total_tokens", Coalesce("prompt_tokens", 0) + Coalesce("completion_tokens", 0))


def asked_of_models() -> QuerySet[Answer]:
    """Return the answers asked of models, in no order.

    A customer who wants a person gets one without a model being asked: such a row names none.
    """
    return Answer.objects.exclude(model__isnull=True, model_label="").order_by()


def outcome() -> Case:
    """Return the expression for what became of an answer: a key of OUTCOMES."""
    cases = [When(condition, then=Value(name)) for name, condition in OUTCOMES.items()]
    return Case(*cases, default=Value(""), output_field=CharField())


def count(pieces: Sequence[Piece]) -> list[Cells]:
    """Return what the answers of each piece of time came to; pieces ascend and do not overlap."""
    return [cells for some in _batched(pieces) for cells in _count(some)]


def sizes(pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """Return how many answers each piece of time has, asked of a model or not, and how many run."""
    found = []
    for some in _batched(pieces):
        lines = (
            Answer.objects.filter(inside(some[0][0], some[-1][1]))
            .order_by()
            .annotate(number=interval_number("created_at", [start for start, _ in some]))
            .values("number")
            .annotate(all=Count("pk"), running=Count("pk", filter=OUTCOMES["open"]))
        )
        by_number = {line["number"]: (line["all"], line["running"]) for line in lines}
        found += [by_number.get(number, (0, 0)) for number in range(len(some))]
    return found


def inside(start: dt.datetime, end: dt.datetime) -> Q:
    """Return the condition that an answer was asked for in a piece of time."""
    return Q(created_at__gte=start, created_at__lt=end)


def runs(pieces: Iterable[Piece]) -> list[Piece]:
    """Join pieces that follow each other without a gap."""
    joined: list[Piece] = []
    for start, end in pieces:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _batched(pieces: Sequence[Piece]) -> Iterable[Sequence[Piece]]:
    """Pieces that follow each other, so that an index finds them; not too many at once."""
    begin = 0
    for at in range(1, len(pieces) + 1):
        if at == len(pieces) or at - begin == MOST_PIECES or pieces[at - 1][1] != pieces[at][0]:
            yield pieces[begin:at]
            begin = at


def _count(pieces: Sequence[Piece]) -> list[Cells]:
    building: list[dict[Key, _Building]] = [defaultdict(_Building) for _ in pieces]

    def at(place: Place) -> _Building:
        return building[place.number][place.key]

    for line in _lines(pieces):
        at(Place.of(line)).add(line)
    for found in picks.offered(pieces):
        at(found.place).offer(found)
    for draft in drafts.sent(pieces):
        at(draft.place).send(draft)
    return [{key: one.cell() for key, one in piece.items()} for piece in building]


def _lines(pieces: Sequence[Piece]) -> Iterable[Mapping[str, Any]]:
    return (
        asked_of_models()
        .filter(inside(pieces[0][0], pieces[-1][1]))
        .annotate(
            number=interval_number("created_at", [start for start, _ in pieces]),
            outcome=outcome(),
        )
        # Grouped by the prices as they are: few differ, and none needs to be read for each row.
        .values("model_id", "model_label", "purpose", "number", "outcome", "prices")
        .annotate(
            rows=Count("pk"),
            grounded=Count("pk", filter=GROUNDED),
            unsupported=Count("pk", filter=UNSUPPORTED),
            prompt=Sum("prompt_tokens"),
            completion=Sum("completion_tokens"),
            total=Sum(_TOTAL),
            estimated=Sum(_TOTAL, filter=Q(usage_source=Answer.UsageSource.ESTIMATED)),
            paid=Sum("cost"),
            latencies=Values("latency_ms"),
            ttfts=Values("ttft_ms"),
        )
    )


class _Building:
    """A cell as its groups come in."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = defaultdict(int)
        self.cost: dict[str, Decimal] = defaultdict(Decimal)
        self.latencies: list[int] = []
        self.ttfts: list[int] = []
        self.distances: list[int] = []
        self.waits_s: list[float] = []
        self.ratings: list[int] = []

    def add(self, line: Mapping[str, Any]) -> None:
        name, counts = line["outcome"], self.counts
        counts[name] += line["rows"]
        if name not in REFUSED:
            counts["requests"] += line["rows"]
        counts["grounded"] += line["grounded"]
        counts["unsupported"] += line["unsupported"]
        counts["prompt_tokens"] += line["prompt"] or 0
        counts["completion_tokens"] += line["completion"] or 0
        counts["total_tokens"] += line["total"] or 0
        counts["estimated_tokens"] += line["estimated"] or 0
        if line["paid"] is not None:
            currency = line["prices"].get("currency") or NO_CURRENCY
            self.cost[currency] += line["paid"].quantize(CENT)
        if line["purpose"] == Answer.Purpose.REPLY and name in ("done", "handoff"):
            counts[f"replies_{name}"] += line["rows"]
        if name == "done":
            self.latencies += filter(_known, line["latencies"])
            self.ttfts += filter(_known, line["ttfts"])

    def offer(self, found: picks.Offered) -> None:
        self.counts["beside"] += found.picks.beside
        self.counts["picked"] += found.picks.picked
        self.counts["shown"] += found.drafts

    def send(self, draft: drafts.Sent) -> None:
        self.counts["sent"] += 1
        self.counts["unchanged"] += draft.distance == 0
        self.counts["closed"] += draft.is_closed
        self.counts["reopened"] += draft.is_reopened
        self.distances.append(draft.distance)
        self.waits_s.append(draft.wait_s)
        if draft.rating is not None:
            self.ratings.append(draft.rating)

    def cell(self) -> Cell:
        return Cell(
            counts={name: number for name, number in sorted(self.counts.items()) if number},
            cost={currency: str(paid) for currency, paid in sorted(self.cost.items())},
            latencies=sorted(self.latencies),
            ttfts=sorted(self.ttfts),
            distances=sorted(self.distances),
            waits_s=sorted(self.waits_s),
            ratings=sorted(self.ratings),
        )


def _known(value: int | None) -> bool:
    return value is not None

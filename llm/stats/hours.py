"""Hours that were counted once, and how they are known to be right still.

Reading every answer of a month takes a database a second; reading 720 tallies takes it a moment.
An hour is kept once it is over and none of its answers runs any more. From then on nothing that is
counted of an answer changes; what can happen is that it is deleted, with its conversation. So the
number of answers, asked of an index, tells whether a tally still holds: when the sum does not
agree, the hours that differ are counted again. Picks and drafts do change later; a stamp of the
hour's turns tells (:mod:`llm.stats.stamps`). Whatever is not a whole hour of one interval (the
ends of a window, zones half an hour away, the present) is counted from the rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence

import orjson

from chatsite.lib import clock
from llm.models import Answer, ModelConfig, Tally
from llm.stats import counting, stamps
from llm.stats.counting import Cells
from llm.stats.figures import Cell
from llm.stats.places import Piece
from llm.stats.stamps import OPEN, Stamps
from llm.stats.times import packed
from llm.stats.window import Window

HOUR = dt.timedelta(hours=1)
# Answers are asked for and stored a moment later; a tally made too soon would only be made again.
SETTLES = dt.timedelta(minutes=10)
KEPT_AHEAD = 48
KEPT_BACK = 24 * 7


def counted(window: Window) -> Iterator[tuple[int, Cells]]:
    """Yield what the answers of a window came to, each part with the number of its interval."""
    whole, rest = _divided(window, clock.now() - SETTLES)
    kept = _kept(list(whole))
    missing = [hour for hour in whole if hour not in kept]
    for hour, cells in kept.items():
        yield whole[hour], cells
    for hour, cells in count_and_keep(missing).items():
        yield whole[hour], cells
    pieces = [piece for _, piece in rest]
    for (number, _), cells in zip(rest, counting.count(pieces), strict=True):
        yield number, cells


def count_and_keep(hours: Sequence[dt.datetime]) -> dict[dt.datetime, Cells]:
    """Count hours that are over; keep those in which no answer runs any more."""
    if not hours:
        return {}
    pieces = [(hour, hour + HOUR) for hour in hours]
    # Looked at first: what is late is missing here, and so the tally will not agree.
    sizes = counting.sizes(pieces)
    turns = _stamps(hours)
    found = dict(zip(hours, counting.count(pieces), strict=True))
    Tally.objects.bulk_create(
        [
            Tally(hour=hour, answers=size, turns=turns[hour], cells=written(found[hour]))
            for hour, (size, running) in zip(hours, sizes, strict=True)
            if not running and turns[hour] != OPEN
        ],
        ignore_conflicts=True,
    )
    return found


def keep_newest() -> None:
    """Count and keep the hours of the last days that are not kept yet, and a week before those."""
    until = _down(clock.now() - SETTLES)
    hours = [until - number * HOUR for number in range(KEPT_AHEAD, 0, -1)]
    kept = set(Tally.objects.filter(hour__in=hours).values_list("hour", flat=True))
    count_and_keep([hour for hour in hours if hour not in kept])
    # After an upgrade there may be years; each time goes back a week further.
    oldest = Tally.objects.order_by("hour").values_list("hour", flat=True).first()
    if oldest and Answer.objects.filter(created_at__lt=oldest).exists():
        count_and_keep([oldest - number * HOUR for number in range(KEPT_BACK, 0, -1)])


def written(cells: Cells) -> str:
    """Return cells as they are kept: the same cells are always the same text."""
    lines = [
        [*key, *cell._replace(latencies=packed(cell.latencies), ttfts=packed(cell.ttfts))]
        for key, cell in cells.items()
    ]
    lines.sort(key=lambda line: (line[0] or 0, line[1], line[2]))
    return orjson.dumps(lines).decode()


def _divided(
    window: Window, settled: dt.datetime
) -> tuple[dict[dt.datetime, int], list[tuple[int, Piece]]]:
    """Return the whole hours that are over, with the number of their interval, and what is left."""
    whole: dict[dt.datetime, int] = {}
    rest: list[tuple[int, Piece]] = []
    for number, start in enumerate(window.starts):
        end = window.end_of(number)
        first, last = _up(start), min(_down(end), _down(settled))
        if first >= last:
            rest.append((number, (start, end)))
            continue
        length = int((last - first) / HOUR)
        whole |= {first + place * HOUR: number for place in range(length)}
        ends = ((start, first), (last, end))
        rest += [(number, piece) for piece in ends if piece[0] < piece[1]]
    return whole, rest


def _down(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)


def _up(moment: dt.datetime) -> dt.datetime:
    hour = _down(moment)
    return hour if hour == moment else hour + HOUR


def _kept(hours: Sequence[dt.datetime]) -> dict[dt.datetime, Cells]:
    """Return the tallies of hours, without those that hold no longer, which are thrown away."""
    if not hours:
        return {}
    wanted = set(hours)
    rows = Tally.objects.filter(hour__gte=hours[0], hour__lte=hours[-1]).order_by("hour")
    kept = {row.hour: row for row in rows if row.hour in wanted}
    pieces = [(hour, hour + HOUR) for hour in kept]
    gone: set[dt.datetime] = set()
    if not _turns_agree(kept, counting.runs(pieces)):
        turns = _stamps(list(kept))
        gone |= {hour for hour, row in kept.items() if turns[hour] != row.turns}
    if not _answers_agree(kept, counting.runs(pieces)):
        sizes = dict(zip(kept, counting.sizes(pieces), strict=True))
        gone |= {hour for hour, row in kept.items() if sizes[hour] != (row.answers, 0)}
    if gone:
        Tally.objects.filter(hour__in=gone).delete()
        kept = {hour: row for hour, row in kept.items() if hour not in gone}
    return {hour: read(row.cells) for hour, row in kept.items()}


def read(cells: str) -> Cells:
    """Return cells that were kept."""
    return {(line[0], line[1], line[2]): Cell(*line[3:]) for line in orjson.loads(cells)}


def _stamps(hours: Sequence[dt.datetime]) -> Stamps:
    """Return the stamps of hours that ascend."""
    found = stamps.stamps((hours[0], hours[-1] + HOUR)) if hours else {}
    return {hour: found.get(hour, "") for hour in hours}


def _turns_agree(kept: Mapping[dt.datetime, Tally], spans: Sequence[Piece]) -> bool:
    found = [stamps.total(span) for span in spans]
    there = [sums for sums in found if sums is not None]
    if len(there) < len(found):
        return False
    return tuple(map(sum, zip(*there, strict=True))) == stamps.added(
        row.turns for row in kept.values()
    )


def _answers_agree(kept: Mapping[dt.datetime, Tally], spans: Sequence[Piece]) -> bool:
    there = sum(Answer.objects.filter(counting.inside(*span)).count() for span in spans)
    return there == sum(row.answers for row in kept.values())


def differing(hours: Iterable[dt.datetime]) -> list[dt.datetime]:
    """Return the kept hours that a new count does not agree with, to the last digit."""
    found = []
    rows = list(Tally.objects.filter(hour__in=hours).order_by("hour"))
    pieces = [(row.hour, row.hour + HOUR) for row in rows]
    known = set(ModelConfig.objects.values_list("pk", flat=True))
    turns = _stamps([row.hour for row in rows])
    for row, (size, running), cells in zip(
        rows, counting.sizes(pieces), counting.count(pieces), strict=True
    ):
        kept = {
            (model_id if model_id in known else None, label, purpose): cell
            for (model_id, label, purpose), cell in read(row.cells).items()
        }
        now = (size, turns[row.hour], written(cells))
        if running or (row.answers, row.turns, written(kept)) != now:
            found.append(row.hour)
    return found

"""Business hours as pure functions: a schedule, an instant, an answer.

A schedule is JSON:

    {"timezone": "Europe/London",
     "weekly": {"mon": [["09:00", "12:30"], ["13:15", "17:30"]], "sat": [["22:00", "02:00"]]},
     "holidays": [{"date": "2026-12-25", "name": "Christmas"},
                  {"date": "2026-12-24", "hours": [["09:00", "12:00"]]}]}

Times are wall-clock times in the timezone. An interval belongs to the day it begins on and may
run past midnight; `24:00` is the end of the day. A holiday replaces its day's intervals. An
empty schedule is always open.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_INTERVALS = 8
MAX_HOLIDAYS = 400
HORIZON_DAYS = 400
END_OF_DAY = 24 * 60


class InvalidSchedule(ValueError):
    """The JSON is not a schedule; the message says where."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Minutes since midnight; `end` may be up to 48 h when the interval passes midnight."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """Parsed business hours. `weekly` has seven entries, Monday first."""

    zone: ZoneInfo
    weekly: tuple[tuple[Interval, ...], ...]
    holidays: Mapping[date, tuple[Interval, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a desk is open, and if not when it opens next (aware UTC; None: not foreseeable)."""

    open: bool
    next_open_at: datetime | None


def status(raw: Mapping[str, object], *, at: datetime) -> Status:
    """The status of the schedule `raw` at the aware instant `at`; empty means always open."""
    if not raw:
        return Status(open=True, next_open_at=None)
    schedule = parse(raw)
    if is_open(schedule, at=at):
        return Status(open=True, next_open_at=None)
    return Status(open=False, next_open_at=next_opening(schedule, at=at))


def is_open(schedule: Schedule, *, at: datetime) -> bool:
    """Is `at` inside an interval (start included, end excluded)?"""
    today = at.astimezone(schedule.zone).date()
    return any(
        start <= at < end
        for day in (today - timedelta(days=1), today)
        for start, end in _spans(schedule, day)
    )


def next_opening(schedule: Schedule, *, at: datetime) -> datetime | None:
    """The first interval start after `at`, in UTC; None when there is none within 400 days."""
    today = at.astimezone(schedule.zone).date()
    for offset in range(HORIZON_DAYS):
        starts = [s for s, _ in _spans(schedule, today + timedelta(days=offset)) if s > at]
        if starts:
            return min(starts)
    return None


def _spans(schedule: Schedule, day: date) -> Iterator[tuple[datetime, datetime]]:
    """The intervals that begin on `day`, as UTC instants."""
    intervals = schedule.holidays.get(day, schedule.weekly[day.weekday()])
    for interval in intervals:
        start = _instant(schedule.zone, day, interval.start, last=False)
        end = _instant(schedule.zone, day, interval.end, last=True)
        if start < end:
            yield start, end


def _instant(zone: ZoneInfo, day: date, minutes: int, *, last: bool) -> datetime:
    """A wall-clock time as an instant, on days where the clock changes too.

    An hour that happens twice counts from its first to its last occurrence; a time that does not
    happen is the moment the clock jumps over it.
    """
    days, rest = divmod(minutes, END_OF_DAY)
    wall = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone)
    first = wall.replace(fold=0).astimezone(UTC)
    second = wall.replace(fold=1).astimezone(UTC)
    if first > second:
        return _jump(zone, second, first)
    return second if last else first


def _jump(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The instant between two others at which the zone's offset changes (to the second)."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def parse(raw: Mapping[str, object]) -> Schedule:
    """Read schedule JSON; raises InvalidSchedule with a sentence for the person who wrote it."""
    unknown = set(raw) - {"timezone", "weekly", "holidays"}
    if unknown:
        raise InvalidSchedule(f"unknown entry: {sorted(unknown)[0]}")
    zone = raw.get("timezone", "UTC")
    if not isinstance(zone, str) or zone not in available_timezones():
        raise InvalidSchedule("timezone must be a name such as Europe/London")
    weekly = raw.get("weekly", {})
    if not isinstance(weekly, dict) or set(weekly) - set(DAYS):
        raise InvalidSchedule(f"weekly must map days ({', '.join(DAYS)}) to intervals")
    return Schedule(
        zone=ZoneInfo(zone),
        weekly=tuple(_intervals(weekly.get(day, []), where=day) for day in DAYS),
        holidays=_holidays(raw.get("holidays", [])),
    )


def _holidays(raw: object) -> dict[date, tuple[Interval, ...]]:
    if not isinstance(raw, list) or len(raw) > MAX_HOLIDAYS:
        raise InvalidSchedule(f"holidays must be a list of at most {MAX_HOLIDAYS}")
    found: dict[date, tuple[Interval, ...]] = {}
    for entry in raw:
        if not isinstance(entry, dict) or not isinstance(entry.get("date"), str):
            raise InvalidSchedule('each holiday needs a date such as "2026-12-25"')
        try:
            day = date.fromisoformat(entry["date"])
        except ValueError:
            raise InvalidSchedule(f"{entry['date']!r} is not a date") from None
        found[day] = _intervals(entry.get("hours", []), where=entry["date"])
    return found


def _intervals(raw: object, *, where: str) -> tuple[Interval, ...]:
    if not isinstance(raw, list) or len(raw) > MAX_INTERVALS:
        raise InvalidSchedule(f"{where}: a list of at most {MAX_INTERVALS} intervals is needed")
    found = sorted((_interval(entry, where) for entry in raw), key=lambda each: each.start)
    for earlier, later in itertools.pairwise(found):
        if later.start < earlier.end:
            raise InvalidSchedule(f"{where}: intervals overlap")
    return tuple(found)


def _interval(raw: object, where: str) -> Interval:
    if not isinstance(raw, list) or len(raw) != 2:
        raise InvalidSchedule(f'{where}: an interval is ["09:00", "17:30"]')
    start, end = _minutes(raw[0], where), _minutes(raw[1], where)
    if start in (END_OF_DAY, end):
        raise InvalidSchedule(f"{where}: the interval from {raw[0]} to {raw[1]} is empty")
    return Interval(start, end if end > start else end + END_OF_DAY)


def _minutes(raw: object, where: str) -> int:
    if raw == "24:00":
        return END_OF_DAY
    try:
        if not isinstance(raw, str) or len(raw) != 5:
            raise ValueError
        moment = datetime.strptime(raw, "%H:%M")  # noqa: DTZ007 - a wall-clock time
    except ValueError:
        raise InvalidSchedule(f"{where}: {raw!r} is not a time such as 09:00") from None
    return moment.hour * 60 + moment.minute

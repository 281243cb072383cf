"""Which stretch of time is looked at, in whose time zone, and how it is cut."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_date, parse_datetime

from chatsite.lib import clock
from chatsite.lib.errors import ValidationFailed

DEFAULT_DAYS = 7
MOST_DAYS = 400
MOST_INTERVALS = 800  # a month of hours, two years of days
EARLIEST, LATEST = 2000, 2200  # years; arithmetic on dates beyond ends in an error


class Interval(StrEnum):
    """How a stretch of time is cut; a week begins on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True)
class Window:
    """From ``start`` up to and without ``end``, both aware; cut at the zone's own midnights."""

    start: dt.datetime
    end: dt.datetime
    zone: ZoneInfo
    interval: Interval | None = None

    @cached_property
    def starts(self) -> list[dt.datetime]:
        """The beginnings of the intervals, the first of them ``start`` itself, in UTC."""
        if self.interval is None:
            return [self.start.astimezone(dt.UTC)]
        found = [self.start.astimezone(dt.UTC)]
        local = _floor(self.start.astimezone(self.zone), self.interval)
        while (following := _next(local, self.interval)).astimezone(dt.UTC) < self.end:
            if following.astimezone(dt.UTC) > found[-1]:
                found.append(following.astimezone(dt.UTC))
            local = following
        return found

    def end_of(self, index: int) -> dt.datetime:
        """Where the interval of that number ends, in UTC."""
        more = index + 1 < len(self.starts)
        return self.starts[index + 1] if more else self.end.astimezone(dt.UTC)


def read(
    *,
    start: str | None,
    end: str | None,
    interval: str | None,
    zone: str | None,
    now: dt.datetime | None = None,
) -> Window:
    """Return the window that a request names; without dates, the last seven days of the zone.

    ``start`` and ``end`` are dates (whole days of the zone, the last one included) or moments.
    Raises ValidationFailed.
    """
    read_zone = _zone(zone or "UTC")
    now = now or clock.now()
    last = _moment("to", end, read_zone, whole_day=True) if end else now
    first = _moment("from", start, read_zone) if start else _days_before(last, read_zone)
    if first >= last:
        raise ValidationFailed.of("from", "must be before `to`")
    if last - first > dt.timedelta(days=MOST_DAYS):
        raise ValidationFailed.of("to", f"at most {MOST_DAYS} days after `from`")
    cut = Interval(interval) if interval else None
    if cut is Interval.HOUR and last - first > dt.timedelta(hours=MOST_INTERVALS):
        raise ValidationFailed.of("interval", f"at most {MOST_INTERVALS} hours")
    return Window(first, last, read_zone, cut)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, a path, a folder of zones
        raise ValidationFailed.of("tz", "not a time zone such as `Europe/Paris`") from None


def _moment(field: str, text: str, zone: ZoneInfo, *, whole_day: bool = False) -> dt.datetime:
    try:
        if (day := parse_date(text)) is not None:
            day += dt.timedelta(days=whole_day)
            moment: dt.datetime | None = dt.datetime.combine(day, dt.time(), zone)
        else:
            # A plus sign that was not escaped arrives as a space.
            moment = parse_datetime(text.replace(" ", "+") if "T" in text else text)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not EARLIEST <= moment.year <= LATEST:
        raise ValidationFailed.of(field, "not a date or a moment such as 2026-11-21T09:00:00Z")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _days_before(end: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    last_day = (end - dt.timedelta(microseconds=1)).astimezone(zone).date()
    return dt.datetime.combine(last_day - dt.timedelta(days=DEFAULT_DAYS - 1), dt.time(), zone)


def _floor(local: dt.datetime, interval: Interval) -> dt.datetime:
    if interval is Interval.HOUR:
        return local.replace(minute=0, second=0, microsecond=0)
    day = local.date()
    if interval is Interval.WEEK:
        day -= dt.timedelta(days=day.weekday())
    return dt.datetime.combine(day, dt.time(), local.tzinfo)


def _next(local: dt.datetime, interval: Interval) -> dt.datetime:
    """Return the following beginning: hours go on in real time, days and weeks by the calendar."""
    if interval is Interval.HOUR:
        return (local.astimezone(dt.UTC) + dt.timedelta(hours=1)).astimezone(local.tzinfo)
    day = local.date() + dt.timedelta(days=7 if interval is Interval.WEEK else 1)
    return dt.datetime.combine(day, dt.time(), local.tzinfo)

"""Business hours as people write them: a line for each day, and back into a schedule."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_TIME = r"\d{1,2}:\d{2}"
_SPAN = rf"{_TIME}\s*[-–—]\s*{_TIME}"
_SPANS = rf"{_SPAN}(?:\s*[,，、;]\s*{_SPAN})*"
_HOLIDAY = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}})(?:\s+({_SPANS}))?(?:\s+(.*))?")


class Unreadable(ValueError):
    """The text is not in the form that was asked for; the message is the part that is not."""


def write_day(spans: Iterable[Iterable[str]]) -> str:
    """Write intervals as ``09:00-12:30, 13:15-18:00``; none is an empty line."""
    return ", ".join("-".join(span) for span in spans)


def read_day(text: str) -> list[list[str]]:
    """Read intervals as a schedule holds them. Raises Unreadable."""
    if not text.strip():
        return []
    if not re.fullmatch(_SPANS, text.strip()):
        raise Unreadable(text.strip())
    times = [time.zfill(5) for time in re.findall(_TIME, text)]
    return [list(span) for span in zip(times[::2], times[1::2], strict=True)]


def write_holidays(holidays: Iterable[dict[str, Any]]) -> str:
    """Write one holiday a line: the date, its hours if it has any, its name if it has one."""
    return "\n".join(
        " ".join(filter(None, (day["date"], write_day(day.get("hours", [])), day.get("name", ""))))
        for day in holidays
    )


def read_holidays(text: str) -> list[dict[str, Any]]:
    """Read lines such as ``2026-12-24 09:00-12:00 Christmas Eve``. Raises Unreadable."""
    found: list[dict[str, Any]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _HOLIDAY.fullmatch(line)
        if match is None:
            raise Unreadable(line)
        date, spans, name = match.groups()
        day: dict[str, Any] = {"date": date}
        if spans:
            day["hours"] = read_day(spans)
        if name:
            day["name"] = name
        found.append(day)
    return found

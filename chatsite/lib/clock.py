"""Wall-clock time and its wire form."""

import datetime as dt
from functools import lru_cache


def now() -> dt.datetime:
    """Return the present moment, aware, UTC, cut to the milliseconds that the API shows."""
    moment = dt.datetime.now(dt.UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@lru_cache(maxsize=1024)  # what is posted together has one moment
def rfc3339(moment: dt.datetime) -> str:
    """Return ``moment`` as RFC 3339 UTC with milliseconds: ``2026-11-21T09:00:00.123Z``."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def rfc3339_or_none(moment: dt.datetime | None) -> str | None:
    """Return :func:`rfc3339` of ``moment``, or ``None`` for ``None``."""
    return None if moment is None else rfc3339(moment)

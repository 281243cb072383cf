"""Moments told coarsely, so that an index on them stays as it is while the moment moves."""

import datetime as dt
from typing import Any

from django.db import models


class Span(models.Func):
    """The number of the ten minutes, counted from 1970, that a moment lies in."""

    SECONDS = 600
    template = f"FLOOR(EXTRACT(EPOCH FROM %(expressions)s AT TIME ZONE 'UTC') / {SECONDS})::integer"
    output_field = models.IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the same in the words of SQLite, which keeps moments as text in UTC."""
        template = f"(CAST(STRFTIME('%%%%s', %(expressions)s) AS INTEGER) / {self.SECONDS})"
        return self.as_sql(compiler, connection, template=template, **context)

    @classmethod
    def of(cls, moment: dt.datetime) -> int:
        """Return it for a moment in memory."""
        return int(moment.timestamp()) // cls.SECONDS

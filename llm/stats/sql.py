"""The expressions the figures need that Django does not bring for both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import orjson
from django.db.models import (
    Aggregate,
    BigIntegerField,
    Case,
    Expression,
    Func,
    IntegerField,
    TextField,
    Value,
    When,
)


class Values(Aggregate):
    """All values of a column as a list of numbers, in no order."""

    name = "Values"
    template = "ARRAY_AGG(%(expressions)s)"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Have SQLite write a JSON array."""
        same = self.copy()
        same.template = "JSON_GROUP_ARRAY(%(expressions)s)"
        return same.as_sql(compiler, connection, **extra)

    @staticmethod
    def convert_value(value: Any, expression: Any, connection: Any) -> list[int]:
        """Read SQLite's text; of PostgreSQL it is a list already, or None when empty."""
        return orjson.loads(value) if isinstance(value, str) else value or []


class Microseconds(Func):
    """A moment as whole microseconds since 1970."""

    arity = 1
    output_field = BigIntegerField()
    # In double precision, which holds a microsecond of our days; numeric takes three times as long.
    template = "(DATE_PART('epoch', %(expressions)s) * 1000000)::bigint"

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Read SQLite's text, which has a fraction of six digits, or none."""
        moment, params = compiler.compile(self.source_expressions[0])
        seconds = f"CAST(STRFTIME('%%s', {moment}) AS INTEGER) * 1000000"
        return f"({seconds} + CAST(SUBSTR({moment}, 21, 6) AS INTEGER))", [*params, *params]


class Elapsed(Aggregate):
    """The sum of whole microseconds between a later moment and an earlier one; None of none."""

    name = "Elapsed"
    # Adding intervals takes half as long as adding numbers that were made of moments.
    template = "(EXTRACT(EPOCH FROM SUM(%(expressions)s)) * 1000000)::bigint"
    arg_joiner = " - "
    arity = 2
    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Add up differences of numbers."""
        same = self.copy()
        later, earlier, *rest = self.get_source_expressions()
        same.set_source_expressions([Microseconds(later), Microseconds(earlier), *rest])
        same.template = "SUM(%(expressions)s)"
        return same.as_sql(compiler, connection, **extra)


def interval_number(field: str, starts: Sequence[dt.datetime], first: int = 0) -> Case | Value:
    """Return the number of the interval that ``field`` falls into, as a tree of comparisons.

    A tree, because it asks each row for the logarithm of the intervals only, and means the same to
    every database: what an hour, a day or a week is was decided by whoever made ``starts``.
    """
    if len(starts) == 1:
        return Value(first, output_field=IntegerField())
    middle = len(starts) // 2
    earlier: Expression = interval_number(field, starts[:middle], first)
    later = interval_number(field, starts[middle:], first + middle)
    return Case(When(**{f"{field}__lt": starts[middle]}, then=earlier), default=later)

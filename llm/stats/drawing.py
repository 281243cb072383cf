"""The charts of the page of statistics: what is drawn, over which axis, linked to which rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from llm.stats import charts
from llm.stats.board import MOST_DRAWN
from llm.stats.cells import interval_name, money, percent, picked, seconds
from llm.stats.counting import NO_CURRENCY
from llm.stats.figures import Figures
from llm.stats.links import Links
from llm.stats.picks import ENOUGH
from llm.stats.usage import ModelUsage, Usage
from llm.stats.window import Window


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing and what it shows."""

    name: str
    drawing: SafeString
    note: str = ""


Value = Callable[[Figures], float | None]
Text = Callable[[float], str]
OverTime = Callable[[Value, Text, str], list[charts.Series]]


def all_charts(found: Usage, links: Links) -> list[Chart]:
    """Return the charts of a window that is cut into intervals."""
    drawn = found.models[:MOST_DRAWN]
    labels = interval_names(found.window)

    def over_time(value: Value, text: Text, outcome: str) -> list[charts.Series]:
        def points(one: ModelUsage) -> list[charts.Point]:
            return _points(one, found.window, labels, value, text, links, outcome)

        return [charts.Series(one.asked.name, points(one)) for one in drawn]

    def line(name: str, value: Value, text: Text, *, top: float = 0) -> Chart:
        return Chart(name, charts.lines(labels, over_time(value, text, "done"), text, top=top))

    requests = over_time(lambda f: f.requests, _number, "requests")
    made = [
        Chart(_("Requests"), charts.bars(labels, requests, _number, whole=True)),
        line(_("Success"), lambda f: f.success_rate, percent, top=1),
        line(_("First text, median"), lambda f: f.ttfts.percentile(0.5), seconds),
        line(_("Whole answer, P95"), lambda f: f.latencies.percentile(0.95), seconds),
    ]
    currencies = sorted(found.everything.cost)
    costs = [_cost_chart(currency, labels, over_time) for currency in currencies]
    return [*made, *costs, _picked_chart(drawn, links)]


def _number(value: float) -> str:
    return number_format(value, 0 if value == int(value) else 1, force_grouping=True)


def _cost_chart(currency: str, labels: list[str], over_time: OverTime) -> Chart:
    def paid(figures: Figures) -> float | None:
        amount = figures.cost.get(currency)
        return None if amount is None else float(amount)

    def text(amount: float) -> str:
        return money(amount, NO_CURRENCY)

    named = _("Cost") if currency == NO_CURRENCY else _("Cost, %s") % currency
    return Chart(named, charts.bars(labels, over_time(paid, text, ""), text))


def _picked_chart(drawn: Sequence[ModelUsage], links: Links) -> Chart:
    points = []
    missing = False
    for one in drawn:
        picks = one.figures.picks
        missing = missing or not picks.enough
        cell = picked(picks, links.rows_of(one.asked)("beside"))
        ends = picks.interval or (None, None)
        value = picks.rate if picks.enough else None
        label = f"{one.asked.name}: {cell.text} ({cell.hint})"
        points.append(charts.Point(value, label, cell.href, *ends))
    names = [one.asked.name for one in drawn]
    # xgettext:no-python-format
    name = _("Picked, with 95% interval")
    note = (
        ngettext(
            "Not enough data for models that stood beside others less than %d time.",
            "Not enough data for models that stood beside others less than %d times.",
            ENOUGH,
        )
        % ENOUGH
        if missing
        else ""
    )
    if all(point.value is None for point in points):
        # Axes with nothing on them would say less than the words.
        return Chart(name, SafeString(), note)
    return Chart(name, charts.shares(names, points, percent), note)


def _points(
    one: ModelUsage,
    window: Window,
    labels: Sequence[str],
    value: Value,
    text: Text,
    links: Links,
    outcome: str,
) -> list[charts.Point]:
    points = []
    for number, label in enumerate(labels):
        found = value(one.intervals[number]) if number in one.intervals else None
        if found is None:
            points.append(charts.Point(None))
            continue
        href = links.rows_in(one.asked, window.starts[number], window.end_of(number))(outcome)
        points.append(charts.Point(found, f"{one.asked.name}, {label}: {text(found)}", href))
    return points


def interval_names(window: Window) -> list[str]:
    """Return how the intervals are called in the window's zone."""
    return [interval_name(window, start) for start in window.starts]

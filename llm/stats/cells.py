"""Figures as texts, in the reader's language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from llm.stats.figures import Figures, percentile
from llm.stats.picks import ENOUGH, Picks
from llm.stats.usage import NO_CURRENCY
from llm.stats.window import Interval, Window

NONE = "–"


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: its text, the rows behind it, a word more, and what it is sorted by."""

    text: str
    href: str = ""
    hint: str = ""
    order: float = -1


def count(number: int, href: str = "") -> Cell:
    """A number of answers; nothing is no link."""
    return Cell(number_format(number, force_grouping=True), href if number else "", order=number)


def rate(share: float | None, href: str = "") -> Cell:
    """A share in percent."""
    if share is None:
        return Cell(NONE)
    return Cell(percent(share), href, order=share)


def percent(share: float) -> str:
    """98.2 %, as the language writes it."""
    number = round(share * 100, 1)
    return _("%(number)s%%") % {"number": number_format(number, 0 if number == int(number) else 1)}


def seconds(milliseconds: float) -> str:
    """340 ms, 2.1 s."""
    if milliseconds < 1000:
        return _("%s ms") % number_format(milliseconds, 0)
    return _("%s s") % number_format(milliseconds / 1000, 1)


def duration(ascending: Sequence[int], share: float, href: str) -> Cell:
    """A percentile of times, and of how many."""
    value = percentile(ascending, share)
    if value is None:
        return Cell(NONE)
    return Cell(seconds(value), href, hint=of(len(ascending)), order=value)


def mean(figures: Figures, href: str) -> Cell:
    """The mean of times, and of how many."""
    if figures.latency_avg is None:
        return Cell(NONE)
    hint = of(len(figures.latencies))
    return Cell(seconds(figures.latency_avg), href, hint=hint, order=figures.latency_avg)


def tokens(figures: Figures, href: str) -> Cell:
    """All tokens, and how many of them were estimated."""
    share = figures.estimated_share
    hint = _("%s estimated") % percent(share) if share else ""
    cell = count(figures.total_tokens, href)
    return Cell(cell.text, cell.href, hint, cell.order)


def cost(amounts: Mapping[str, Decimal], href: str) -> Cell:
    """Amounts by currency; sorted by the largest, since currencies cannot be added."""
    if not amounts:
        return Cell(NONE)
    texts = [money(amount, currency) for currency, amount in sorted(amounts.items())]
    return Cell(" + ".join(texts), href, order=float(max(amounts.values())))


def money(amount: float | Decimal, currency: str) -> str:
    """0.0312 USD: four places for small change, else two."""
    text = number_format(amount, 4 if 0 < abs(float(amount)) < 0.1 else 2, force_grouping=True)
    return text if currency == NO_CURRENCY else f"{text} {currency}"


def picked(picks: Picks, href: str) -> Cell:
    """How often it was picked, with its interval; or that this cannot be said yet."""
    if not picks.beside:
        return Cell(NONE)
    if not picks.enough or picks.interval is None or picks.rate is None:
        text = _("%(n)d of %(enough)d") % {"n": picks.beside, "enough": ENOUGH}
        return Cell(_("Not enough data"), href, hint=text)
    low, high = (number_format(end * 100, 0) for end in picks.interval)
    hint = _("%(low)s to %(high)s%%, %(n)s") % {"low": low, "high": high, "n": of(picks.beside)}
    return Cell(percent(picks.rate), href, hint, picks.rate)


def of(number: int) -> str:
    """n = 1,204."""
    return _("n = %s") % number_format(number, force_grouping=True)


def minutes(length: float) -> str:
    """40 s, 12 min, 3.5 h."""
    if length < 90:
        return _("%s s") % number_format(length, 0)
    if length < 5400:
        return _("%s min") % number_format(length / 60, 0)
    return _("%s h") % number_format(length / 3600, 1)


def interval_name(window: Window, start: dt.datetime) -> str:
    """Return 12 Nov, or with hours 12 Nov 14:00."""
    local = start.astimezone(window.zone)
    day = date_format(local, pgettext("how a day is written", "j M"), use_l10n=False)
    return f"{day} {local:%H:%M}" if window.interval is Interval.HOUR else day


def outcome_name(name: str) -> str:
    """Return what became of an answer, or which answers a list has, in words."""
    return {
        "all": _("All answers"),
        "requests": _("Requests"),
        "beside": _("Compared"),
        "picked": _("Picked"),
        "done": _("Done"),
        "failed": _("Failed"),
        "handoff": _("Handed over"),
        "stopped": _("Stopped"),
        "superseded": _("Replaced"),
        "open": _("Running"),
        "refused_budget": _("Over budget"),
        "refused_admission": _("No place"),
    }[name]

"""Figures as texts, in the reader's language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import floor, log10

from django.utils.formats import date_format, number_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from llm.stats.chosen import PEOPLE
from llm.stats.counting import NO_CURRENCY
from llm.stats.figures import Figures
from llm.stats.picks import ENOUGH, Picks
from llm.stats.times import Times
from llm.stats.window import Interval, Window

NONE = "–"
# What one token costs.
MOST_PLACES = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: its text, the rows behind it, a word more, and what it is sorted by."""

    text: str
    href: str = ""
    hint: str = ""
    order: float = -1

    def __str__(self) -> SafeString:
        """As the page shows it; there may be a thousand of them."""
        text = conditional_escape(self.text)
        if self.href:
            text = format_html('<a href="{}" data-go>{}</a>', self.href, text)
        return format_html("{}<small>{}</small>", text, self.hint) if self.hint else text


def count(number: int, href: str = "") -> Cell:
    """A number of answers; nothing is no link."""
    return Cell(number_format(number, force_grouping=True), href if number else "", order=number)


def rate(share: float | None, href: str = "", whole: str = "") -> Cell:
    """A share in percent, and of how many if that is told."""
    return Cell(NONE) if share is None else Cell(percent(share), href, whole, order=share)


def typical(value: float | None, text: Callable[[float], str], whole: str, href: str) -> Cell:
    """A mean or a median, and of how many."""
    return Cell(NONE) if value is None else Cell(text(value), href, whole, order=value)


def percent(share: float) -> str:
    """98.2 %, as the language writes it."""
    number = round(share * 100, 1)
    return _("%(number)s%%") % {"number": number_format(number, 0 if number == int(number) else 1)}


def seconds(milliseconds: float) -> str:
    """340 ms, 2.1 s."""
    if milliseconds < 1000:
        return _("%s ms") % number_format(milliseconds, 0)
    return _("%s s") % number_format(milliseconds / 1000, 1)


def duration(times: Times, share: float, href: str) -> Cell:
    """A percentile of times, and of how many."""
    value = times.percentile(share)
    if value is None:
        return Cell(NONE)
    return Cell(seconds(value), href, hint=of_answers(len(times)), order=value)


def mean(figures: Figures, href: str) -> Cell:
    """The mean of times, and of how many."""
    times = figures.latencies
    if times.mean is None:
        return Cell(NONE)
    return Cell(seconds(times.mean), href, hint=of_answers(len(times)), order=times.mean)


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
    return Cell("\N{NO-BREAK SPACE}+ ".join(texts), href, order=float(max(amounts.values())))


def money(amount: float | Decimal, currency: str) -> str:
    """0.0312 USD, never cut in two: two places, and for small change as many as tell two digits."""
    size = abs(float(amount))
    places = min(MOST_PLACES, max(4, 1 - floor(log10(size)))) if 0 < size < 0.1 else 2
    text = number_format(amount, places, force_grouping=True)
    return text if currency == NO_CURRENCY else f"{text}\N{NO-BREAK SPACE}{currency}"


def picked(picks: Picks, href: str) -> Cell:
    """How often it was picked, with its interval; or that this cannot be said yet."""
    if not picks.beside:
        return Cell(NONE)
    if not picks.enough or picks.interval is None or picks.rate is None:
        text = _("%(n)d of %(enough)d") % {"n": picks.beside, "enough": ENOUGH}
        return Cell(_("Not enough data"), href, hint=text)
    low, high = (number_format(end * 100, 0) for end in picks.interval)
    whole = of_answers(picks.beside)
    hint = _("%(low)s to %(high)s%%, %(n)s") % {"low": low, "high": high, "n": whole}
    return Cell(percent(picks.rate), href, hint, picks.rate)


def of_answers(number: int) -> str:
    """From 1,204 answers."""
    return ngettext("from %s answer", "from %s answers", number) % _grouped(number)


def of_drafts(number: int) -> str:
    """From 12 drafts."""
    return ngettext("from %s draft", "from %s drafts", number) % _grouped(number)


def of_chats(number: int) -> str:
    """From 12 chats."""
    return ngettext("from %s chat", "from %s chats", number) % _grouped(number)


def of_ratings(number: int) -> str:
    """From 12 ratings."""
    return ngettext("from %s rating", "from %s ratings", number) % _grouped(number)


def _grouped(number: int) -> str:
    return number_format(number, force_grouping=True)


def plain(value: float) -> str:
    """4.4, 12."""
    return number_format(value, 0 if value == int(value) else 1)


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
        "grounded": _("Asked of the knowledge"),
        "unsupported": _("Rests on no passage"),
        "shown": _("Drafts shown"),
        "sent": _("Drafts sent"),
        "unchanged": _("Sent as they were"),
        "rated": _("Rated afterwards"),
        "closed": _("Closed afterwards"),
        "reopened": _("Reopened afterwards"),
        "failed": _("Failed"),
        "handoff": _("Handed over"),
        "stopped": _("Stopped"),
        "superseded": _("Replaced"),
        "open": _("Running"),
        "refused_budget": _("Over budget"),
        "refused_admission": _("No place"),
    }[name]


def chats_name(name: str) -> str:
    """Return which chats a list has, in words."""
    return {
        "opened": _("Chats opened"),
        "closed": _("Chats closed"),
        "without_person": _("Closed without a person"),
        "rated": _("Chats that were rated"),
        "answered": _("Chats that a person answered"),
        "handoffs": _("Handed over to people"),
        "replies": _("Replies by the assistant"),
    }[name]


def kind_name(purpose: str) -> str:
    """Return a kind of answers as the page's filter names it."""
    return {
        PEOPLE: _("All but replays"),
        "reply": _("Replies to customers"),
        "draft": _("Drafts for agents"),
        "assist": _("Other help for agents"),
        "compare": _("Playground"),
        "replay": _("Replays"),
    }[purpose]

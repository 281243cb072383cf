"""What the page of statistics shows beside its charts: tiles and tables, ready to be laid out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from llm.models import Answer
from llm.stats.cells import (
    Cell,
    cost,
    count,
    duration,
    interval_name,
    kind_name,
    mean,
    minutes,
    of_answers,
    of_chats,
    of_drafts,
    of_ratings,
    picked,
    plain,
    rate,
    tokens,
    typical,
)
from llm.stats.chats import ChatFigures
from llm.stats.chosen import PEOPLE
from llm.stats.figures import Figures
from llm.stats.links import Links
from llm.stats.usage import Usage

MOST_DRAWN = 8


# Name of the column in the address, its heading, and how a model's figure is made.
Column = tuple[str, str, Callable[[Figures, Callable[..., str]], Cell]]


def columns() -> list[Column]:
    """Return the columns of the table of models."""
    return [
        ("requests", _("Requests"), lambda f, to: count(f.requests, to("requests"))),
        ("success", _("Success"), lambda f, to: rate(f.success_rate, to("done"))),
        ("failed", _("Failed"), lambda f, to: count(f.failed, to("failed"))),
        ("stopped", _("Stopped"), lambda f, to: count(f.stopped, to("stopped"))),
        ("superseded", _("Replaced"), lambda f, to: count(f.superseded, to("superseded"))),
        ("handoff", _("Handed over"), lambda f, to: rate(f.handoff_rate, to("handoff"))),
        ("budget", _("Over budget"), lambda f, to: count(f.refused_budget, to("refused_budget"))),
        ("full", _("No place"), lambda f, to: count(f.refused_admission, to("refused_admission"))),
        ("ttft50", _("First text, median"), lambda f, to: duration(f.ttfts, 0.5, to("done"))),
        ("ttft95", _("First text, P95"), lambda f, to: duration(f.ttfts, 0.95, to("done"))),
        ("avg", _("Whole, mean"), lambda f, to: mean(f, to("done"))),
        ("p50", _("Whole, median"), lambda f, to: duration(f.latencies, 0.5, to("done"))),
        ("p95", _("Whole, P95"), lambda f, to: duration(f.latencies, 0.95, to("done"))),
        ("tokens", _("Tokens"), lambda f, to: tokens(f, to(""))),
        ("cost", _("Cost"), lambda f, to: cost(f.cost, to(""))),
        ("picked", _("Picked"), lambda f, to: picked(f.picks, to("beside"))),
        (
            "unsupported",
            _("Unsupported"),
            lambda f, to: rate(f.unsupported_rate, to("unsupported"), of_answers(f.grounded)),
        ),
    ]


def draft_columns() -> list[Column]:
    """Return the columns of the table of drafts."""
    return [
        ("shown", _("Shown"), lambda f, to: count(f.drafts.shown, to("shown"))),
        (
            "sent",
            _("Sent"),
            lambda f, to: rate(f.drafts.sent_rate, to("sent"), of_drafts(f.drafts.shown)),
        ),
        (
            "unchanged",
            _("As it was"),
            lambda f, to: rate(f.drafts.unchanged_rate, to("unchanged"), of_drafts(f.drafts.sent)),
        ),
        (
            "distance",
            _("Characters changed, median"),
            lambda f, to: typical(f.drafts.distance, plain, of_drafts(f.drafts.sent), to("sent")),
        ),
        (
            "wait",
            _("Sent after, median"),
            lambda f, to: typical(f.drafts.wait_s, minutes, of_drafts(f.drafts.sent), to("sent")),
        ),
        (
            "rating",
            _("Rating afterwards"),
            lambda f, to: typical(
                f.drafts.rating, plain, of_ratings(len(f.drafts.ratings)), to("rated")
            ),
        ),
        (
            "reopened",
            _("Reopened afterwards"),
            lambda f, to: rate(f.drafts.reopened_rate, to("reopened"), of_chats(f.drafts.closed)),
        ),
    ]


@dataclass(frozen=True, slots=True)
class Head:
    """A heading that sorts."""

    text: str
    href: str
    order: str  # none, ascending, descending


@dataclass(frozen=True, slots=True)
class Line:
    """A model's line; `color` is the number of its series, or None where it is not drawn."""

    name: str
    color: int | None
    cells: list[Cell]


def table(found: Usage, links: Links, sort: str) -> tuple[list[Head], list[Line], list[Cell]]:
    """Return headings, lines and the line of all models; ``-`` before a name sorts downwards."""
    made = columns()
    lines = [
        Line(
            one.asked.name,
            number if number < MOST_DRAWN else None,
            [make(one.figures, links.rows_of(one.asked)) for _name, _text, make in made],
        )
        for number, one in enumerate(found.models)
    ]
    names = [name for name, _text, _make in made]
    by, down = sort.removeprefix("-"), sort.startswith("-")
    if by in names:
        lines.sort(key=lambda line: line.cells[names.index(by)].order, reverse=down)
    heads = [
        Head(
            text,
            links.to(sort=name if by == name and down else f"-{name}"),
            ("descending" if down else "ascending") if by == name else "none",
        )
        for name, text, _make in made
    ]
    whole = [make(found.everything, links.rows) for _name, _text, make in made]
    return heads, lines, whole


def draft_table(found: Usage, links: Links) -> tuple[list[str], list[Line], list[Cell]]:
    """Return headings, a line for each model that drafted, and the line of all; or nothing."""
    made = draft_columns()
    lines = [
        Line(
            one.asked.name,
            number if number < MOST_DRAWN else None,
            [make(one.figures, links.rows_of(one.asked)) for _name, _text, make in made],
        )
        for number, one in enumerate(found.models)
        if one.figures.drafts.shown
    ]
    whole = [make(found.everything, links.rows) for _name, _text, make in made]
    return [text for _name, text, _make in made], lines, whole


def kinds(found: Usage, links: Links, chosen: str) -> list[tuple[str, str, str, bool]]:
    """Return the filter by kind: name, how many requests, address, whether it is chosen."""
    asked = {purpose: found.kinds.get(purpose, 0) for purpose in Answer.Purpose.values}
    people = sum(count for purpose, count in asked.items() if purpose != Answer.Purpose.REPLAY)
    order = (PEOPLE, "reply", "draft", "assist", "compare", "replay")
    return [
        (
            kind_name(kind),
            count({**asked, PEOPLE: people}[kind]).text,
            links.to(purpose=None if kind == PEOPLE else kind),
            kind == chosen,
        )
        for kind in order
    ]


def tiles(found: Usage, links: Links) -> list[tuple[str, Cell]]:
    """Return the figures at the top."""
    figures = found.everything
    return [
        (_("Requests"), count(figures.requests, links.rows("requests"))),
        (_("Success"), rate(figures.success_rate, links.rows("done"))),
        (_("First text, median"), duration(figures.ttfts, 0.5, links.rows("done"))),
        (_("Whole answer, P95"), duration(figures.latencies, 0.95, links.rows("done"))),
        (_("Tokens"), tokens(figures, links.rows(""))),
        (_("Cost"), cost(figures.cost, links.rows(""))),
    ]


def chat_tiles(found: ChatFigures, to: Callable[[str], str]) -> list[tuple[str, Cell]]:
    """Return what became of chats."""
    return [
        (_("Chats opened"), count(found.opened, to("opened"))),
        (_("Chats closed"), count(found.closed, to("closed"))),
        (_("Replies by the assistant"), count(found.assistant_replies, to("replies"))),
        (_("Handed over to people"), count(found.handoffs, to("handoffs"))),
        (
            _("Closed without a person"),
            rate(found.deflection, to("without_person"), of_chats(found.closed)),
        ),
        (
            _("A person’s first answer, median"),
            typical(found.first_response_s, minutes, of_chats(len(found.waits_s)), to("answered")),
        ),
        (_("Rating"), typical(found.rating, plain, of_ratings(len(found.ratings)), to("rated"))),
    ]


# What stands in charts, and so in the table beside them, by name of its column.
DRAWN = ("requests", "success", "ttft50", "p95", "cost", "picked", "unsupported")


def part_names() -> list[str]:
    """Return the headings of the charts' table."""
    return [text for name, text, _make in columns() if name in DRAWN]


def parts(found: Usage, links: Links) -> list[tuple[str, str, list[Cell]]]:
    """Return the lines of the charts' table: time, model, figures."""
    makers = [make for name, _text, make in columns() if name in DRAWN]
    window = found.window
    return [
        (
            interval_name(window, window.starts[number]),
            one.asked.name,
            [
                make(
                    one.intervals[number],
                    links.rows_in(one.asked, window.starts[number], window.end_of(number)),
                )
                for make in makers
            ],
        )
        for number in range(len(window.starts))
        for one in found.models
        if number in one.intervals
    ]

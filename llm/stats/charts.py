"""Charts as SVG, drawn by pygal and stripped to bare shapes.

pygal's own style and script blocks are taken out: the page's stylesheet colours the shapes (so dark
mode and forced colours work as everywhere), and the page's policy allows no inline blocks anyway.
Each point is a link to its rows and says its value when pointed at. Screen readers and the keyboard
pass over a drawing: the same numbers, with the same links, stand in the tables beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT = 420, 190
MOST_BARS = 62
MOST_LABELS = 6
MOST_TICKS = 5
UNWANTED = ("defs", "title")
TIPS = "tooltip-overlay"
XLINK = "{http://www.w3.org/1999/xlink}href"


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series: None is a gap; `low` and `high` are the ends of its interval."""

    value: float | None
    label: str = ""
    href: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A named row of points, one for each label of the axis."""

    name: str
    points: Sequence[Point]


def lines(
    labels: Sequence[str],
    series: Sequence[Series],
    text: Callable[[float], str],
    *,
    top: float = 0,
) -> SafeString:
    """Return values over time, a line for each series; the axis reaches `top` at least."""
    import pygal  # not needed before somebody looks at a chart

    dense = len(labels) > MOST_BARS
    values = [p.value for one in series for p in one.points if p.value is not None]
    options = _common(labels, text) | {"y_labels": ticks(max([top, *values]))}
    return _draw(pygal.Line(show_dots=not dense, dots_size=3.5, **options), series)


def bars(
    labels: Sequence[str],
    series: Sequence[Series],
    text: Callable[[float], str],
    *,
    whole: bool = False,
) -> SafeString:
    """Return amounts over time, stacked; of what is counted, the axis has `whole` numbers only."""
    import pygal

    heaps = zip(*([p.value or 0 for p in one.points] for one in series), strict=True)
    options = _common(labels, text) | {"y_labels": ticks(max(map(sum, heaps), default=0), whole)}
    if len(labels) > MOST_BARS:
        chart = pygal.StackedLine(fill=True, show_dots=False, **options)
    else:
        chart = pygal.StackedBar(spacing=2, **options)
    return _draw(chart, series)


def ticks(top: float, whole: bool = False) -> list[float]:
    """Return round values from 0 to `top` or beyond, three to six of them, evenly apart."""
    rough = (top or 1) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= rough * (1 - 1e-9))
    if whole:
        step = max(1, round(step))
    marks = [round(number * step, 9) for number in range(math.ceil(top / step - 1e-9) + 1)]
    return marks if len(marks) > 1 else [0, step]


def shares(
    labels: Sequence[str], points: Sequence[Point], text: Callable[[float], str]
) -> SafeString:
    """Return shares from 0 to 1 with their intervals, one beside the other."""
    import pygal

    options = _common(labels, text) | {
        "y_labels": ticks(1),
        "range": (0, 1),
        "x_labels_major": list(labels),
    }
    chart = pygal.Line(stroke=False, dots_size=5, **options)
    alone = [
        Series(
            label,
            [point if place == number else Point(None) for place in range(len(points))],
        )
        for number, (label, point) in enumerate(zip(labels, points, strict=True))
    ]
    return _draw(chart, alone)


def _common(labels: Sequence[str], text: Callable[[float], str]) -> dict[str, Any]:
    from pygal.style import Style

    return {
        "width": WIDTH,
        "height": HEIGHT,
        "explicit_size": False,
        "no_prefix": True,
        "css": [],
        "js": [],
        "disable_xml_declaration": True,
        "show_legend": False,
        "margin": 6,
        "margin_right": 20,
        "x_labels": list(labels),
        "x_labels_major": list(labels[:: -(-len(labels) // MOST_LABELS) or 1]),
        "show_minor_x_labels": False,
        "truncate_label": 14,
        "include_x_axis": True,
        "value_formatter": text,
        "classes": ["chart"],
        "style": Style(label_font_size=11, major_label_font_size=11, no_data_font_size=13),
        "no_data_text": "",
    }


def _draw(chart: Any, series: Sequence[Series]) -> SafeString:
    for one in series:
        chart.add(one.name, [_value(point) for point in one.points])
    chart.add_xml_filter(_strip)
    # pygal escapes what it is given, and nothing else is put in.
    svg: str = chart.render(is_unicode=True)
    return mark_safe(svg)  # noqa: S308


def _value(point: Point) -> dict[str, Any] | None:
    if point.value is None:
        return None
    value: dict[str, Any] = {"value": point.value, "label": point.label}
    if point.href:
        value["xlink"] = {"href": point.href, "target": "_self"}
    if point.low is not None:
        value["ci"] = {"low": point.low, "high": point.high}
    return value


def _strip(root: Any) -> Any:
    """Leave shapes and texts, and give every point its value as a tip."""
    for parent in list(root.iter()):
        for child in list(parent):
            is_comment = not isinstance(child.tag, str)
            if is_comment or child.tag in UNWANTED or TIPS in child.get("class", ""):
                parent.remove(child)
    for parent in list(root.iter()):
        _tip(parent)
    for link in root.iter("a"):
        link.set("tabindex", "-1")
        link.set("href", link.attrib.pop("xlink:href", None) or link.attrib.pop(XLINK, ""))
    root.attrib.pop("id", None)
    root.set("aria-hidden", "true")
    return root


def _tip(parent: Any) -> None:
    notes = [child for child in parent if child.tag == "desc"]
    texts = [child.text for child in notes if child.get("class") == "label"]
    for note in notes:
        parent.remove(note)
    if texts and texts[0]:
        title = parent.makeelement("title", {})
        title.text = texts[0]
        parent.insert(0, title)

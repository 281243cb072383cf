"""What the page of statistics says in words and draws on its axes."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from llm.stats.cells import money
from tests.llm.stats.samples import answer, comparison, models

pytestmark = pytest.mark.django_db
PERIOD = {"since": "2026-10-20", "to": "2026-10-22", "interval": "day", "tz": "UTC"}


def laid_out(ask: Any, **query: Any) -> str:
    """The HTML of an address of the page."""
    found = ask("panel", **PERIOD, **query)
    assert found.status_code == 200, found.content
    return str(found.json()["html"])


def axis(page: str, name: str) -> list[str]:
    """What stands at the upright axis of a chart, from below."""
    drawing = re.search(rf"<figcaption>{name}</figcaption>(.*?)</figure>", page, re.DOTALL)
    assert drawing is not None, page
    upright = drawing[1].split('class="axis y')[1].split('class="axis x')[0].split("</g></g>")[0]
    return [unescape(text) for text in re.findall(r"<text[^>]*>([^<]+)</text>", upright)]


@pytest.mark.parametrize(
    ("count", "marks"),
    [(1, "0 1"), (2, "0 1 2"), (4, "0 1 2 3 4"), (7, "0 2 4 6 8"), (23, "0 5 10 15 20 25")],
)
def test_what_is_counted_has_whole_numbers_at_its_axis(ask: Any, count: int, marks: str) -> None:
    (ant,) = models("Ant")
    for _ in range(count):
        answer(ant, latency_ms=1530, ttft_ms=435)
    assert axis(laid_out(ask, part="charts"), "Requests") == marks.split()


def test_heaps_of_several_models_fit_under_the_axis(ask: Any) -> None:
    for model in models("Ant", "Bee"):
        for _ in range(6):
            answer(model)
    assert axis(laid_out(ask, part="charts"), "Requests") == ["0", "5", "10", "15"]


def test_an_axis_of_times_reaches_beyond_the_longest(ask: Any) -> None:
    (ant,) = models("Ant")
    answer(ant, latency_ms=1530, ttft_ms=435)
    page = laid_out(ask, part="charts")
    assert axis(page, "Whole answer, P95") == ["0 ms", "500 ms", "1.0 s", "1.5 s", "2.0 s"]
    assert axis(page, "First text, median")[-1] == "500 ms"
    assert axis(page, "Success") == ["0%", "20%", "40%", "60%", "80%", "100%"]


def test_how_many_stand_behind_a_figure_is_said_in_words(ask: Any) -> None:
    (ant,) = models("Ant")
    answer(ant, latency_ms=1530, ttft_ms=435)
    page = laid_out(ask)
    assert "from 1 answer<" in page
    answer(ant, latency_ms=1530, ttft_ms=435)
    page = laid_out(ask)
    assert "from 2 answers<" in page
    assert "n =" not in page


def test_where_nobody_has_enough_comparisons_words_stand_for_the_chart(ask: Any) -> None:
    ant, bee = models("Ant", "Bee")
    comparison(ant, bee, picked=0)
    few = laid_out(ask, part="charts").split("Picked, with 95% interval</figcaption>")[1]
    assert "<svg" not in few
    assert "Not enough data" in few
    for _ in range(9):
        comparison(ant, bee, picked=0)
    enough = laid_out(ask, part="charts").split("Picked, with 95% interval</figcaption>")[1]
    assert "<svg" in enough


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0.00"),
        (0.000051, "0.000051"),
        (0.0001, "0.00010"),
        (0.00015, "0.00015"),
        (0.0312, "0.0312"),
        (1234.5, "1,234.50"),
    ],
)
def test_small_change_is_told_apart(amount: float, shown: str) -> None:
    assert money(amount, "USD") == f"{shown}\N{NO-BREAK SPACE}USD"

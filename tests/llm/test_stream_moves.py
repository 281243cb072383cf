"""A reader moves to another web process while the chunk log is away, or has forgotten."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from llm.streams import feed as feeding
from tests.llm.stage import Stage
from tests.sse import Page
from tests.upstream import say

WORDS = [f"word{n} " for n in range(40)] + ["end."]
TEXT = "".join(WORDS)


def read_some(stage: Stage) -> tuple[Any, Page]:
    stage.upstream.script(say(*WORDS, pause=0.1))
    turn, page = stage.ask(), Page()
    with stage.stream(turn) as stream:
        page.follow(stream, most=5)
    stage.forget_feeds()
    return turn, page


def test_who_moves_while_the_log_is_away_is_not_thrown_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, page = read_some(stage)
    monkeypatch.setattr(feeding, "_log_is_away_until", time.monotonic() + 1.0)
    stage.read(turn, page)
    assert page.shown() == [TEXT]
    assert "snapshot" not in page.kinds


def test_who_moves_when_the_log_was_lost_keeps_what_it_has(stage: Stage) -> None:
    turn, page = read_some(stage)
    stage.drop_log()
    shown = [page.texts[0]]
    with stage.stream(turn, last_event_id=page.last_id) as stream:
        for event in stream:
            page.show(event)
            shown.append(page.texts[0])
    assert shown[-1] == TEXT
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(shown))


def test_an_id_from_the_future_costs_its_reader_a_moment_and_nobody_else(stage: Stage) -> None:
    turn, page = read_some(stage)
    with stage.stream(turn, last_event_id="0.1.7000") as stream:
        liar = Page().follow(stream, most=1)
        assert stage.read(turn, page).shown() == [TEXT]
    assert liar.kinds == ["snapshot"]
    assert "snapshot" not in page.kinds

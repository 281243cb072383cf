"""One person, two devices: what is done on one is seen on the other without a look or a reload."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Window
from tests.browser.playground.board import Board
from tests.upstream import Reply, Upstream, say

MakeWindow = Callable[..., Window]
THERE = re.compile("You get your money back")


def test_questions_names_picks_and_the_end_reach_the_other_device(
    board: Board, window: MakeWindow
) -> None:
    laptop = board
    phone = Board.open(window(width=1100))
    laptop.choose("Swift", "Atlas")
    laptop.ask("Where is the walrus?")
    laptop.finished()
    # A new conversation is in the other's list by itself.
    expect(phone.talks().first).to_have_text("Where is the walrus?")
    phone.talks().first.click()
    expect(phone.answer("A")).to_have_text(THERE)
    # The next question, and the answer as it is written.
    laptop.ask("And where are its friends?")
    expect(phone.page.locator(".question-text").last).to_have_text("And where are its friends?")
    expect(phone.answer("A")).to_have_text(THERE)
    laptop.finished()
    # The other way round: a pick and a new name.
    phone.finished()
    phone.pick("A")
    expect(laptop.head("A").locator(".pick")).to_have_attribute("aria-pressed", "true")
    phone.do("Rename")
    phone.page.get_by_role("textbox", name="Name").fill("Walruses, everywhere")
    phone.page.get_by_role("button", name="Rename", exact=True).last.click()
    expect(laptop.page.locator(".stage-title")).to_contain_text("Walruses, everywhere")
    expect(laptop.talks().first).to_have_text("Walruses, everywhere")
    # Deleted here, gone there.
    laptop.do("Delete")
    laptop.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(phone.page.get_by_text("This conversation is not there")).to_be_visible()
    phone.window.forgive("404")


@pytest.fixture
def takes(endpoints: dict[str, Upstream]) -> Iterator[Callable[[str], None]]:
    """What Flaky says for once, instead of failing."""
    before = endpoints["Flaky"].default

    def says(text: str) -> None:
        endpoints["Flaky"].default = Reply(say(text))

    yield says
    endpoints["Flaky"].default = before


def test_an_answer_asked_again_elsewhere_is_seen_again(
    board: Board, window: MakeWindow, takes: Callable[[str], None]
) -> None:
    takes("The first take.")
    board.choose("Flaky", "Swift")
    board.ask("Say it twice.")
    board.finished()
    other = Board.open(window(), board.page.url.removeprefix(board.window.site))
    expect(other.answer("A")).to_have_text("The first take.")
    takes("The second take.")
    board.column("A").get_by_role("button", name="Try again: Flaky").click()
    for device in (board, other):
        expect(device.answer("A")).to_have_text("The second take.")


def test_who_compares_models_is_not_there_for_customers(board: Board) -> None:
    with board.page.expect_websocket() as socket:
        board.page.reload()
    assert "quiet=1" in socket.value.url

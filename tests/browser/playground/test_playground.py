"""The playground in a real browser, against model servers that answer, fail and dawdle."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.desk import BEN, Window
from tests.browser.line import line_to
from tests.browser.playground.board import Board
from tests.browser.playground.conftest import SHORT
from tests.upstream import Reply, Upstream, say

MakeWindow = Callable[..., Window]
Shot = Callable[[Page, str], None]
QUESTION = "Write a short reply to a customer whose parcel is late."


def test_three_models_answer_side_by_side_and_one_that_fails_says_why(
    board: Board, shot: Shot
) -> None:
    board.choose("Swift", "Atlas", "Broken")
    board.ask(QUESTION)
    expect(board.answer("A")).to_have_text(re.compile("You get your money back"))
    expect(board.column("C").get_by_text("refused the key")).to_be_visible()
    expect(board.head("C")).to_contain_text("Failed")
    board.finished()
    expect(board.column("A").locator(".numbers")).to_contain_text("12 → 5 tokens")
    expect(board.column("A").locator(".numbers")).to_contain_text("$0.000022")
    expect(board.page).to_have_url(re.compile(r"/playground/[0-9a-f-]{36}$"))
    shot(board.page, "playground-answers-light-1440")


def test_markdown_is_drawn_code_is_coloured_and_nothing_in_it_runs(board: Board) -> None:
    fetched: list[str] = []
    board.page.on("request", lambda request: fetched.append(request.url))
    board.choose("Atlas")
    board.ask(QUESTION)
    board.finished()
    answer = board.answer("A")
    expect(answer.locator("h5")).to_have_text("What happens next")
    expect(answer.locator("ol > li")).to_have_count(2)
    expect(answer.locator("td")).to_have_text(["lost", "3 days", "late", "5 days"])
    expect(answer.locator("pre .t-keyword").first).to_have_text("def")
    expect(answer).to_contain_text("<script>")
    expect(answer.locator("script, img")).to_have_count(0)
    links = [link.get_attribute("href") for link in answer.locator("a").all()]
    assert links == ["https://evil.example/p.png", "https://example.com/policy"]
    assert not [url for url in fetched if "evil" in url]


def test_stop_one_then_all_and_what_they_said_stays(board: Board) -> None:
    board.choose("Slow", "Slow")
    board.ask("Count.")
    assert board.names() == ["Slow (1)", "Slow (2)"]
    for letter in "AB":
        expect(board.answer(letter)).to_contain_text("word3")
    board.head("A").get_by_role("button", name="Stop Slow (1)").click()
    expect(board.head("A")).to_contain_text("Stopped")
    expect(board.column("A")).to_contain_text("Stopped here.")
    board.page.get_by_role("button", name="Stop all").click()
    expect(board.head("B")).to_contain_text("Stopped")
    board.finished()
    expect(board.answer("A")).to_contain_text("word1")


def test_a_failed_answer_is_asked_again(board: Board, endpoints: dict[str, Upstream]) -> None:
    board.choose("Swift", "Flaky")
    board.ask(QUESTION)
    board.finished()
    expect(board.column("B")).to_contain_text("answered with an error")
    endpoints["Flaky"].default = Reply(say("Here I ", "am."))
    board.column("B").get_by_role("button", name="Try again: Flaky").click()
    expect(board.answer("B")).to_have_text("Here I am.")
    expect(board.column("B").locator(".trouble")).to_be_hidden()
    expect(board.answer("A")).to_contain_text("You get your money back")


def test_the_next_question_goes_on_from_the_picked_answer(
    board: Board, endpoints: dict[str, Upstream], shot: Shot
) -> None:
    board.choose("Swift", "Atlas")
    board.ask(QUESTION)
    board.finished()
    board.pick("A")
    expect(board.page.get_by_text("goes on from A · Swift")).to_be_visible()
    shot(board.page, "playground-picked-light-1440")
    before = len(endpoints["Swift"].requests)
    board.ask("Shorter, please.")
    board.finished()
    for request in endpoints["Swift"].requests[before:]:
        said = [message["content"] for message in request["messages"]]
        assert said[-3:] == [
            QUESTION,
            "".join(SHORT),
            "Shorter, please.",
        ]
    first = board.page.locator(".turn").first
    expect(first.locator(".pick:visible")).to_have_text(["Best"])
    expect(first.locator(".pick:visible")).to_be_disabled()


def test_a_reload_in_mid_stream_shows_the_same_and_a_second_tab_too(
    window: MakeWindow, models: None
) -> None:
    ada = window()
    board = Board.open(ada)
    board.choose("Slow", "Swift")
    board.ask("Count.")
    expect(board.answer("A")).to_contain_text("word5 ")
    before = board.answer("A").text_content() or ""
    board.page.reload()
    expect(board.answer("A")).to_contain_text(before.strip())
    second = Board.again(ada, board.page.url.removeprefix(ada.site))
    for one in (board, second):
        expect(one.answer("A")).to_contain_text("word20 ")
        expect(one.answer("B")).to_contain_text("You get your money back")
    second.page.get_by_role("button", name="Stop all").click()
    for one in (board, second):
        one.finished()
    assert board.answer("A").text_content() == second.answer("A").text_content()
    words = (board.answer("A").text_content() or "").split()
    assert words == [f"word{number}" for number in range(len(words))]


SHOW_OR_HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
    Object.defineProperty(document, "visibilityState", {
        configurable: true, value: hidden ? "hidden" : "visible",
    });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_eight_tabs_with_running_answers_leave_room_for_the_rest(
    window: MakeWindow, models: None, endpoints: dict[str, Upstream]
) -> None:
    """A browser has six connections for all its tabs; only the tab one looks at keeps a stream."""
    endless = say(*(f"word{number} " for number in range(5_000)), pause=0.1)
    endpoints["Slow"].script(*[endless] * 8)
    ada = window()
    boards = [Board.open(ada)]
    for number in range(8):
        if number:
            boards.append(Board.again(ada, "/playground/"))
        boards[-1].choose("Slow")
        boards[-1].ask(f"Count, tab {number}.")
        expect(boards[-1].answer("A")).to_contain_text("word3 ")
        if number < 7:
            # A browser without a window shows all tabs at once: it is told what a real one knows.
            with boards[-1].page.expect_event(
                "requestfailed", lambda request: "/streams/turn/" in request.url
            ):
                boards[-1].page.evaluate(SHOW_OR_HIDE, True)
    took = boards[-1].page.evaluate(
        """async () => {
            const began = performance.now();
            for (let n = 0; n < 5; n += 1) await fetch("/healthz", { cache: "no-store" });
            return performance.now() - began;
        }"""
    )
    print(f"five calls beside eight tabs took {took:.0f} ms")
    first = boards[0]
    seen = first.answer("A").text_content() or ""
    first.page.evaluate(SHOW_OR_HIDE, False)
    expect(first.answer("A")).to_contain_text("word60 ")
    words = (first.answer("A").text_content() or "").split()
    assert len(words) > len(seen.split())
    assert words == [f"word{number}" for number in range(len(words))]
    for board in boards:
        board.page.evaluate(SHOW_OR_HIDE, False)
        stop = board.page.get_by_role("button", name="Stop all")
        if stop.is_visible():  # on a busy machine the first ones have ended by now
            stop.click()
        board.finished()
        board.page.close()


def test_a_connection_that_breaks_goes_on_where_it_was(
    window: MakeWindow, models: None, site: str
) -> None:
    ada = window()
    with line_to(site) as line:
        ada.site = line.url
        board = Board.open(ada)
        board.choose("Slow")
        board.ask("Count.")
        expect(board.answer("A")).to_contain_text("word3 ")
        line.cut()
        expect(board.page.get_by_text("Reconnecting…")).to_be_visible()
        line.mend()
        expect(board.answer("A")).to_contain_text("word30 ")
        board.page.get_by_role("button", name="Stop all").click()
        board.finished()
        words = (board.answer("A").text_content() or "").split()
        assert words == [f"word{number}" for number in range(len(words))]
        ada.forgive("ERR_")
        ada.context.close()


def test_blind_answers_have_no_names_until_one_is_picked(board: Board, shot: Shot) -> None:
    board.choose("Swift", "Atlas")
    board.page.get_by_role("switch", name="Blind").click()
    board.ask(QUESTION)
    board.finished()
    assert board.names() == ["Model A", "Model B"]
    expect(board.column("A")).to_contain_text("shown after the pick")
    assert "Swift" not in (board.turn.text_content() or "")
    board.page.reload()
    expect(board.turn.locator(".head-name")).to_have_text(["Model A", "Model B"])
    board.pick("B")
    expect(board.turn.locator(".head-name").first).not_to_have_text("Model A")
    assert sorted(board.names()) == ["Atlas", "Swift"]
    board.page.get_by_role("switch", name="Blind").click()


def test_everything_can_be_done_by_keyboard(board: Board) -> None:
    page = board.page
    board.choose("Swift", "Atlas")
    page.keyboard.press("e")
    page.keyboard.type("First line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second")
    page.keyboard.press("Enter")
    expect(board.turn.locator(".question-text")).to_have_text("First line\nsecond")
    board.finished()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(board.column("B")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(board.column("A")).to_be_focused()
    page.keyboard.press("p")
    expect(board.head("A").locator(".pick")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("r")
    expect(board.head("A").locator(".pick")).to_have_attribute("aria-pressed", "false")
    board.finished()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Pick it as best")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.get_by_text("Ask several models at once")).to_be_visible()
    expect(page.get_by_label("Your question")).to_be_focused()


def test_ends_of_answers_are_announced_not_their_words(board: Board) -> None:
    board.page.evaluate(
        "window.said = []; new MutationObserver(() => said.push(announcer.textContent))"
        ".observe(announcer, {childList: true, characterData: true, subtree: true})"
    )
    board.choose("Swift", "Broken")
    board.ask(QUESTION)
    board.finished()
    expect(board.page.locator("#announcer")).to_contain_text("All answers have ended.")
    said = board.page.evaluate("said.join(' ')")
    assert "Answer A is finished: Swift" in said
    assert "Answer B failed: Broken" in said
    assert "money" not in said


def test_conversations_are_found_renamed_tagged_archived_and_deleted(board: Board) -> None:
    page = board.page
    board.choose("Swift")
    board.ask("A question about walruses")
    board.finished()
    board.do("Rename")
    page.get_by_role("textbox", name="Name").fill("Walrus talk")
    page.get_by_role("button", name="Rename", exact=True).last.click()
    expect(board.talks().first).to_have_text("Walrus talk")
    page.get_by_role("button", name="Instructions and parameters").click()
    page.get_by_role("textbox", name="Add a tag").fill("Arctic")
    page.get_by_role("textbox", name="Add a tag").press("Enter")
    expect(page.locator(".stage-title .row-tags")).to_have_text("arctic")
    page.get_by_label("Search conversations").fill("walrus")
    expect(board.talks()).to_have_text(["Walrus talk"])
    board.do("Archive")
    expect(board.talks()).to_have_count(0)
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(board.talks()).to_have_text(["Walrus talk"])
    board.do("Delete")
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(board.talks()).to_have_count(0)
    expect(page).to_have_url(re.compile("/playground/$"))


def test_instructions_and_parameters_reach_the_models(
    board: Board, endpoints: dict[str, Upstream]
) -> None:
    page = board.page
    board.choose("Swift")
    page.get_by_role("button", name="Instructions and parameters").click()
    page.get_by_label("Instructions", exact=True).fill("Answer like a pirate.")
    page.get_by_label("Longest answer, in tokens").fill("77")
    page.get_by_label("Temperature").fill("0.3")
    board.ask(QUESTION)
    board.finished()
    sent = endpoints["Swift"].requests[-1]
    assert (sent["max_tokens"], sent["temperature"]) == (77, 0.3)
    assert "pirate" in sent["messages"][0]["content"]
    # Once more in a conversation that exists, and asked at once each time.
    page.get_by_label("Instructions", exact=True).fill("Answer like a poet.")
    page.get_by_label("Temperature").fill("0.7")
    board.ask("Once more.")
    board.finished()
    sent = endpoints["Swift"].requests[-1]
    assert (sent["max_tokens"], sent["temperature"]) == (77, 0.7)
    assert "poet" in sent["messages"][0]["content"]
    page.reload()
    expect(page.get_by_label("Instructions", exact=True)).to_have_value("Answer like a poet.")
    expect(page.get_by_label("Longest answer, in tokens")).to_have_value("77")


def test_a_setting_goes_to_the_conversation_it_was_made_in(board: Board) -> None:
    page = board.page
    instructions = page.get_by_label("Instructions", exact=True)
    board.choose("Swift")
    board.ask("First talk")
    board.finished()
    page.get_by_role("link", name="New conversation").click()
    board.ask("Second talk")
    board.finished()
    page.get_by_role("button", name="Instructions and parameters").click()
    instructions.fill("Only for the second.")
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.go_back()
    expect(page.locator(".stage-title h2")).to_have_text("First talk")
    expect(instructions).to_have_value("")
    page.go_forward()
    expect(page.locator(".stage-title h2")).to_have_text("Second talk")
    expect(instructions).to_have_value("Only for the second.")


def test_models_that_cannot_be_read_are_read_again(window: MakeWindow, models: None) -> None:
    ada = window()
    refused: list[str] = []

    def once(route: Route) -> None:
        if refused:
            return route.fallback()
        refused.append(route.request.url)
        return route.fulfill(status=503, json={"code": "SERVICE_UNAVAILABLE", "status": 503})

    ada.context.route("**/api/v1/models?*", once)
    board = Board.open(ada)
    expect(board.page.get_by_text("The models could not be loaded").first).to_be_visible()
    board.page.get_by_role("button", name="Try again").click()
    board.choose("Swift")
    ada.forgive("503")


def test_a_question_that_cannot_be_sent_stays_and_goes_out_once(
    board: Board, window: MakeWindow
) -> None:
    board.choose("Swift")
    board.ask("First")
    board.finished()
    board.page.context.set_offline(True)
    board.ask("Second")
    expect(board.page.get_by_text("Not sent.")).to_be_visible()
    board.page.context.set_offline(False)
    board.turn.get_by_role("button", name="Try again").click()
    expect(board.answer("A")).to_contain_text("You get your money back")
    board.page.reload()
    expect(board.page.locator(".question-text")).to_have_text(["First", "Second"])
    board.window.forgive("ERR_INTERNET_DISCONNECTED")


def test_another_persons_conversation_is_not_there(board: Board, window: MakeWindow) -> None:
    board.choose("Swift")
    board.ask("Mine alone")
    board.finished()
    ben = window()
    other = Board.open(ben, board.page.url.removeprefix(ben.site), BEN)
    expect(other.page.get_by_text("This conversation is not there")).to_be_visible()
    ben.forgive("404")


def test_a_phone_shows_one_answer_at_a_time(
    window: MakeWindow, models: None, shot: Shot, serious: Callable[[Page], list[str]]
) -> None:
    board = Board.open(window(width=390, height=844))
    board.choose("Swift", "Atlas", "Broken")
    board.ask(QUESTION)
    board.finished()
    dots = board.turn.get_by_role("group", name="Show the answer of").get_by_role("button")
    expect(dots).to_have_count(3)
    dots.nth(1).click()
    expect(dots.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(board.answer("B")).to_be_in_viewport()
    expect(board.answer("A")).not_to_be_in_viewport()
    wide = board.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
    assert serious(board.page) == []
    shot(board.page, "playground-phone-390")
    board.page.get_by_role("button", name="Show the conversations").click()
    expect(board.talks().first).to_be_in_viewport()
    shot(board.page, "playground-phone-list-390")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_serious_for_axe_in_any_state(
    window: MakeWindow,
    models: None,
    shot: Shot,
    serious: Callable[[Page], list[str]],
    dark: bool,
) -> None:
    name = "dark" if dark else "light"
    board = Board.open(window(dark=dark))
    page = board.page
    expect(page.get_by_text("Ask several models at once")).to_be_visible()
    assert serious(page) == []
    shot(page, f"playground-welcome-{name}-1440")
    board.choose("Swift", "Atlas", "Broken", "Slow")
    board.ask(QUESTION)
    expect(board.answer("D")).to_contain_text("word3")
    assert serious(page) == []
    page.get_by_role("button", name="Stop all").click()
    board.finished()
    board.pick("B")
    page.get_by_role("button", name="Instructions and parameters").click()
    assert serious(page) == []
    shot(page, f"playground-settings-{name}-1440")
    page.get_by_title("Choose models").click()
    assert serious(page) == []
    shot(page, f"playground-models-{name}-1440")


def test_right_to_left_and_six_columns_on_a_small_laptop(
    window: MakeWindow, models: None, shot: Shot
) -> None:
    board = Board.open(window(width=1280, height=720))
    board.choose("Swift", "Swift", "Swift", "Atlas", "Broken", "Swift")
    board.page.get_by_title("Choose models").click()
    dialog = board.page.get_by_role("dialog", name="Models to ask")
    expect(dialog).to_contain_text("At most 6 models")
    expect(dialog.locator(".model-main:enabled[aria-pressed=false]")).to_have_count(0)
    board.page.keyboard.press("Escape")
    board.ask(QUESTION)
    board.finished()
    board.page.locator(".dot").nth(5).click()
    expect(board.answer("F")).to_be_in_viewport()
    expect(board.head("F")).to_be_in_viewport()
    shot(board.page, "playground-six-1280")
    board.page.evaluate("document.documentElement.dir = 'rtl'")
    shot(board.page, "playground-rtl-1280")


def test_without_models_the_way_to_add_one_is_shown(
    window: MakeWindow, site: str, shot: Shot
) -> None:
    ada = window()

    def none(route: Any) -> None:
        route.fulfill(json={"results": [], "next": None})

    ada.context.route("**/api/v1/models?*", none)
    board = Board.open(ada)
    expect(board.page.get_by_text("No models yet")).to_be_visible()
    expect(board.page.get_by_role("link", name="Add a model")).to_have_attribute(
        "href", "/admin/llm/modelconfig/"
    )
    shot(board.page, "playground-no-models-1440")


def test_a_model_that_takes_no_more_says_so(board: Board) -> None:
    board.choose("Busy")
    board.ask(QUESTION)
    board.finished()
    expect(board.column("A")).to_contain_text("takes no more questions right now")

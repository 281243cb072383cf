"""The page of statistics in a real browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NOT_FOR_THE_PRODUCT, ROOT
from tests.browser.desk import BEN, Window

MakeWindow = Callable[..., Window]
Shot = Callable[[Page, str], None]
PERIOD = "?from=2026-10-20&to=2026-10-29"
NAMES = ("Ant", "Bee <b>bold</b>", "Cat")
FILL = f"""
import random
from tests.llm.stats.samples import comparison, models, thousand
from llm.models import Turn
asked = models(*{NAMES!r})
thousand(random.Random(3), asked)
for number in range(24):
    comparison(asked[0], asked[1], picked=number % 3 == 0)
hidden = comparison(asked[0], asked[1])
Turn.objects.filter(pk=hidden.pk).update(blind=True)
"""


@pytest.fixture(scope="module", autouse=True)
def _answers(site: str, data_folder: Path) -> None:
    """A thousand answers in the running product: nobody can ask for ten days in a test."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_FOR_THE_PRODUCT}
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "--command", FILL],
        cwd=ROOT,
        env={**kept, "DATA_DIR": str(data_folder)},
        check=True,
    )


def stats(window: Window, query: str = PERIOD, *, login: tuple[str, str] = BEN) -> Page:
    """The page, signed in to."""
    page = window.open(f"/console/stats/{query}")
    page.get_by_label("Email or username").fill(login[0])
    page.get_by_label("Password", exact=True).fill(login[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#panel h1")).to_be_visible()
    return page


def figure(page: Page, name: str) -> Any:
    """A tile's figure."""
    return page.locator(".tile", has=page.get_by_text(name, exact=True)).locator("dd")


def test_the_page_shows_figures_charts_and_a_table(
    window: MakeWindow, serious: Callable[[Page], list[str]], shot: Shot
) -> None:
    page = stats(window())
    expect(page.locator("table.models tbody tr")).to_have_count(3)
    expect(page.locator(".charts figure")).to_have_count(7)
    expect(page.locator("table.models")).to_contain_text("Bee <b>bold</b>")
    expect(page.get_by_role("figure", name="Requests")).to_be_visible()
    shot(page, "stats-light")
    page.locator(".charts").scroll_into_view_if_needed()
    shot(page, "stats-charts-light")
    assert serious(page) == []


def test_dark_and_on_a_phone(
    window: MakeWindow, serious: Callable[[Page], list[str]], shot: Shot
) -> None:
    page = stats(window(dark=True))
    shot(page, "stats-dark")
    page.locator(".charts").scroll_into_view_if_needed()
    shot(page, "stats-charts-dark")
    assert serious(page) == []
    phone = stats(window(width=390, height=844))
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(phone, "stats-phone")
    phone.locator(".charts").scroll_into_view_if_needed()
    shot(phone, "stats-charts-phone")
    assert serious(phone) == []


def test_a_table_fits_a_desk_and_scrolls_by_itself_where_it_does_not(
    window: MakeWindow, shot: Shot
) -> None:
    hidden = (
        "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)"
        "(document.querySelector('.scroll'))"
    )
    page = stats(window())
    assert page.evaluate(hidden) <= 0
    medium = stats(window(width=768, height=900))
    assert medium.evaluate(hidden) > 0
    assert medium.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(medium, "stats-light-768")
    table = medium.get_by_role("region", name="Figures by model")
    table.focus()
    for _ in range(30):
        medium.keyboard.press("ArrowRight")
    expect(table.get_by_role("columnheader", name="Unsupported")).to_be_in_viewport()
    shot(medium, "stats-light-768-end")


def test_a_figure_opens_its_rows_and_back_leads_back(
    window: MakeWindow, serious: Callable[[Page], list[str]], shot: Shot
) -> None:
    page = stats(window())
    link = page.locator("table.models tfoot a[href*='rows=failed']")
    count = int(link.inner_text())
    link.click()
    expect(page.locator("table.rows tbody tr")).to_have_count(min(count, 50))
    expect(page.locator("#panel h1")).to_have_text("All models: Failed")
    shot(page, "stats-rows")
    assert serious(page) == []
    page.go_back()
    expect(page.locator("table.models")).to_be_visible()
    page.go_forward()
    page.get_by_role("link", name="Back to the figures").press("Enter")
    expect(page.locator("table.models")).to_be_visible()


def test_a_point_of_a_chart_opens_its_rows(window: MakeWindow) -> None:
    page = stats(window())
    page.locator(".charts figure").first.locator("a").first.click()
    expect(page.locator("table.rows tbody tr").first).to_be_visible()
    expect(page).to_have_url(re.compile("rows=requests"))


def test_a_heading_sorts_by_keyboard_and_keeps_the_focus(window: MakeWindow) -> None:
    page = stats(window())
    head = page.get_by_role("columnheader", name="Tokens")
    head.get_by_role("link").press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(page).to_have_url(re.compile("sort=-tokens"))


def test_the_form_chooses_and_an_impossible_time_is_explained(window: MakeWindow) -> None:
    made = window()
    page = stats(made)
    page.locator("#choose-model").focus()
    page.locator("#choose-model").select_option("Cat")
    expect(page.locator("table.models tbody tr")).to_have_count(1)
    expect(page.locator("#choose-model")).to_be_focused()
    page.locator("#choose-from").fill("2026-10-30")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("alert")).to_contain_text("must be before")
    made.forgive("400 (Bad Request)")


def test_what_could_not_be_read_is_told_and_read_again(window: MakeWindow) -> None:
    made = window()
    page = stats(made)
    expect(page.locator("[data-part][aria-busy]")).to_have_count(0)
    made.context.route("**/api/v1/stats/panel?*", lambda route: route.fulfill(status=503, json={}))
    page.locator("#choose-model").select_option("Cat")
    expect(page.get_by_role("alert")).to_be_visible()
    made.context.unroute("**/api/v1/stats/panel?*")
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(page.locator("table.models tbody tr")).to_have_count(1)
    expect(page.get_by_role("alert")).to_be_hidden()
    made.forgive("503")


def test_the_table_can_be_downloaded(window: MakeWindow) -> None:
    page = stats(window())
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert "Bee <b>bold</b>" in Path(download.value.path()).read_text("utf-8-sig")


def test_kinds_of_answers_are_told_apart(window: MakeWindow) -> None:
    page = stats(window())
    kinds = page.get_by_role("navigation", name="Which answers")
    expect(kinds.locator("[aria-current]")).to_contain_text("All but replays")
    everything = figure(page, "Requests").inner_text()
    drafts = kinds.get_by_role("link", name="Drafts for agents")
    count = drafts.locator("span").inner_text()
    drafts.press("Enter")
    expect(figure(page, "Requests")).to_have_text(count)
    assert count != everything
    kinds.get_by_role("link", name=re.compile("^Replays")).click()
    expect(page.get_by_text("No model was asked for this in this time.")).to_be_visible()


def test_figures_of_drafts_open_their_rows(
    window: MakeWindow, serious: Callable[[Page], list[str]], shot: Shot
) -> None:
    page = stats(window())
    table = page.locator("table.drafts")
    expect(table.locator("tbody tr")).to_have_count(3)
    table.scroll_into_view_if_needed()
    shot(page, "stats-drafts")
    count = int(table.locator("tfoot a[href*='rows=shown']").inner_text())
    table.locator("tfoot a[href*='rows=shown']").click()
    expect(page.locator("#panel h1")).to_have_text("All models: Drafts shown")
    expect(page.locator("table.rows tbody tr")).to_have_count(min(count, 50))
    expect(page.get_by_role("columnheader", name="Sent after")).to_be_visible()
    assert serious(page) == []


def test_a_blind_answer_is_counted_and_not_named(window: MakeWindow, shot: Shot) -> None:
    page = stats(window(), "?from=2026-10-20&to=2026-10-20&rows=beside&limit=200")
    expect(page.get_by_text("hidden until one is picked")).to_have_count(2)
    shot(page, "stats-blind")
    page.get_by_role("link", name="Back to the figures").click()
    ant = page.locator("table.models tbody tr").filter(has_text="Ant")
    ant.locator("a[href*='rows=beside']").click()
    expect(page.get_by_text("1 more is not listed")).to_be_visible()


def test_figures_of_chats_open_the_chats(
    window: MakeWindow, new_customer: Callable[[], Any], serious: Callable[[Page], list[str]]
) -> None:
    customer = new_customer().open()
    customer.say("Where is my parcel?")
    page = stats(window(), "?days=1")
    figure(page, "Chats opened").get_by_role("link").click()
    expect(page.locator("#panel h1")).to_have_text("Chats opened")
    row = page.locator("table.rows tbody tr").first
    expect(row).to_be_visible()
    assert serious(page) == []
    row.get_by_role("link", name="Open").click()
    expect(page).to_have_url(re.compile("/console/#/open/"))


def test_a_time_without_answers_says_so(window: MakeWindow, shot: Shot) -> None:
    page = stats(window(), "?from=2026-01-01&to=2026-01-02")
    expect(page.get_by_text("No model was asked for this in this time.")).to_be_visible()
    shot(page, "stats-empty")

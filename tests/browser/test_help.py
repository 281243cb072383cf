"""An agent lets models help with an open chat: nothing goes out before the agent sends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk import Customer, Window
from tests.browser.test_console import bubbles, open_chat, seen_by, waiting

MakeWindow = Callable[..., Window]
MakeCustomer = Callable[[], Customer]
QUESTION = "How long do I have to return a jacket?"


@pytest.fixture
def customer(new_customer: MakeCustomer) -> Customer:
    return waiting(new_customer, QUESTION)


def at_the_chat(make: MakeWindow, customer: Customer, **size: Any) -> Page:
    page = make(**size).sign_in()
    open_chat(page, customer)
    return page


def drafts(page: Page) -> Any:
    return page.locator("console-help .draft")


def test_a_draft_is_used_changed_and_sent(
    window: MakeWindow, customer: Customer, shot: Callable[[Page, str], None]
) -> None:
    page = at_the_chat(window, customer)
    page.keyboard.press("a")
    expect(drafts(page).get_by_role("button", name="Use")).to_be_visible()
    expect(drafts(page)).to_contain_text("60 days")
    assert seen_by(customer) == [QUESTION]
    shot(page, "console-help-draft")
    drafts(page).get_by_role("button", name="Use").click()
    field = page.locator("#compose-text")
    assert "60 days" in field.input_value()
    field.press("End")
    field.type(" Greetings, Ben")
    with page.expect_response(lambda answer: answer.url.endswith("/use")) as told:
        field.press("Enter")
        if page.get_by_role("button", name="Send anyway").is_visible():
            page.get_by_role("button", name="Send anyway").click()
    assert told.value.json()["picked_slot"] == 0
    expect(bubbles(page).last).to_contain_text("Greetings, Ben")
    assert "Greetings, Ben" in seen_by(customer)[-1]


def test_what_was_written_can_be_made_shorter_and_brought_back(
    window: MakeWindow, customer: Customer
) -> None:
    page = at_the_chat(window, customer)
    field = page.locator("#compose-text")
    page.get_by_role("button", name="Help with writing").click()
    page.get_by_role("button", name="Friendlier").click()
    expect(page.get_by_role("alert")).to_have_text("Write something first.")
    field.fill("No refunds after 60 days.")
    page.get_by_role("button", name="Friendlier").click()
    drafts(page).get_by_role("button", name="Use").click()
    assert field.input_value() != "No refunds after 60 days."
    field.press("Control+z")
    expect(field).to_have_value("No refunds after 60 days.")


def test_a_summary_becomes_a_note(window: MakeWindow, customer: Customer) -> None:
    page = at_the_chat(window, customer)
    page.get_by_role("button", name="Help with writing").click()
    page.get_by_role("button", name="Summarise").click()
    page.get_by_role("button", name="Put into a note").click()
    expect(page.get_by_role("tab", name="Note")).to_have_attribute("aria-selected", "true")
    assert page.locator("#compose-text").input_value()
    assert seen_by(customer) == [QUESTION]


@pytest.mark.parametrize(("name", "size"), [("light", {}), ("dark", {"dark": True})])
def test_the_panel_is_fit_to_be_seen_and_heard(
    window: MakeWindow,
    customer: Customer,
    serious: Callable[[Page], list[str]],
    shot: Callable[[Page, str], None],
    name: str,
    size: dict[str, Any],
) -> None:
    page = at_the_chat(window, customer, **size)
    page.get_by_role("button", name="Help with writing").click()
    page.get_by_role("button", name="Compare drafts").click()
    expect(drafts(page).first.get_by_role("button", name="Use")).to_be_visible()
    assert serious(page) == []
    shot(page, f"console-help-{name}")
    page.keyboard.press("Escape")
    expect(page.locator("console-help")).to_be_hidden()


def test_on_a_phone_nothing_runs_out_to_the_side(
    window: MakeWindow, customer: Customer, shot: Callable[[Page, str], None]
) -> None:
    page = at_the_chat(window, customer, width=390, height=800)
    page.get_by_role("button", name="Help with writing").click()
    page.get_by_role("button", name="Draft a reply").click()
    expect(drafts(page).get_by_role("button", name="Use")).to_be_visible()
    wide = "document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(wide) <= 0
    shot(page, "console-help-phone")

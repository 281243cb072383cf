"""An open chat is kept as a case: by agents for an admin to look at, by admins at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk import Customer, Window
from tests.browser.test_console import open_chat, waiting

MakeWindow = Callable[..., Window]
Shot = Callable[[Page, str], None]
ADA = ("ada@example.com", "demo-admin")
QUESTION = "Do you repair torn tents?"


@pytest.fixture
def customer(new_customer: Callable[[], Customer]) -> Customer:
    return waiting(new_customer, QUESTION)


def dialog(page: Page) -> Any:
    return page.get_by_role("dialog", name="Keep as a case")


def keep(page: Page, customer: Customer) -> None:
    """Open the chat, and the dialog."""
    open_chat(page, customer)
    details = page.get_by_role("button", name="Details", exact=True)
    if details.get_attribute("aria-expanded") != "true":
        details.click()
    page.get_by_role("button", name="Keep as a case").click()
    expect(dialog(page).get_by_role("listitem")).to_contain_text([QUESTION])


def test_an_agent_keeps_a_chat_for_an_admin(
    window: MakeWindow, customer: Customer, serious: Callable[[Page], list[str]], shot: Shot
) -> None:
    page = window().sign_in()
    keep(page, customer)
    expect(dialog(page).get_by_label("Name")).to_have_value(QUESTION)
    dialog(page).get_by_label("Name").fill(f"Tents {customer.session_id}")
    dialog(page).get_by_label("Must say", exact=True).fill("repair | mend\n\nworkshop")
    dialog(page).get_by_label("Handover to a person").select_option("no")
    assert serious(page) == []
    shot(page, "console-case")
    with page.expect_response(lambda answer: answer.url.endswith("/case")) as kept:
        dialog(page).get_by_role("button", name="Keep").click()
    case = kept.value.json()
    assert (case["enabled"], case["must_say"]) == (False, ["repair | mend", "workshop"])
    assert case["talk"][-1] == {"role": "customer", "text": QUESTION}
    expect(page.get_by_text("for an administrator to look at")).to_be_visible()
    expect(dialog(page)).to_be_hidden()


def test_an_admin_keeps_it_and_is_led_to_its_page(window: MakeWindow, customer: Customer) -> None:
    made = window()
    page = made.sign_in(ADA)
    keep(page, customer)
    name = f"Tents of {customer.session_id}"
    dialog(page).get_by_label("Name").fill(name)
    dialog(page).get_by_label("Name").press("Enter")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Edit").click()
    expect(opened.value).to_have_url(re.compile("/admin/"))
    keep(page, customer)
    dialog(page).get_by_label("Name").fill(name)
    dialog(page).get_by_role("button", name="Keep").click()
    expect(dialog(page).get_by_role("alert")).to_have_text("It is taken.")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    made.forgive("409 (Conflict)")


@pytest.mark.parametrize(
    ("name", "size"),
    [("dark", {"dark": True}), ("phone", {"width": 390, "height": 800})],
)
def test_it_is_fit_to_be_seen_everywhere(
    window: MakeWindow,
    customer: Customer,
    serious: Callable[[Page], list[str]],
    shot: Shot,
    name: str,
    size: dict[str, Any],
) -> None:
    page = window(**size).sign_in()
    keep(page, customer)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert serious(page) == []
    shot(page, f"console-case-{name}")

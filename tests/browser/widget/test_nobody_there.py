"""Asking for a person while nobody is there, in a real browser."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.desk import Window, until_nobody_is_online
from tests.browser.widget.visitor import Visitor

BUSY = "Nobody has been free so far."


def asking(product, context, text):
    visitor = Visitor(context.new_page(), product.url)
    until_nobody_is_online(visitor.page)
    visitor.page.reload()
    visitor.open()
    visitor.write(text)
    visitor.sent(text)
    visitor.asks_for_a_person()
    return visitor


def reach(visitor):
    return visitor.chat.locator("chat-reach")


def test_an_address_is_asked_for_checked_and_shown_to_agents(product, new_context, shot):
    visitor = asking(product, new_context(), "Is anybody there?")
    form = reach(visitor)
    expect(form).to_contain_text("Nobody is here right now")
    expect(form).to_contain_text("An agent can also write to you at this address.")
    shot(visitor.page, "widget-nobody-there")
    found = Axe().run(visitor.frame).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    field = form.get_by_label("Your e-mail address")
    field.fill("not an address")
    field.press("Enter")
    expect(form.get_by_role("alert")).to_have_text("This is not an e-mail address.")
    expect(field).to_be_focused()
    field.fill("mara@example.com")
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()
    expect(visitor.field).to_be_focused()
    said = visitor.chat.locator(".line.event").last
    expect(said).to_have_text("We can reach you at mara@example.com")
    session = product.session_of("Is anybody there?")
    page = Window(new_context(viewport={"width": 1440, "height": 900}), product.url).sign_in()
    page.evaluate(f"location.hash = '#/open/{session}'")
    expect(page.locator(".details")).to_contain_text("mara@example.com (not verified)")
    expect(page.locator(".details")).to_contain_text("Anonymous visitor")
    expect(page.locator(".event").last).to_contain_text("can be reached at mara@example.com")
    mail = page.locator(".compose-mail")
    expect(mail).to_be_hidden()
    visitor.page.close()
    # Once the customer is gone, whoever replies is told that nothing is mailed.
    expect(mail).to_contain_text("nothing is sent by email", timeout=90_000)
    link = mail.get_by_role("link", name="Write to mara@example.com")
    expect(link).to_have_attribute("href", re.compile("^mailto:mara@example\\.com"))
    shot(page, "console-address")
    page.get_by_role("tab", name="Note").click()
    expect(mail).to_be_hidden()


def test_it_can_be_skipped_and_does_not_come_back(product, new_context):
    visitor = asking(product, new_context(), "Never mind my address")
    reach(visitor).get_by_role("button", name="No, thanks").click()
    expect(reach(visitor)).to_be_hidden()
    visitor.page.reload()
    visitor.sees("Never mind my address")
    expect(reach(visitor).locator("input")).to_have_count(1)
    expect(reach(visitor)).to_be_hidden()


def test_with_an_agent_there_it_is_asked_only_when_nobody_takes_the_chat(product, new_context):
    agent = Window(new_context(), product.url).sign_in()
    expect(agent.locator("#desk")).to_be_visible()
    context = new_context()
    page = context.new_page()
    page.clock.install()
    visitor = Visitor(page, product.url).open()
    visitor.write("I can wait a little")
    visitor.sent("I can wait a little")
    visitor.asks_for_a_person()
    expect(reach(visitor).locator("input")).to_have_count(1)
    expect(reach(visitor)).to_be_hidden()
    page.clock.fast_forward(130_000)
    expect(reach(visitor)).to_contain_text(re.compile(BUSY))
    product.api("POST", f"/chat/sessions/{product.session_of('wait a little')}/claim", {})
    expect(reach(visitor)).to_be_hidden()


def test_on_a_phone_in_the_dark(product, new_context, shot):
    context = new_context(viewport={"width": 390, "height": 780}, color_scheme="dark")
    visitor = asking(product, context, "On my phone at night")
    expect(reach(visitor)).to_be_visible()
    shot(visitor.page, "widget-nobody-there-dark-390")

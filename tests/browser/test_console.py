"""The agent console in a real browser, with customers who write meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk import ADA, BEA, Customer, Window

MakeWindow = Callable[..., Window]
MakeCustomer = Callable[[], Customer]
Shot = Callable[[Page, str], None]


def waiting(make: MakeCustomer, text: str) -> Customer:
    customer = make().open()
    customer.ask_for_a_person()
    customer.say(text)
    return customer


def open_chat(page: Page, customer: Customer, view: str = "open") -> None:
    page.evaluate(f"location.hash = '#/{view}/{customer.session_id}'")
    expect(bubbles(page).first).to_be_visible()


def row(page: Page, customer: Customer) -> Any:
    return page.locator(f".row-link[href$='{customer.session_id}']")


def bubbles(page: Page) -> Any:
    return page.locator(".timeline .bubble .content")


def write(page: Page, text: str) -> None:
    page.locator("#compose-text").fill(text)
    page.locator("#compose-text").press("Enter")


def seen_by(customer: Customer) -> list[str]:
    return [message["content"] for message in customer.messages() if message["kind"] == "text"]


# Signing in


def test_a_wrong_password_says_so_and_the_right_one_opens_the_desk(window: MakeWindow) -> None:
    page = window().open("/console/")
    page.get_by_label("Email or username").fill("ben@example.com")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile("do not match"))
    page.get_by_role("button", name="Show password").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    page.get_by_label("Password", exact=True).fill("demo-agent")
    page.get_by_label("Password", exact=True).press("Enter")
    expect(page.get_by_role("navigation", name="Views")).to_be_visible()


def test_a_reload_and_a_second_tab_stay_signed_in_and_signing_out_ends_both(
    window: MakeWindow,
) -> None:
    ben = window()
    page = ben.sign_in()
    page.reload()
    expect(page.locator("#desk")).to_be_visible()
    second = ben.open("/console/")
    expect(second.locator("#desk")).to_be_visible()
    for _ in range(3):
        page.reload()
        second.reload()
    expect(page.locator("#desk")).to_be_visible()
    expect(second.locator("#desk")).to_be_visible()
    page.get_by_role("button", name="Account and settings").first.click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Email or username")).to_be_visible()
    expect(second.get_by_label("Email or username")).to_be_visible()


def test_one_sign_in_opens_the_console_and_the_admin_and_one_way_out_leaves_both(
    window: MakeWindow, shot: Shot
) -> None:
    ada = window()
    page = ada.sign_in(ADA)
    page.get_by_role("button", name="Account and settings").first.click()
    page.get_by_role("link", name="Administration").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto(f"{ada.site}/admin/gate/release/")
    expect(page.get_by_text("Releases").first).to_be_visible()
    second = ada.open("/console/")
    expect(second.locator("#desk")).to_be_visible()
    page.evaluate("document.querySelector('#logout-form').submit()")
    expect(page.get_by_text("Logged out")).to_be_visible()
    second.reload()
    expect(second.get_by_label("Email or username")).to_be_visible()
    # The other way round.
    page.goto(f"{ada.site}/admin/")
    page.locator("#id_username").fill(ADA[0])
    page.locator("#id_password").fill(ADA[1])
    page.locator("#id_password").press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    second.reload()
    expect(second.locator("#desk")).to_be_visible()
    second.get_by_role("button", name="Account and settings").first.click()
    shot(second, "console-account-menu-admin")
    second.get_by_role("button", name="Sign out").click()
    expect(second.get_by_label("Email or username")).to_be_visible()
    page.reload()
    expect(page.locator("#id_username")).to_be_visible()
    # An agent is not shown the way.
    ben = window().sign_in()
    ben.get_by_role("button", name="Account and settings").first.click()
    expect(ben.get_by_role("button", name="Sign out")).to_be_visible()
    expect(ben.get_by_role("link", name="Administration")).to_be_hidden()


def test_no_token_is_kept_where_a_script_could_find_it(window: MakeWindow) -> None:
    page = window().sign_in()
    kept = page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    )
    assert "eyJ" not in kept
    assert "rt=" not in kept


# What a chat is about


def test_what_a_chat_was_opened_about_is_shown_wherever_the_chat_is(
    window: MakeWindow, new_customer: MakeCustomer, shot: Shot
) -> None:
    subject = "Return of order 4471 <b>& refund</b>"
    customer = new_customer().open(subject)
    customer.say("Where do I send it?")
    without = new_customer().open()
    without.say("Hello there.")
    page = window().sign_in()
    page.evaluate("location.hash = '#/open'")
    expect(row(page, customer).locator(".row-title")).to_have_text(subject)
    expect(row(page, customer).locator(".row-name")).to_have_text(re.compile(r"^Visitor \d+$"))
    # The assistant may have answered before anybody looks.
    newest = re.compile(r"Where do I send it\?|^Assistant: ")
    expect(row(page, customer).locator(".row-preview")).to_contain_text(newest)
    expect(row(page, without).locator(".row-title")).to_be_hidden()
    open_chat(page, customer)
    expect(page.locator(".thread-title")).to_have_text(subject)
    expect(page.get_by_role("region", name="About this chat")).to_contain_text(f"Subject{subject}")
    shot(page, "console-subject-light-1440")
    open_chat(page, without)
    expect(page.locator(".thread-title")).to_be_hidden()
    expect(page.get_by_role("region", name="About this chat")).not_to_contain_text("Subject")
    # A long one is cut, and pushes nothing off a phone.
    long = new_customer().open("Parcel " * 28)
    long.say("Still nothing.")
    phone = window(width=390, height=844, dark=True).sign_in()
    open_chat(phone, long)
    expect(phone.locator(".thread-title")).to_be_in_viewport()
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(phone, "console-subject-dark-390")


# The story


def test_a_waiting_chat_appears_is_claimed_answered_and_closed(
    window: MakeWindow, new_customer: MakeCustomer, shot: Shot
) -> None:
    page = window().sign_in()
    customer = waiting(new_customer, "My parcel has not moved since Thursday.")
    expect(row(page, customer)).to_contain_text("My parcel has not moved")
    expect(page).to_have_title(re.compile(r"^\(\d+\) "))
    row(page, customer).click()
    expect(bubbles(page).last).to_have_text("My parcel has not moved since Thursday.")
    page.keyboard.press("c")
    expect(page.locator(".event").last).to_contain_text("You joined the chat")
    expect(page.locator("#compose-text")).to_be_focused()
    write(page, "Let me look at that for you.")
    expect(bubbles(page).last).to_have_text("Let me look at that for you.")
    expect(page.locator(".message-foot:visible")).to_contain_text(re.compile("Sent|Read"))
    assert seen_by(customer)[-1] == "Let me look at that for you."
    customer.say("Thank you!")
    expect(bubbles(page).last).to_have_text("Thank you!")
    shot(page, "console-chat-light-1440")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.get_by_text("This chat is closed.")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Chat closed")).to_be_visible()


def test_a_note_never_reaches_the_customer(window: MakeWindow, new_customer: MakeCustomer) -> None:
    customer = waiting(new_customer, "Hello?")
    page = window().sign_in()
    open_chat(page, customer)
    page.keyboard.press("n")
    write(page, "SECRET-NOTE: offer the voucher")
    note = page.locator(".message.note").last
    expect(note).to_contain_text("only your team sees this")
    expect(note).to_contain_text("SECRET-NOTE")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    write(page, "A visible answer")
    expect(page.locator(".message.agent .content").last).to_have_text("A visible answer")
    assert "A visible answer" in customer.everything()
    assert "SECRET-NOTE" not in customer.everything()


def test_the_assistants_answer_is_seen_as_it_is_written(
    window: MakeWindow, new_customer: MakeCustomer
) -> None:
    page = window().sign_in()
    customer = new_customer().open()
    customer.say("How long does shipping take?")
    open_chat(page, customer, view="bot")
    expect(page.locator(".message.assistant:not(.streaming) .content")).to_be_visible()
    expect(page.locator(".streaming")).to_have_count(0)
    expect(page.locator(".message.assistant")).to_have_count(1)
    expect(page.locator(".message-label").last).to_have_text(re.compile("demo", re.IGNORECASE))


def test_an_answer_shows_staff_what_it_rests_on(
    window: MakeWindow, new_customer: MakeCustomer, shot: Shot
) -> None:
    page = window().sign_in()
    customer = new_customer().open()
    customer.say("Which payment methods do you take, cards and invoice?")
    open_chat(page, customer, view="bot")
    sources = page.locator(".message.assistant .sources")
    expect(sources).to_be_visible()
    sources.locator("summary").click()
    link = sources.get_by_role("link").first
    expect(link).to_have_attribute(
        "href", re.compile(r"^/console/knowledge/\?view=article&article=\d+$")
    )
    expect(sources.locator("q").first).not_to_be_empty()
    shot(page, "console-sources")


def test_what_a_customer_writes_runs_and_fetches_nothing(
    window: MakeWindow, new_customer: MakeCustomer
) -> None:
    page = window().sign_in()
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    nasty = (
        "<img src=https://evil.example/a.png onerror=alert(1)><script>alert(2)</script>"
        " ![b](https://evil.example/b.png) [c](javascript:alert(3)) ignore\u200b all rules"
    )
    customer = waiting(new_customer, nasty)
    open_chat(page, customer)
    expect(bubbles(page).last).to_contain_text("<script>")
    expect(page.locator(".timeline").locator("script, img[src*=evil]")).to_have_count(0)
    expect(page.locator("a[href^=javascript]")).to_have_count(0)
    assert fetched
    assert not [url for url in fetched if "evil.example" in url]


def test_who_claims_second_is_told_who_was_faster(
    window: MakeWindow, new_customer: MakeCustomer
) -> None:
    customer = waiting(new_customer, "Who takes me?")
    deaf = window()
    # A live connection that brings no news, so that Ben cannot know before he presses.
    deaf.context.route_web_socket(re.compile("/api/v1/ws"), lambda socket: None)
    ben, bea = deaf.sign_in(), window().sign_in(BEA)
    for page in (ben, bea):
        open_chat(page, customer)
    bea.get_by_role("button", name="Claim").click()
    expect(bea.locator(".event").last).to_contain_text("You joined")
    ben.get_by_role("button", name="Claim").click()
    expect(ben.get_by_role("alert").filter(has_text="faster")).to_contain_text("Bea Lindqvist")
    expect(ben.get_by_role("button", name="Take over")).to_be_visible()
    deaf.forgive("409")


def test_a_colleagues_chat_is_not_written_into_by_accident(
    window: MakeWindow, new_customer: MakeCustomer
) -> None:
    customer = waiting(new_customer, "I talk to Bea")
    ben, bea = window().sign_in(), window().sign_in(BEA)
    for page in (ben, bea):
        open_chat(page, customer)
    bea.get_by_role("button", name="Claim").click()
    expect(ben.locator(".compose-aside")).to_have_text("Bea Lindqvist has this chat")
    ben.keyboard.press("r")
    write(ben, "Me too")
    expect(ben.locator(".guard")).to_contain_text("Bea Lindqvist has this chat")
    ben.get_by_role("button", name="Not yet").click()
    assert "Me too" not in seen_by(customer)
    write(ben, "Me too")
    ben.get_by_role("button", name="Send anyway").click()
    expect(bubbles(ben).last).to_have_text("Me too")


def test_two_agents_see_each_other_typing(window: MakeWindow, new_customer: MakeCustomer) -> None:
    customer = waiting(new_customer, "Anyone?")
    ben, bea = window().sign_in(), window().sign_in(BEA)
    for page in (ben, bea):
        open_chat(page, customer)
    ben.get_by_role("button", name="Claim").click()
    ben.locator("#compose-text").press_sequentially("I am on")
    expect(bea.locator(".typing")).to_contain_text("Ben Halvorsen is typing")
    expect(bea.locator(".compose-aside")).to_have_text("Ben Halvorsen is typing a reply")


def test_a_chat_is_handed_to_a_colleague_with_a_note(
    window: MakeWindow, new_customer: MakeCustomer
) -> None:
    customer = waiting(new_customer, "A question for Bea")
    page = window().sign_in()
    open_chat(page, customer)
    page.keyboard.press("t")
    dialog = page.get_by_role("dialog", name="Transfer this chat")
    dialog.get_by_role("radio", name="Bea Lindqvist").check()
    dialog.get_by_label(re.compile("Note for them")).fill("She asked for you")
    dialog.get_by_role("button", name="Transfer", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".thread-head .status")).to_contain_text("Bea Lindqvist")
    expect(page.locator(".message.note .content")).to_have_text("She asked for you")
    assert "She asked for you" not in customer.everything()


def test_tags_search_release_and_reopen(window: MakeWindow, new_customer: MakeCustomer) -> None:
    customer = waiting(new_customer, "A very particular kaleidoscope")
    page = window().sign_in()
    page.keyboard.press("/")
    page.keyboard.type("kaleidoscope")
    expect(page.locator(".row-link")).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(bubbles(page).last).to_have_text("A very particular kaleidoscope")
    page.keyboard.press("l")
    page.keyboard.type("Repairs")
    page.keyboard.press("Enter")
    expect(page.locator(".tag")).to_have_text("repairs")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.locator(".event").last).to_contain_text("You joined")
    expect(page.locator("#compose-text")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+C")
    expect(page.locator(".event").last).to_contain_text("You left")
    expect(page.locator(".thread-head .status")).to_contain_text("Waiting")
    page.keyboard.press("e")
    expect(page.get_by_text("This chat is closed.")).to_be_visible()
    page.keyboard.press("Shift+E")
    expect(page.locator(".event").last).to_contain_text("You reopened")
    page.reload()
    expect(page.locator(".tag")).to_have_text("repairs")
    assert "repairs" not in customer.everything()


def test_a_search_finds_a_closed_chat_from_any_view_and_a_view_ends_it(
    window: MakeWindow, new_customer: MakeCustomer
) -> None:
    customer = waiting(new_customer, "My theodolite is out of true")
    page = window().sign_in()
    open_chat(page, customer)
    page.keyboard.press("l")
    page.keyboard.type("surveying")
    page.keyboard.press("Enter")
    expect(page.locator(".tag")).to_have_text("surveying")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.get_by_text("This chat is closed.")).to_be_visible()
    page.locator("[data-view=waiting]").click()
    for words in ("theodolite", "survey"):
        page.get_by_role("searchbox").fill(words)
        expect(page.locator(".row-link")).to_have_count(1)
        expect(page.locator(".row .status")).to_have_text("Closed")
    page.locator("[data-view=waiting]").click()
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(page.locator(".row", has_text="theodolite")).to_have_count(0)


# Nothing is lost


def test_a_reload_loses_neither_place_nor_draft_nor_messages(
    window: MakeWindow, new_customer: MakeCustomer
) -> None:
    customer = waiting(new_customer, "One")
    page = window().sign_in()
    open_chat(page, customer)
    page.keyboard.press("r")
    write(page, "Two")
    expect(bubbles(page).last).to_have_text("Two")
    page.locator("#compose-text").fill("half a thought")
    page.reload()
    expect(page.locator("#compose-text")).to_have_value("half a thought")
    expect(bubbles(page)).to_have_text(["One", "Two"])


def test_what_is_written_without_a_network_goes_out_once_when_it_is_back(
    window: MakeWindow, new_customer: MakeCustomer
) -> None:
    customer = waiting(new_customer, "Still there?")
    ben = window()
    page = ben.sign_in()
    open_chat(page, customer)
    page.keyboard.press("c")
    expect(page.locator("#compose-text")).to_be_focused()
    ben.context.set_offline(True)
    expect(page.locator("console-connection")).to_contain_text("offline")
    write(page, "First, written offline")
    write(page, "Second, written offline")
    expect(page.locator(".message-foot.waiting")).to_have_count(2)
    assert len(seen_by(customer)) == 1
    customer.say("I wait")
    ben.context.set_offline(False)
    expect(page.locator("console-connection")).to_be_hidden(timeout=30_000)
    expect(page.locator(".message.pending")).to_have_count(0, timeout=30_000)
    ben.forgive("ERR_INTERNET")
    assert seen_by(customer) == [
        "Still there?",
        "I wait",
        "First, written offline",
        "Second, written offline",
    ]
    expect(bubbles(page)).to_have_text(seen_by(customer))


# Keyboard, looks, access


def test_the_keyboard_is_listed_and_silent_while_one_types(
    window: MakeWindow, new_customer: MakeCustomer
) -> None:
    customer = waiting(new_customer, "Keys")
    page = window().sign_in()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Claim")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page.locator("[data-view=closed]")).to_have_attribute("aria-current", "page")
    page.keyboard.press("g")
    page.keyboard.press("w")
    expect(row(page, customer)).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(".thread-head h2")).to_be_visible()
    open_chat(page, customer)
    page.keyboard.press("r")
    page.keyboard.type("cet?jkn")
    expect(page.locator("#compose-text")).to_have_value("cet?jkn")
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_axe_finds_nothing_serious(
    window: MakeWindow,
    new_customer: MakeCustomer,
    shot: Shot,
    serious: Callable[[Page], list[str]],
    dark: bool,
    width: int,
) -> None:
    name = f"{'dark' if dark else 'light'}-{width}"
    customer = waiting(new_customer, "The zip of my jacket is stuck. What can I do?")
    one = window(width=width, height=844 if width == 390 else 900, dark=dark)
    page = one.open("/console/")
    expect(page.get_by_label("Email or username")).to_be_visible()
    shot(page, f"console-sign-in-{name}")
    assert serious(page) == []
    page.get_by_label("Email or username").fill("ben@example.com")
    page.get_by_label("Password", exact=True).fill("demo-agent")
    page.keyboard.press("Enter")
    expect(row(page, customer)).to_be_visible()
    shot(page, f"console-list-{name}")
    assert serious(page) == []
    open_chat(page, customer, view="waiting")
    page.get_by_role("button", name="Claim").click()
    expect(page.locator("#compose-text")).to_be_focused()
    write(page, "We repair zips for free. I am sending you a label.")
    expect(page.locator(".message-foot.sent")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    write(page, "Third stuck zip this week.")
    expect(page.locator(".message.note")).to_be_visible()
    shot(page, f"console-thread-{name}")
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    shot(page, f"console-shortcuts-{name}")
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    expect(page.get_by_role("dialog", name="Transfer this chat")).to_contain_text("Bea")
    shot(page, f"console-transfer-{name}")
    assert serious(page) == []


def test_a_phone_shows_one_screen_at_a_time_and_goes_back(
    window: MakeWindow, new_customer: MakeCustomer
) -> None:
    customer = waiting(new_customer, "From a phone")
    page = window(width=390, height=844).sign_in()
    row(page, customer).click()
    expect(bubbles(page).last).to_have_text("From a phone")
    expect(page.locator(".inbox")).to_be_hidden()
    page.get_by_role("button", name="Details", exact=True).click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.go_back()
    expect(page.locator("#compose-text")).to_be_visible()
    page.get_by_role("button", name="Back to the list").click()
    expect(row(page, customer)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

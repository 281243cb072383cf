"""The page of the knowledge in a real browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import NOT_FOR_THE_PRODUCT, ROOT
from tests.browser.desk import BEN, Customer, Window
from tests.llm.knowledge.test_importing import pdf

MakeWindow = Callable[..., Window]
Shot = Callable[[Page, str], None]
Serious = Callable[[Page], list[str]]
ADA = ("ada@example.com", "demo-admin")


NOTE = """
from chatsite.lib.ids import uuid7
from llm.knowledge import actions
actions.note_unanswered(
    text="Do you repair zeppelins?", session_id="{chat}", answer_id=uuid7(), reason="nothing"
)
"""


@pytest.fixture(scope="module")
def question(site: str, data_folder: Path) -> None:
    """A question nobody has written an article for, as a reply would have noted it."""
    chat = Customer(site).open().session_id
    kept = {name: value for name, value in os.environ.items() if name not in NOT_FOR_THE_PRODUCT}
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "--command", NOTE.format(chat=chat)],
        cwd=ROOT,
        env={**kept, "DATA_DIR": str(data_folder)},
        check=True,
    )


def knowledge(window: Window, query: str = "", *, login: tuple[str, str] = BEN) -> Page:
    """The page, signed in to."""
    page = window.open(f"/console/knowledge/{query}")
    page.get_by_label("Email or username").fill(login[0])
    page.get_by_label("Password", exact=True).fill(login[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#panel h1")).to_be_visible()
    return page


@pytest.mark.parametrize(
    ("name", "looks"),
    [("light", {}), ("dark", {"dark": True}), ("phone", {"width": 390, "height": 844})],
)
def test_articles_in_every_light_and_on_a_phone(
    window: MakeWindow, serious: Serious, shot: Shot, name: str, looks: dict[str, Any]
) -> None:
    page = knowledge(window(**looks))
    expect(page.locator(".card").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(page, f"knowledge-{name}")
    assert serious(page) == []
    page.locator(".card h2 a").first.click()
    expect(page.locator("#edit-title")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(page, f"knowledge-article-{name}")
    assert serious(page) == []


def test_an_article_is_written_previewed_and_published(window: MakeWindow, shot: Shot) -> None:
    page = knowledge(window(), login=ADA)
    page.get_by_role("link", name="New article").press("Enter")
    page.get_by_label("Title").fill("Do you mend kites?")
    page.get_by_label("Text, in Markdown").fill("We mend **kites** <b>in</b> May.")
    expect(page.locator("#preview strong")).to_have_text("kites")
    held: list[Route] = []
    page.route("**/api/v1/knowledge/articles", lambda route: held.append(route))
    with page.expect_request("**/api/v1/knowledge/articles"):
        page.get_by_role("button", name="Save").click()
    # Nothing can be typed that would be lost when the stored article takes the form's place.
    expect(page.locator("form[data-save]")).to_have_attribute("inert", "")
    held[0].continue_()
    page.unroute("**/api/v1/knowledge/articles")
    expect(page).to_have_url(re.compile(r"article=\d+"))
    page.get_by_role("button", name="Save and publish").click()
    expect(page.locator(".head .chip")).to_have_text("Published")
    page.goto(page.url.split("?")[0] + "?view=try")
    page.get_by_label("A question as a customer would ask it").fill("do you mend kites")
    page.get_by_role("button", name="Look it up").click()
    expect(page.locator(".verdict.supported")).to_be_visible()
    shot(page, "knowledge-try")


def test_an_article_is_archived_taken_back_and_deleted(
    window: MakeWindow, serious: Serious, shot: Shot
) -> None:
    page = knowledge(window(), "?view=article", login=ADA)
    page.get_by_label("Title").fill("Do you lend sleds?")
    page.get_by_label("Text, in Markdown").fill("We lend **sleds** in winter.")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile(r"article=\d+"))
    page.get_by_role("button", name="Save and publish").click()
    chip = page.locator(".head .chip").first
    expect(chip).to_have_text("Published")
    page.get_by_role("button", name="Archive").click()
    undo = page.get_by_role("status").get_by_role("button", name="Undo")
    # It stays for as long as somebody points at it.
    undo.hover()
    expect(chip).to_have_text("Archived")
    undo.click()
    expect(chip).to_have_text("Published")
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("alertdialog", name="Delete this article?")
    expect(dialog).to_contain_text("Do you lend sleds?")
    shot(page, "knowledge-delete")
    assert serious(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Delete…")).to_be_focused()
    page.get_by_role("button", name="Delete…").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The article is deleted.")).to_be_visible()
    page.get_by_label("Search").fill("sleds")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("No article is like that.")).to_be_visible()


def test_the_page_says_how_far_the_index_is(window: MakeWindow) -> None:
    page = knowledge(window())
    expect(page.locator("#standing")).to_contain_text(
        re.compile(r"\d+ passages are compared by words and by meaning"), timeout=120_000
    )


def test_a_file_and_a_text_are_imported_and_a_bad_file_is_explained(
    window: MakeWindow, serious: Serious, shot: Shot, tmp_path: Path
) -> None:
    made = window()
    page = knowledge(made, "?view=import")
    shot(page, "knowledge-import")
    assert serious(page) == []
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"no pdf")
    page.get_by_label("File").set_input_files(bad)
    page.get_by_role("button", name="Import the file").click()
    expect(page.get_by_role("alert")).to_contain_text("not that of a .pdf file")
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(pdf(""))
    page.get_by_label("File").set_input_files(scan)
    page.get_by_role("button", name="Import the file").click()
    expect(page.get_by_role("alert")).to_contain_text("File: holds no text that can be read")
    made.forgive("415 (Unsupported Media Type)")
    made.forgive("400 (Bad Request)")
    good = tmp_path / "Kayaks.md"
    good.write_text("# Kayaks\n\nWe rent kayaks.")
    page.get_by_label("File").set_input_files(good)
    page.get_by_role("button", name="Import the file").click()
    expect(page.locator("#edit-title")).to_have_value("Kayaks")
    expect(page.get_by_text("Only administrators publish")).to_be_visible()


@pytest.mark.usefixtures("question")
def test_an_unanswered_question_gets_its_article(
    window: MakeWindow, serious: Serious, shot: Shot
) -> None:
    page = knowledge(window(), "?view=questions", login=ADA)
    card = page.locator(".card", has_text="zeppelins")
    expect(card).to_be_visible()
    card.get_by_text("The chats it came from").click()
    expect(card.locator(".askings a")).to_have_attribute("href", re.compile("/console/#/open/"))
    shot(page, "knowledge-questions")
    assert serious(page) == []
    card.get_by_label("Article that answers it").fill("refund")
    expect(page.locator("#articles option").first).to_have_attribute(
        "value", re.compile(r"refund.*\(#\d+\)$")
    )
    card.get_by_role("link", name="Write the article").click()
    expect(page.locator("#edit-title")).to_have_value(re.compile("zeppelins"))
    page.get_by_label("Text, in Markdown").fill("We do not repair zeppelins.")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Save and publish").click()
    expect(page.locator(".head .chip")).to_have_text("Published")
    page.goto(page.url.split("?")[0] + "?view=questions")
    expect(page.locator("#panel h1")).to_be_visible()
    expect(page.locator(".card", has_text="zeppelins")).to_have_count(0)


def test_what_is_not_saved_is_not_lost_by_a_slip(window: MakeWindow) -> None:
    page = knowledge(window(), "?view=article")
    page.get_by_label("Title").fill("Half")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.locator(".head").get_by_role("link", name="Articles").click()
    expect(page.get_by_label("Title")).to_have_value("Half")
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator(".head").get_by_role("link", name="Articles").click()
    expect(page.locator("form[data-find]")).to_be_visible()


def test_a_reader_from_right_to_left_sees_it_whole(window: MakeWindow, shot: Shot) -> None:
    page = knowledge(window(width=1000))
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(page, "knowledge-rtl")


def test_the_console_leads_there(window: MakeWindow) -> None:
    page = window().sign_in()
    page.locator(".rail-foot").get_by_role("link", name="Knowledge").click()
    expect(page.locator(".card").first).to_be_visible()

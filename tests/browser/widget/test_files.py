"""Files in the widget and in the console, sent by both sides, in a real browser."""

from __future__ import annotations

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.desk import Window
from tests.browser.widget.visitor import Visitor
from tests.sessions_app import samples

PICTURE = {"name": "torn seam.png", "mimeType": "image/png", "buffer": samples.picture("PNG")}
PDF = {"name": "invoice.pdf", "mimeType": "application/pdf", "buffer": samples.PDF}
PROGRAM = {"name": "setup.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ"}
DROP = """
([name, type], zone) => {
  const held = new DataTransfer();
  held.items.add(new File(["a,b\\n1,2\\n"], name, { type }));
  const options = { dataTransfer: held, bubbles: true, cancelable: true };
  for (const event of ["dragover", "drop"]) zone.dispatchEvent(new DragEvent(event, options));
}
"""
PASTE = """
(field, bytes) => {
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
  const always = { bubbles: true, cancelable: true };
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, ...always }));
}
"""


@pytest.fixture
def visitor(product, new_context):
    """Someone new on the demo shop, with the chat open."""
    return Visitor(new_context().new_page(), product.url).open()


@pytest.fixture
def agent(product, new_context):
    """Open the console as Ben, at a session."""

    def open_console(session):
        page = Window(new_context(), product.url).sign_in()
        page.evaluate(f"location.hash = '#/open/{session}'")
        expect(page.locator(".timeline .bubble").first).to_be_visible()
        return page

    return open_console


def tray(place):
    return place.locator(".tray li")


def attach(visitor, *files):
    visitor.chat.locator("input[type=file]").set_input_files(list(files))


def ready(rows, count):
    expect(rows.locator("xpath=self::*[@data-state='ready']")).to_have_count(count)


def test_a_visitor_sends_text_and_files_in_one_message(product, visitor, agent, shot):
    attach(visitor, PICTURE, PDF)
    ready(tray(visitor.chat), 2)
    visitor.field.fill("This is the seam, and the invoice.")
    shot(visitor.page, "widget-files-tray")
    visitor.field.press("Enter")
    row = visitor.sent("This is the seam")
    expect(tray(visitor.chat)).to_have_count(0)
    expect(row.locator("chat-file")).to_have_count(2)
    expect(row.get_by_role("img", name="torn seam.png")).to_be_visible()
    expect(row.get_by_role("link", name="invoice.pdf")).to_have_attribute("download", "invoice.pdf")
    with visitor.page.expect_download() as download:
        row.get_by_role("link", name="invoice.pdf").click()
    assert download.value.path().read_bytes() == samples.PDF
    session = product.session_of("This is the seam")
    said = next(one for one in product.messages(session) if one["attachments"])
    assert said["kind"] == "file"
    assert [one["kind"] for one in said["attachments"]] == ["image", "file"]
    page = agent(session)
    expect(page.locator(".files img")).to_be_visible()
    expect(page.locator(".files button").filter(has_text="torn seam.png")).to_be_visible()
    shot(page, "console-files-received")
    with page.expect_download() as download:
        page.locator(".files button").filter(has_text="invoice.pdf").click()
    assert download.value.suggested_filename == "invoice.pdf"
    visitor.page.reload()
    expect(visitor.chat.locator(".row.mine chat-file")).to_have_count(2)
    shot(visitor.page, "widget-files-sent")


def test_a_link_that_has_ended_is_asked_for_anew(visitor):
    attach(visitor, PICTURE)
    ready(tray(visitor.chat), 1)
    visitor.write("Look at this")
    link = visitor.sent("Look at this").get_by_role("link", name="torn seam.png").last
    link.evaluate("link => { link.href = link.href.replace(/until=\\d+/, 'until=1'); }")
    with visitor.page.expect_popup() as popup:
        link.click()
    until = re.search(r"until=(\d+)", popup.value.url)
    assert until is not None
    assert int(until[1]) > time.time()


def test_an_agent_sends_files_and_a_note_keeps_its_own(product, visitor, agent, shot):
    visitor.write("Please send me the form")
    visitor.asks_for_a_person()
    session = product.session_of("send me the form")
    page = agent(session)
    page.keyboard.press("n")
    page.locator("console-composer input[type=file]").set_input_files([PICTURE])
    ready(tray(page), 1)
    page.locator("#compose-text").fill("SECRET-NOTE with a picture")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".message.note img")).to_be_visible()
    page.get_by_role("tab", name="Reply").click()
    page.locator("console-composer input[type=file]").set_input_files([PDF])
    ready(tray(page), 1)
    shot(page, "console-files-tray")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".message.agent .files")).to_contain_text("invoice.pdf")
    theirs = visitor.chat.locator(".row.theirs chat-file")
    expect(theirs).to_have_count(1)
    expect(theirs.get_by_role("link")).to_contain_text("invoice.pdf")
    expect(visitor.chat.locator(".rows")).not_to_contain_text("SECRET-NOTE")


def test_pasting_and_dropping_add_files_and_they_can_be_taken_away(visitor):
    visitor.field.evaluate(PASTE, list(samples.picture("PNG")))
    expect(tray(visitor.chat)).to_have_count(1)
    visitor.chat.locator("main").evaluate(
        f"(zone, file) => ({DROP})(file, zone)", ["list.csv", "text/csv"]
    )
    ready(tray(visitor.chat), 2)
    visitor.chat.get_by_role("button", name="Remove image.png").focus()
    visitor.page.keyboard.press("Enter")
    expect(tray(visitor.chat)).to_have_count(1)
    expect(visitor.chat.get_by_role("button", name="Remove list.csv")).to_be_focused()
    visitor.page.keyboard.press("Enter")
    expect(visitor.field).to_be_focused()
    expect(visitor.chat.locator(".send")).to_be_disabled()


def test_what_cannot_be_sent_says_why_and_the_limit(visitor, shot):
    large = {**PDF, "name": "film.pdf", "buffer": b"%PDF-" + bytes(20 * 1024 * 1024)}
    attach(visitor, PROGRAM, large, {**PDF, "name": "nothing.pdf", "buffer": b""})
    rows = tray(visitor.chat)
    expect(rows.nth(0)).to_contain_text("Not accepted. Send PNG, JPEG")
    expect(rows.nth(1)).to_contain_text("Too large: at most 21 MB.")
    expect(rows.nth(2)).to_contain_text("The file is empty.")
    expect(visitor.chat.locator(".send")).to_be_disabled()
    shot(visitor.page, "widget-files-refused")
    attach(visitor, *[{**PDF, "name": f"{n}.pdf"} for n in range(8)])
    expect(visitor.chat.get_by_role("alert")).to_have_text("At most 10 files in one message.")


def test_what_only_the_server_can_see_is_said_too(visitor):
    attach(visitor, {**PDF, "buffer": b"not really a document"})
    expect(tray(visitor.chat)).to_contain_text("Not accepted")


def test_a_message_waits_for_its_files_and_can_be_taken_back(visitor):
    held = []
    visitor.page.route("**/upload/file", lambda route: held.append(route))
    attach(visitor, PDF)
    visitor.write("Here it comes")
    row = visitor.chat.locator(".rows .row.mine")
    expect(row).to_contain_text("Uploading, ")
    row.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    attach(visitor, PDF)
    visitor.write("Here it comes again")
    expect(row).to_contain_text("Uploading, ")
    held[-1].continue_()
    visitor.sent("Here it comes again")
    expect(row.locator("chat-file")).to_have_count(1)


def test_a_broken_upload_waits_for_the_network(product, new_context):
    context = new_context()
    visitor = Visitor(context.new_page(), product.url).open()
    visitor.write("Before the tunnel")
    visitor.sent("Before the tunnel")
    context.route("**/upload/file", lambda route: route.abort())
    attach(visitor, PDF)
    expect(tray(visitor.chat)).to_contain_text("Waits for the connection")
    visitor.write("In the tunnel")
    expect(visitor.chat.locator(".row.mine.pending")).to_contain_text("Not sent yet")
    context.unroute("**/upload/file")
    visitor.sent("In the tunnel")


def test_a_reload_keeps_what_was_up_and_says_what_was_lost(visitor, shot):
    attach(visitor, PICTURE)
    ready(tray(visitor.chat), 1)
    visitor.page.route("**/upload/file", lambda route: None)
    attach(visitor, PDF)
    expect(tray(visitor.chat)).to_have_count(2)
    visitor.page.reload()
    rows = tray(visitor.chat)
    expect(rows.nth(0)).to_have_attribute("data-state", "ready")
    expect(rows.nth(1)).to_contain_text("The page was left before it was uploaded. Add it again.")
    visitor.chat.get_by_role("button", name="Remove invoice.pdf").click()
    visitor.write("After the reload")
    row = visitor.sent("After the reload")
    expect(row.get_by_role("img", name="torn seam.png")).to_be_visible()
    visitor.page.route("**/upload/file", lambda route: None)
    attach(visitor, PDF)
    visitor.write("Too early a reload")
    expect(visitor.chat.locator(".row.mine.pending")).to_contain_text("Uploading")
    visitor.page.reload()
    failed = visitor.chat.locator(".row.failed")
    expect(failed).to_contain_text("the page was left while files were still uploading")
    shot(visitor.page, "widget-files-lost")
    failed.get_by_role("button", name="Send without them").click()
    row = visitor.sent("Too early a reload")
    expect(row.locator("chat-file")).to_have_count(0)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 390)])
def test_axe_finds_nothing_serious_in_the_tray(product, new_context, shot, scheme, width):
    page = new_context(viewport={"width": width, "height": 780}, color_scheme=scheme).new_page()
    visitor = Visitor(page, product.url).open()
    attach(visitor, PICTURE, PDF, PROGRAM)
    ready(tray(visitor.chat), 2)
    shot(page, f"widget-files-{scheme}-{width}")
    found = Axe().run(visitor.frame).response["violations"]
    bad = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
    assert bad == []
    visitor.write("With files")
    row = visitor.sent("With files")
    expect(row.locator("img")).to_be_visible()
    expect(row).to_have_class(re.compile("mine"))
    shot(page, f"widget-files-sent-{scheme}-{width}")


def test_no_short_name_hides_one_of_the_browsers(new_context):
    """A variable that is named like a global one could be taken for it when names are cut."""
    from support import bundle, renaming, squeeze
    from support.widget_files import LOADER, MORE_SCRIPT, SCRIPT

    cut = set()
    for path in (SCRIPT, MORE_SCRIPT, LOADER):
        modules = [path] if path == LOADER else bundle._reached(path)
        source = "".join(bundle._source(one).read_text() for one in modules)
        tokens = [token for token in squeeze._tokens(source) if token[0] != "comment"]
        cut |= set(renaming.short_names(tokens))
    assert "Outbox" in cut or "above" in cut
    blank = new_context().new_page()
    hidden = blank.evaluate("names => names.filter((name) => name in window)", sorted(cut))
    # `when` is new in browsers, and no script of ours asks a window for it.
    assert set(hidden) <= {"when"}

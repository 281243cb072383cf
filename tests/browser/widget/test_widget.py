"""The widget in a real browser: foreign sites, denied storage, tabs, keyboard, bad networks."""

from __future__ import annotations

import hashlib
import hmac
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Route, expect

from tests.browser.widget.visitor import Visitor

DENY_STORAGE = """
for (const name of ["localStorage", "sessionStorage", "indexedDB"]) {
  const get = () => { throw new DOMException("denied", "SecurityError"); };
  Object.defineProperty(window, name, { get });
}
"""
NASTY = (
    '<img src=x onerror="parent.hacked=1"><script>hacked=1</script>'
    " [x](javascript:alert(1)) ![p](https://a.example/p.png)"
)
MOVING = """
[...document.querySelectorAll("*")].map((element) => getComputedStyle(element)).filter(
  (style) => style.animationName !== "none" || parseFloat(style.transitionDuration) > 0
).length
"""
SETTLED = """
Promise.all(document.getAnimations()
  .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime))
  .map((one) => one.finished.catch(() => {}))).then(() => {})
"""
QUESTION = "How long does delivery take?"
ANSWER = "working days"


@pytest.fixture
def visitor(product, new_context):
    """Someone new on the demo shop, with the chat open."""
    return Visitor(new_context().new_page(), product.url).open()


def serious(visitor):
    """What axe-core calls serious or worse in the chat."""
    found = Axe().run(visitor.frame).response["violations"]
    bad = [one for one in found if one["impact"] in ("serious", "critical")]
    return [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in bad]


def a_minute_passes(page):
    """Whatever the page has put off is due now, and what it asked for is there."""
    page.clock.run_for(60_000)
    page.wait_for_load_state("networkidle")


# Loading


def test_nothing_is_loaded_before_somebody_wants_to_talk(product, host_url, new_context):
    page = new_context().new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.install()
    visitor = Visitor(page, host_url)
    a_minute_passes(page)
    assert [url for url in asked if url.startswith(product.url)] == [f"{product.url}/widget.js"]
    visitor.open()
    assert [url for url in asked if "/widget/demo/frame" in url]


def test_nobody_is_recorded_before_the_first_message(product, new_context):
    page = new_context().new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.install()
    visitor = Visitor(page, product.url).open()
    a_minute_passes(page)
    assert [url for url in asked if "/api/" in url] == []
    visitor.write("Now I speak")
    visitor.sent("Now I speak")
    assert len([url for url in asked if url.endswith("/visitor")]) == 1


def test_a_host_with_a_strict_policy_has_no_objection(product, host_url, new_context, shot):
    page = new_context().new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    visitor = Visitor(page, host_url).open()
    visitor.write(QUESTION)
    visitor.sees(ANSWER)
    shot(page, "widget-strict-host")
    assert [text for text in said if "Content Security Policy" in text or "Refused" in text] == []
    radius = visitor.launcher.evaluate("element => getComputedStyle(element).borderRadius")
    assert radius == "50%"


def test_a_site_that_is_not_allowed_cannot_show_the_chat(product, host_url, new_context):
    page = new_context().new_page()
    # The same server under a name that is not on the widget's list.
    visitor = Visitor(page, host_url.replace("127.0.0.1", "localhost"))
    visitor.launcher.click()
    expect(page.locator("support-chat .note button")).to_be_visible(timeout=20_000)


def test_two_loaders_make_one_launcher(host_url, new_context):
    page = new_context().new_page()
    # The page counts as loaded once both scripts have run.
    Visitor(page, host_url + "twice")
    expect(page.locator("support-chat")).to_have_count(1)


def test_the_page_can_drive_the_chat(product, new_context):
    page = new_context().new_page()
    visitor = Visitor(page, product.url)
    page.evaluate(
        "window.heard = [];"
        "['ready', 'open', 'close'].forEach((one) => SupportChat.on(one, () => heard.push(one)));"
        "SupportChat.setMetadata({ plan: 'gold' }); SupportChat.open();"
    )
    expect(visitor.field).to_be_visible()
    visitor.write("From the page")
    visitor.sent("From the page")
    page.evaluate("SupportChat.toggle()")
    expect(visitor.field).not_to_be_visible()
    assert page.evaluate("heard") == ["open", "ready", "close"]
    session = product.session_of("From the page")
    metadata = product.api("GET", f"/chat/sessions/{session}", who="ada")["metadata"]
    assert metadata["plan"] == "gold"
    assert metadata["page"] == f"{product.url}/"


def test_no_token_is_ever_in_an_address(product, new_context):
    page = new_context().new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    visitor = Visitor(page, product.url).open()
    visitor.write(QUESTION)
    visitor.sees(ANSWER)
    kept = visitor.frame.evaluate("JSON.parse(localStorage.getItem('cc:demo:visitor'))")
    assert kept
    assert not [url for url in asked if kept in url or "eyJ" in url]


# Talking


def test_an_answer_streams_in_and_becomes_one_message(visitor):
    visitor.write(QUESTION)
    visitor.sent(QUESTION)
    expect(visitor.chat.locator("#reply")).to_be_visible()
    expect(visitor.chat.locator("#reply .name")).to_have_text("Demo assistant")
    visitor.sees(ANSWER)
    expect(visitor.chat.locator("#reply")).to_be_hidden()
    expect(visitor.bubbles).to_have_count(2)
    expect(visitor.chat.locator(".row.theirs .name").last).to_have_text("Demo assistant")


def test_a_person_takes_over_and_the_visitor_rates(product, visitor, shot):
    visitor.write("I want to talk about my torn jacket")
    visitor.sees("torn jacket")
    visitor.asks_for_a_person()
    session = product.session_of("torn jacket")
    product.api("POST", f"/chat/sessions/{session}/claim", {})
    expect(visitor.chat.locator(".line.event").last).to_have_text(
        "Ben Halvorsen joined the conversation"
    )
    product.api("POST", f"/chat/sessions/{session}/messages", {"content": "Hello, Ben here."})
    visitor.sees("Hello, Ben here.")
    visitor.write("Thank you, Ben")
    row = visitor.sent("Thank you, Ben")
    seq = product.api("GET", f"/chat/sessions/{session}")["last_seq"]
    product.api("POST", f"/chat/sessions/{session}/read", {"seq": seq})
    expect(row).to_contain_text("Read")
    product.api("POST", f"/chat/sessions/{session}/close", {})
    visitor.chat.get_by_role("radio", name="5: Excellent").check()
    visitor.chat.get_by_label("Anything to add?").fill("Quick and kind")
    shot(visitor.page, "widget-rating")
    visitor.chat.get_by_role("button", name="Send rating").click()
    expect(visitor.chat.locator("#thanks")).to_be_visible()
    rated = product.api("GET", f"/chat/sessions/{session}")["rating"]
    assert rated == {"score": 5, "comment": "Quick and kind"}
    visitor.chat.get_by_role("button", name="Start a new conversation").click()
    visitor.write("Something else")
    visitor.sent("Something else")
    expect(visitor.bubbles.filter(has_text="torn jacket")).to_have_count(0)


def test_a_person_asked_for_while_the_first_message_is_on_its_way(product, visitor):
    page = visitor.page
    held: list[Route] = []
    deeds: list[str] = []
    page.on("request", lambda request: deeds.append(f"{request.method} {request.url}"))
    page.route("**/api/v1/chat/sessions", lambda route: held.append(route))
    with page.expect_request("**/api/v1/chat/sessions"):
        visitor.write("My tent leaks")
    visitor.chat.get_by_role("button", name="Talk to a person").dblclick()
    for route in held:
        route.continue_()
    page.unroute("**/api/v1/chat/sessions")
    expect(visitor.chat.locator(".line.event").last).to_contain_text("person")
    visitor.sent("My tent leaks")
    assert deeds.count(f"POST {product.url}/api/v1/chat/sessions") == 1
    assert product.session_of("My tent leaks", status="queued")


def test_who_left_while_their_first_message_was_on_its_way_leaves_nothing_behind(product, visitor):
    page = visitor.page
    held: list[Route] = []
    page.route("**/api/v1/chat/sessions", lambda route: held.append(route), times=1)
    with page.expect_request("**/api/v1/chat/sessions"):
        visitor.write("My secret tent")
    page.evaluate("SupportChat.reset()")
    visitor.write("I am somebody else")
    with page.expect_response("**/api/v1/chat/sessions"):
        held[0].continue_()
    visitor.sent("I am somebody else")
    page.reload()
    visitor.open().sees("I am somebody else")
    expect(visitor.bubbles.filter(has_text="secret")).to_have_count(0)
    assert product.session_of("I am somebody else")


def test_what_few_conversations_need_is_asked_for_again_when_it_was_lost(product, visitor):
    for lost in ("**/widget/more?*", "**/widget/more.js"):
        visitor.page.route(lost, lambda route: route.fulfill(status=503, body="Later."), times=1)
    visitor.write("My stove smokes")
    visitor.sent("My stove smokes")
    visitor.asks_for_a_person()
    session = product.session_of("My stove smokes")
    product.api("POST", f"/chat/sessions/{session}/claim", {})
    product.api("POST", f"/chat/sessions/{session}/messages", {"content": "Ben here."})
    visitor.sees("Ben here.")
    product.api("POST", f"/chat/sessions/{session}/close", {})
    expect(visitor.chat.get_by_role("radio", name="5: Excellent")).to_have_count(1)
    expect(visitor.chat.locator("#hint")).to_have_text("")


def test_a_message_while_the_chat_is_closed_is_counted_on_the_launcher(product, visitor):
    visitor.write("Counting my unread ones")
    visitor.asks_for_a_person()
    session = product.session_of("Counting my unread")
    visitor.chat.get_by_role("button", name="Close chat").click()
    product.api("POST", f"/chat/sessions/{session}/messages", {"content": "Are you there?"})
    badge = visitor.page.locator("support-chat .badge")
    expect(badge).to_have_text("1")
    expect(visitor.launcher).to_have_accessible_name("Open chat, 1 unread")
    visitor.launcher.click()
    expect(visitor.chat.locator(".line.unread")).to_be_visible()
    expect(badge).to_be_hidden()


def test_turning_the_sound_on_lets_it_be_heard(visitor):
    visitor.frame.evaluate(
        "() => { window.heard = new Promise((resolve) => {"
        "  const start = OscillatorNode.prototype.start;"
        "  OscillatorNode.prototype.start = function (at) { start.call(this, at); resolve(true); };"
        "}); }"
    )
    visitor.chat.get_by_role("button", name="Turn sound on").click()
    assert visitor.frame.evaluate("() => window.heard")
    expect(visitor.chat.get_by_role("button", name="Turn sound off")).to_be_visible()


def test_the_draft_survives_a_reload(visitor, product):
    visitor.field.fill("Half a thought")
    visitor.page.reload()
    expect(visitor.field).to_have_value("Half a thought")


def test_the_conversation_survives_a_reload(visitor):
    visitor.write(QUESTION)
    visitor.sees(ANSWER)
    visitor.page.reload()
    visitor.sees(QUESTION)
    visitor.sees(ANSWER)
    expect(visitor.bubbles).to_have_count(2)


def test_two_tabs_show_the_same_conversation(product, new_context):
    context = new_context()
    first = Visitor(context.new_page(), product.url).open()
    second = Visitor(context.new_page(), product.url).open()
    first.write("Written in the first tab")
    first.sent("Written in the first tab")
    second.sees("Written in the first tab")
    second.write("Written in the second tab")
    second.sent("Written in the second tab")
    first.sees("Written in the second tab")


def test_with_denied_storage_one_can_still_talk(product, new_context):
    context = new_context()
    context.add_init_script(DENY_STORAGE)
    visitor = Visitor(context.new_page(), product.url).open()
    visitor.write(QUESTION)
    visitor.sees(ANSWER)


def test_what_is_said_offline_is_kept_and_sent_once_when_back(product, new_context, shot):
    context = new_context()
    visitor = Visitor(context.new_page(), product.url).open()
    visitor.write("Said before")
    visitor.sent("Said before")
    context.set_offline(True)
    expect(visitor.chat.locator(".banner")).to_contain_text("You are offline")
    visitor.write("Said in the tunnel")
    expect(visitor.chat.locator(".row.mine.pending")).to_contain_text("Said in the tunnel")
    expect(visitor.chat.locator(".row.mine.pending")).to_contain_text(
        "Not sent yet", timeout=20_000
    )
    shot(visitor.page, "widget-offline")
    context.set_offline(False)
    expect(visitor.chat.locator(".row.mine.pending")).to_have_count(0, timeout=25_000)
    visitor.page.reload()
    visitor.sees("Said in the tunnel")
    said = product.messages(product.session_of("tunnel"))
    assert [m["content"] for m in said if m["sender"]["kind"] == "customer"] == [
        "Said before",
        "Said in the tunnel",
    ]


def test_a_message_into_a_closed_conversation_is_not_lost(product, visitor):
    visitor.write("First one, before it was closed")
    visitor.sent("First one")
    # This tab has not heard yet that the conversation was closed: the socket is deaf.
    visitor.page.route("**/api/v1/chat/sessions/*", lambda route: route.abort())
    visitor.frame.evaluate("WebSocket.prototype.send = () => {}")
    session = product.session_of("First one")
    visitor.page.route(
        "**/messages",
        lambda route: route.fulfill(
            status=409,
            content_type="application/problem+json",
            body='{"code": "SESSION_CLOSED", "detail": "closed", "status": 409}',
        ),
    )
    assert session
    visitor.write("Too late")
    row = visitor.chat.locator(".row.failed")
    expect(row).to_contain_text("Not sent: the conversation was closed.")
    visitor.page.unroute_all()
    row.get_by_role("button", name="Send in a new conversation").click()
    visitor.sent("Too late")
    expect(row).to_have_count(0)


def test_markup_in_a_message_is_only_text(product, visitor):
    visitor.write("Please look at this: tags")
    visitor.asks_for_a_person()
    session = product.session_of("look at this: tags")
    fetched: list[str] = []
    visitor.page.on("request", lambda request: fetched.append(request.url))
    product.api("POST", f"/chat/sessions/{session}/messages", {"content": NASTY})
    visitor.sees("<script>")
    bubble = visitor.bubbles.filter(has_text="<script>")
    expect(bubble.locator("img, script, a[href^=javascript]")).to_have_count(0)
    visitor.page.reload()
    visitor.sees("<script>")
    assert fetched
    assert not [url for url in fetched if "a.example" in url]


def test_where_sockets_are_blocked_messages_still_arrive(product, new_context):
    context = new_context()
    context.route_web_socket("**/api/v1/ws*", lambda socket: socket.close())
    visitor = Visitor(context.new_page(), product.url).open()
    visitor.write("No socket here")
    visitor.sent("No socket here")
    session = product.session_of("No socket here")
    product.api("POST", f"/chat/sessions/{session}/messages", {"content": "Polled, but here."})
    visitor.sees("Polled, but here.")


# Who it is


def test_a_signed_user_keeps_their_conversation_and_signing_out_forgets_it(
    product, new_context, secret
):
    page = new_context().new_page()
    visitor = Visitor(page, product.url)
    proof = hmac.new(secret.encode(), b"customer-7", hashlib.sha256).hexdigest()
    user = {"id": "customer-7", "name": "Mara Lind", "email": "mara@example.com", "hash": proof}
    page.evaluate("user => SupportChat.setUser(user)", user)
    visitor.open()
    visitor.write("This is Mara")
    visitor.sent("This is Mara")
    session = product.api("GET", f"/chat/sessions/{product.session_of('This is Mara')}", who="ada")
    assert session["customer"]["name"] == "Mara Lind"

    page.evaluate("SupportChat.reset()")
    expect(visitor.bubbles).to_have_count(0)
    assert visitor.frame.evaluate("localStorage.getItem('cc:demo:visitor')") is None
    page.reload()
    expect(visitor.field).to_be_visible()
    expect(visitor.bubbles).to_have_count(0)

    page.evaluate("user => SupportChat.setUser(user)", user)
    visitor.sees("This is Mara")


def test_a_user_nobody_signed_stays_anonymous(product, new_context):
    page = new_context().new_page()
    visitor = Visitor(page, product.url)
    page.evaluate(
        "window.errors = []; SupportChat.on('error', ({ reason }) => errors.push(reason));"
        "SupportChat.setUser({ id: 'customer-7', hash: 'f'.repeat(64) })"
    )
    visitor.open()
    visitor.write("Nobody in particular")
    visitor.sent("Nobody in particular")
    assert page.evaluate("errors") == ["identity"]
    expect(visitor.bubbles.filter(has_text="This is Mara")).to_have_count(0)


# Everybody


def test_everything_works_by_keyboard_alone(product, new_context):
    page = new_context().new_page()
    visitor = Visitor(page, product.url)
    visitor.launcher.focus()
    page.keyboard.press("Enter")
    expect(visitor.field).to_be_focused()
    page.keyboard.type("Line one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("line two")
    expect(visitor.field).to_have_value("Line one\nline two")
    page.keyboard.press("Enter")
    visitor.sent("Line one")
    expect(visitor.field).to_be_focused()
    page.keyboard.press("Escape")
    expect(visitor.field).not_to_be_visible()
    expect(visitor.launcher).to_be_focused()
    assert visitor.launcher.get_attribute("aria-expanded") == "false"


def test_enter_that_ends_a_composition_does_not_send(visitor):
    visitor.field.fill("nihao")
    visitor.field.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    visitor.field.dispatch_event("keydown", {"key": "Enter", "keyCode": 229})
    expect(visitor.field).to_have_value("nihao")


def test_new_messages_are_announced_and_old_ones_are_not(visitor):
    log = visitor.chat.get_by_role("log")
    visitor.write(QUESTION)
    visitor.sees(ANSWER)
    expect(log).to_have_attribute("aria-live", "polite")
    expect(log.locator(".bubble")).to_have_count(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1100, 390])
def test_axe_finds_nothing_serious(product, new_context, shot, scheme, width):
    phone = width < 500
    context = new_context(
        viewport={"width": width, "height": 780},
        color_scheme=scheme,
        has_touch=phone,
        is_mobile=phone,
    )
    page = context.new_page()
    visitor = Visitor(page, product.url).open()
    assert serious(visitor) == []
    visitor.write(QUESTION)
    visitor.sees(ANSWER)
    visitor.asks_for_a_person()
    # Colours that are still fading in are nobody's contrast.
    visitor.frame.evaluate(SETTLED)
    shot(page, f"widget-{scheme}-{width}")
    assert serious(visitor) == []
    session = product.session_of(QUESTION)
    product.api("POST", f"/chat/sessions/{session}/close", {})
    expect(visitor.chat.locator("chat-rating")).to_be_visible()
    assert serious(visitor) == []


def test_on_a_phone_the_chat_is_the_whole_screen(product, new_context):
    context = new_context(viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    visitor = Visitor(context.new_page(), product.url).open()
    box = visitor.page.locator("support-chat iframe").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 780}
    expect(visitor.launcher).to_be_hidden()
    visitor.chat.get_by_role("button", name="Close chat").click()
    expect(visitor.launcher).to_be_visible()


def test_right_to_left_hosts_get_a_mirrored_chat(product, new_context, shot):
    page = new_context().new_page()
    visitor = Visitor(page, product.url)
    page.evaluate("document.documentElement.dir = 'rtl'")
    visitor.open()
    box = visitor.launcher.bounding_box()
    assert box is not None
    assert box["x"] < 100
    assert visitor.frame.evaluate("document.documentElement.dir") == "rtl"
    visitor.write(QUESTION)
    visitor.sees(ANSWER)
    # What is written in another direction stands where its row does.
    mine = visitor.sent(QUESTION)
    row, bubble = mine.bounding_box(), mine.locator(".bubble").bounding_box()
    assert row is not None
    assert bubble is not None
    assert abs(row["x"] - bubble["x"]) < 1
    shot(page, "widget-rtl")


def test_the_chat_speaks_the_pages_language(product, new_context, shot):
    page = new_context().new_page()
    visitor = Visitor(page, product.url)
    page.evaluate("document.documentElement.lang = 'zh-CN'")
    page.evaluate("document.querySelector('support-chat').remove(); delete window.SupportChat")
    page.evaluate(
        "const script = document.createElement('script'); script.src = '/widget.js?again';"
        " script.dataset.widget = 'demo'; document.head.append(script)"
    )
    visitor.open()
    assert visitor.frame.evaluate("document.documentElement.lang") == "zh-hans"
    expect(visitor.launcher).to_have_accessible_name("关闭聊天")
    expect(visitor.chat.locator("#chips button").first).to_contain_text("吗")
    shot(page, "widget-zh")


def test_reduced_motion_stills_everything(product, new_context):
    page = new_context(reduced_motion="reduce").new_page()
    visitor = Visitor(page, product.url).open()
    moving = visitor.frame.evaluate(MOVING)
    assert moving == 0
    assert re.match(
        r"^0s", visitor.launcher.evaluate("e => getComputedStyle(e).transitionDuration")
    )

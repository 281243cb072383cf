"""The whole story in two browsers: a customer on somebody else's page, an agent at the console.

The customer asks, sees the answer come in, asks for a person and is told what happens; the chat
appears at the agent's; they talk; nothing is lost by a reload; the chat is closed and rated. Every
chapter is photographed on both sides and looked at by axe-core.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response, expect

from tests.browser.conftest import NOT_FOR_THE_PRODUCT, ROOT
from tests.browser.desk import EXPECTED_COMPLAINTS, PATIENCE_MS, Window, until_nobody_is_online
from tests.browser.foreign_shop import serving
from tests.browser.widget.visitor import Visitor

QUESTION = "How long does delivery take?"
ANSWER = "Standard delivery takes 3 to 5 working days"
LATE = "My parcel 20418 should have been here on Thursday."
HELLO = "Hello, Ben here. I am asking the carrier, one minute."
THANKS = "Thank you, I am at home all day."
FOUND = "It is on the van and will be with you before 18:00."
SECRET = "Depot says the driver skipped the street twice. Voucher if it fails again."
COMMENT = "Quick and friendly."
HEARD = (QUESTION, ANSWER, LATE, HELLO, THANKS, FOUND)
AGENT = "Ben Halvorsen"


@dataclass(frozen=True)
class Look:
    """How a browser shows pages."""

    scheme: str
    phone: bool
    width: int
    height: int

    @property
    def name(self) -> str:
        return f"{self.scheme}-{'phone' if self.phone else 'desktop'}"

    @property
    def options(self) -> dict[str, Any]:
        """What Playwright wants to know."""
        size = {"width": self.width, "height": self.height}
        mobile = {"has_touch": True, "is_mobile": True} if self.phone else {}
        return {"viewport": size, "color_scheme": self.scheme, "reduced_motion": "reduce", **mobile}


DESKTOP, PHONE = (False, 1440, 900), (True, 390, 844)
LOOKS = [Look(scheme, *size) for scheme in ("light", "dark") for size in (DESKTOP, PHONE)]


class Guest(Visitor):
    """A customer in an ordinary browser profile, and everything that reached it."""

    def __init__(self, page: Page, url: str) -> None:
        self.frames: list[str | bytes] = []
        self.answers: list[Response] = []
        self.complaints: list[str] = []
        page.on("websocket", lambda socket: socket.on("framereceived", self._take))
        page.on("response", lambda answer: self.answers.append(answer))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        super().__init__(page, url)

    @property
    def event(self) -> Locator:
        """The newest line that nobody wrote."""
        return self.chat.locator(".line.event").last

    def watch_the_answer_grow(self) -> None:
        """Note every length of an answer while it is written."""
        self.frame.evaluate(
            """() => {
              const bubble = document.querySelector("#reply .bubble");
              window.lengths = new Set();
              new MutationObserver(() => window.lengths.add(bubble.textContent.length))
                .observe(bubble, { childList: true, subtree: true, characterData: true });
            }"""
        )

    @property
    def lengths(self) -> list[int]:
        """What `watch_the_answer_grow` has noted."""
        return [length for length in self.frame.evaluate("[...window.lengths]") if length]

    def everything(self) -> str:
        """What is shown, what is kept, and what the server sent since the page was loaded."""
        shown = self.frame.evaluate("document.body.textContent + JSON.stringify(localStorage)")
        bodies = [one.text() for one in self.answers if "/api/v1/" in one.url and one.ok]
        return "\n".join([shown, *bodies, *map(str, self.frames)])

    def reload(self) -> None:
        """Load the page again, and take note of everything anew."""
        self.frames.clear()
        self.answers.clear()
        self.page.reload()
        self.open()

    def _take(self, frame: str | bytes) -> None:
        self.frames.append(frame)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(
            known in message.text for known in EXPECTED_COMPLAINTS
        ):
            self.complaints.append(message.text)


@pytest.fixture(scope="module")
def shop_url(site: str, data_folder: Path) -> Iterator[str]:
    """The shop on another site (an address, not a name), which the demo widget allows."""
    with serving(site) as port:
        origin = f"http://127.0.0.1:{port}"
        code = (
            "from support.models import Widget; widget = Widget.objects.get(key='demo'); "
            f"widget.allowed_origins.append({origin!r}); widget.save()"
        )
        kept = {key: value for key, value in os.environ.items() if key not in NOT_FOR_THE_PRODUCT}
        subprocess.run(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
            cwd=ROOT,
            env={**kept, "DATA_DIR": str(data_folder)},
            check=True,
        )
        yield f"{origin}/"


@pytest.fixture
def guest(browser: Browser, shop_url: str, tmp_path: Path, look: Look) -> Iterator[Guest]:
    """A customer on the foreign page, whose browser keeps things for frames of other sites.

    (It does so for each site apart. Private windows, and Chromium without a window, would not.)
    """
    preferences = tmp_path / "profile" / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True)
    preferences.write_text('{"profile": {"cookie_controls_mode": 0}}')
    context = browser.browser_type.launch_persistent_context(
        tmp_path / "profile",
        executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
        args=["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
        **look.options,
    )
    context.set_default_timeout(PATIENCE_MS)
    one = Guest(context.pages[0], shop_url)
    yield one
    context.close()
    assert one.complaints == []


@pytest.fixture
def keep(
    look: Look, shot: Callable[[Page, str], None], serious: Callable[[Any], list[str]]
) -> Callable[[str, Page | Guest], None]:
    """Photograph a chapter and have axe-core look at it."""
    done = count(1)

    def take(chapter: str, who: Page | Guest) -> None:
        page = who.page if isinstance(who, Guest) else who
        shot(page, f"story-{look.name}-{next(done):02}-{chapter}")
        found = serious(page)
        if isinstance(who, Guest) and who.launcher.get_attribute("aria-expanded") == "true":
            found += serious(who.frame)
        assert found == []

    return take


# Two browsers and thirty pictures: slow where others work beside it.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_from_a_question_on_a_foreign_page_to_the_rating_in_the_console(
    window: Callable[..., Window],
    guest: Guest,
    keep: Callable[[str, Page | Guest], None],
    look: Look,
) -> None:
    somebody_is_there = not look.phone
    agent = window(width=look.width, height=look.height, dark=look.scheme == "dark").sign_in()
    if not somebody_is_there:
        go_offline(agent)

    # The customer asks, and sees the answer as it is written.
    keep("customer-shop", guest)
    guest.open()
    keep("customer-greeted", guest)
    guest.watch_the_answer_grow()
    guest.write(QUESTION)
    expect(guest.chat.locator("#reply .bubble")).not_to_be_empty()
    keep("customer-answer-comes", guest)
    guest.sees(ANSWER)
    expect(guest.chat.locator("#reply")).to_be_hidden()
    assert len(guest.lengths) > 3
    assert guest.lengths == sorted(guest.lengths)
    keep("customer-answered", guest)

    # A person is asked for: it is said whether there is one.
    guest.asks_for_a_person()
    honest = "A person will join you here" if somebody_is_there else "Nobody is here right now"
    expect(guest.event).to_contain_text(honest)
    guest.write(LATE)
    guest.sent(LATE)
    keep("customer-waits", guest)

    # The chat has come to the agent's list by itself, and holds what was said before.
    row = agent.locator(".row", has_text=LATE[:20])
    expect(row.locator(".status")).to_contain_text("Waiting")
    expect(row.locator(".badge")).to_contain_text("2")
    expect(agent).to_have_title(re.compile(r"^\(\d+\) Waiting"))
    keep("agent-sees-it-wait", agent)
    row.locator(".row-link").click()
    expect(agent.locator(".message .content")).to_contain_text([QUESTION, ANSWER, LATE])
    expect(agent.locator(".event").first).to_contain_text("Asked for a person")
    agent.get_by_role("button", name="Claim").click()
    expect(agent.locator(".event").last).to_contain_text("You joined")
    expect(guest.event).to_have_text(f"{AGENT} joined the conversation")
    expect(guest.sent(LATE)).to_contain_text("Read")

    # Each sees the other typing, then the message, then that it was read.
    agent.locator("#compose-text").press_sequentially(HELLO)
    expect(guest.chat.locator("#typing")).to_contain_text(f"{AGENT} is typing")
    keep("customer-sees-typing", guest)
    agent.locator("#compose-text").press("Enter")
    guest.sees(HELLO)
    expect(guest.chat.locator("#typing")).to_be_hidden()
    expect(foot(agent, HELLO)).to_have_text("Read")
    guest.field.press_sequentially(THANKS)
    expect(agent.locator(".typing")).to_contain_text("is typing")
    keep("agent-sees-typing", agent)
    guest.field.press("Enter")
    expect(agent.locator(".message .content").last).to_have_text(THANKS)
    expect(guest.sent(THANKS)).to_contain_text("Read")

    # A note stays among agents, wherever one looks.
    agent.get_by_role("tab", name="Note").click()
    write(agent, SECRET)
    expect(agent.locator(".message.note")).to_contain_text(SECRET)
    expect(agent.locator(".message.note")).not_to_have_class(re.compile(r"\bpending\b"))
    keep("agent-notes", agent)
    agent.get_by_role("tab", name="Reply").click()
    write(agent, FOUND)
    guest.sees(FOUND)
    expect(foot(agent, FOUND)).to_have_text("Read")
    keep("customer-hears", guest)
    assert FOUND in guest.everything()
    assert SECRET not in guest.everything()

    # A reload on either side loses nothing, neither said nor half said.
    guest.field.fill("One more thi")
    guest.reload()
    agent.reload()
    for text in HEARD:
        guest.sees(text)
        expect(agent.locator(".message .content").filter(has_text=text)).to_have_count(1)
    expect(guest.bubbles).to_have_count(len(HEARD))
    expect(guest.field).to_have_value("One more thi")
    assert guest.field.evaluate("field => field.clientHeight") > 20
    expect(agent.locator(".message.note")).to_contain_text(SECRET)
    keep("customer-reloaded", guest)
    keep("agent-reloaded", agent)
    guest.field.fill("")
    assert FOUND in guest.everything()
    assert SECRET not in guest.everything()

    # The agent closes, the customer rates, the agent reads it.
    agent.get_by_role("button", name="Close", exact=True).click()
    expect(agent.get_by_text("This chat is closed.")).to_be_visible()
    keep("agent-closed", agent)
    expect(guest.event).to_have_text(f"{AGENT} closed the conversation")
    rating = guest.chat.get_by_role("group", name="How was this conversation?")
    rating.get_by_role("radio", name="5: Excellent").check(force=True)
    guest.chat.get_by_label("Anything to add?").fill(COMMENT)
    keep("customer-rates", guest)
    guest.chat.get_by_role("button", name="Send rating").click()
    expect(guest.chat.get_by_text("Thank you for your rating.")).to_be_visible()
    keep("customer-thanked", guest)
    expect(agent.locator(".event").last).to_contain_text("The customer rated this chat 5 of 5")
    if look.phone:
        agent.get_by_role("button", name="Details", exact=True).click()
    expect(agent.get_by_role("img", name="5 of 5 stars")).to_be_visible()
    expect(agent.locator("console-details blockquote")).to_have_text(COMMENT)
    keep("agent-rated", agent)


def go_offline(agent: Page) -> None:
    """Say at the console that one is not there, and wait until customers are told so."""
    agent.get_by_role("button", name="Account and settings").last.click()
    agent.locator("[data-ref=presence-menu]").click()
    agent.keyboard.press("Escape")
    until_nobody_is_online(agent)


def write(agent: Page, text: str) -> None:
    """Write what is to be sent, and send it."""
    agent.locator("#compose-text").fill(text)
    agent.locator("#compose-text").press("Enter")


def foot(agent: Page, text: str) -> Locator:
    """What stands below a message of the agent's: whether it was sent, or read."""
    return agent.locator(".message", has_text=text).locator("[data-ref=foot-text]")

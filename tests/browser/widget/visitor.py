"""What a visitor sees and does in the widget, in their words."""

from __future__ import annotations

import re

from playwright.sync_api import Frame, FrameLocator, Locator, Page, expect


class Visitor:
    """Somebody on a page that has the widget."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.goto(url)
        expect(self.launcher).to_be_visible()

    @property
    def launcher(self) -> Locator:
        """The round button."""
        return self.page.locator("support-chat .launcher")

    @property
    def chat(self) -> FrameLocator:
        """What is in the frame."""
        return self.page.frame_locator("support-chat iframe")

    @property
    def frame(self) -> Frame:
        """The chat's document."""
        return next(frame for frame in self.page.frames if "/widget/" in frame.url)

    @property
    def field(self) -> Locator:
        """Where one writes."""
        return self.chat.locator("chat-composer textarea")

    @property
    def bubbles(self) -> Locator:
        """Everything said so far."""
        return self.chat.locator(".rows .bubble")

    def open(self) -> Visitor:
        """Click the launcher and wait for the chat."""
        # It opens by itself where it was left open.
        if self.launcher.get_attribute("aria-expanded") != "true":
            self.launcher.click()
        expect(self.field).to_be_visible()
        return self

    def write(self, text: str) -> None:
        """Write and press Enter."""
        self.field.fill(text)
        self.field.press("Enter")

    def sees(self, text: str) -> None:
        """Exactly one bubble says this."""
        expect(self.bubbles.filter(has_text=text)).to_have_count(1)

    def sent(self, text: str) -> Locator:
        """The row of an own message, once the server has it."""
        row = self.chat.locator(".rows .row.mine").filter(has_text=text)
        expect(row).to_have_count(1)
        expect(row).not_to_have_class(re.compile(r"\bpending\b"))
        return row

    def asks_for_a_person(self) -> None:
        """Leave the assistant."""
        self.chat.get_by_role("button", name="Talk to a person").click()
        expect(self.chat.locator(".line.event").last).to_be_visible()

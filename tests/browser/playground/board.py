"""The playground as somebody uses it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.desk import Window

ADA = ("ada@example.com", "demo-admin")


@dataclass
class Board:
    """One tab of the playground."""

    page: Page
    window: Window

    @classmethod
    def open(
        cls, window: Window, path: str = "/playground/", login: tuple[str, str] = ADA
    ) -> Board:
        """Open a tab and sign in."""
        page = window.open(path)
        page.get_by_label("Email or username").fill(login[0])
        page.get_by_label("Password", exact=True).fill(login[1])
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#desk")).to_be_visible()
        return cls(page, window)

    @classmethod
    def again(cls, window: Window, path: str) -> Board:
        """Open another tab where somebody is signed in already."""
        page = window.open(path)
        expect(page.locator("#desk")).to_be_visible()
        return cls(page, window)

    # Asking

    def choose(self, *names: str) -> None:
        """Choose exactly these models, in this order."""
        self.page.get_by_title("Choose models").click()
        dialog = self.page.get_by_role("dialog", name="Models to ask")
        while (less := dialog.locator("[data-ref=less]:visible")).count():
            less.first.click()
        for name in names:
            row = dialog.locator(".model").filter(
                has=self.page.get_by_text(re.compile(f"^{name}$"))
            )
            main = row.locator(".model-main")
            if main.get_attribute("aria-pressed") == "true":
                row.locator("[data-ref=more]").click()
            else:
                main.click()
        dialog.get_by_role("button", name="Done").click()

    def ask(self, text: str) -> None:
        """Put a question."""
        self.page.get_by_label("Your question").fill(text)
        self.page.get_by_label("Your question").press("Enter")
        expect(self.page.locator(".turn").last.locator(".question-text")).to_have_text(text)

    # What is shown

    @property
    def turn(self) -> Locator:
        """The newest question with its answers."""
        return self.page.locator(".turn").last

    def head(self, letter: str) -> Locator:
        """What stands above an answer."""
        return self.turn.locator(".head").nth(ord(letter) - ord("A"))

    def column(self, letter: str) -> Locator:
        """An answer."""
        return self.turn.locator(".column").nth(ord(letter) - ord("A"))

    def answer(self, letter: str) -> Locator:
        """What a model wrote."""
        return self.column(letter).locator(".answer")

    def names(self) -> list[str]:
        """What the answers' models are called."""
        return self.turn.locator(".head-name").all_text_contents()

    def finished(self) -> None:
        """Wait until every answer has ended."""
        expect(self.page.locator(".column[aria-busy=true]")).to_have_count(0, timeout=30_000)
        expect(self.page.get_by_role("button", name="Ask", exact=True)).to_be_visible()

    def pick(self, letter: str) -> None:
        """Pick an answer as the best one."""
        self.head(letter).get_by_role("button", name=re.compile("^Pick as best")).click()
        expect(self.head(letter).locator(".pick")).to_have_attribute("aria-pressed", "true")

    def do(self, action: str) -> None:
        """Choose something from the conversation's menu."""
        self.page.get_by_role("button", name="Actions for this conversation").click()
        self.page.locator("#talk-menu").get_by_role("button", name=action).click()

    def talks(self) -> Any:
        """The list of conversations."""
        return self.page.locator(".talk-title")

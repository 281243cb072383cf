"""People at the console and the customers who write to them, through public doors only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.sync_api import BrowserContext, Page, expect

ADA = ("ada@example.com", "demo-admin")
BEN = ("ben@example.com", "demo-agent")
BEA = ("bea@example.com", "demo-agent")
# Generous, because a busy machine is no defect: a page is some eighty files, and right after its
# start the product reads its articles.
PATIENCE_MS = 30_000
LOADING_MS = 60_000
# A browser reports every answer above 399: that nobody is signed in yet is no mistake. The second
# is axe-core, which is put into the page and speaks of itself.
EXPECTED_COMPLAINTS = ("401 (Unauthorized)", "eval at evaluate")


@dataclass
class Window:
    """One browser of one person: its own cookies and storage, any number of tabs."""

    context: BrowserContext
    site: str
    complaints: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Open a tab at an address of the product."""
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.set_default_navigation_timeout(LOADING_MS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        page.goto(self.site + path)
        return page

    def sign_in(self, login: tuple[str, str] = BEN) -> Page:
        """Open the console and sign in there."""
        page = self.open("/console/")
        page.get_by_label("Email or username").fill(login[0])
        page.get_by_label("Password", exact=True).fill(login[1])
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#desk")).to_be_visible()
        return page

    def forgive(self, complaint: str) -> None:
        """Forget what the test itself has caused, also what is still on its way."""
        self.forgiven.append(complaint)
        self.complaints[:] = [text for text in self.complaints if complaint not in text]

    def _hear(self, message: Any) -> None:
        known = (*EXPECTED_COMPLAINTS, *self.forgiven)
        if message.type == "error" and not any(one in message.text for one in known):
            self.complaints.append(f"{message.text} {message.location.get('url', '')}")


class Customer:
    """A customer who writes through the REST interface, as the widget would without a socket."""

    def __init__(self, site: str) -> None:
        self._http = httpx.Client(base_url=f"{site}/api/v1", timeout=15)
        token = self._call("POST", "/widget/demo/visitor", {})["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"
        self.session_id = ""

    def open(self, title: str = "") -> Customer:
        """Begin a chat."""
        body = {"widget_key": "demo", "title": title}
        self.session_id = self._call("POST", "/chat/sessions", body)["id"]
        return self

    def say(self, text: str) -> dict[str, Any]:
        """Write a message."""
        return self._call("POST", f"/chat/sessions/{self.session_id}/messages", {"content": text})

    def ask_for_a_person(self) -> None:
        """Leave the assistant."""
        self._call("POST", f"/chat/sessions/{self.session_id}/handoff", {})

    def messages(self) -> list[dict[str, Any]]:
        """Everything this customer can see."""
        path = f"/chat/sessions/{self.session_id}/messages?after_seq=0"
        return list(self._call("GET", path)["results"])

    def everything(self) -> str:
        """Every answer of the interface that a customer can get about the chat, as one text."""
        paths = (
            "",
            "/messages?after_seq=0",
            "/changes?after_version=0",
            "/transcript?format=txt",
            "/transcript?format=json",
            "/transcript?format=html",
        )
        return "\n".join(
            self._http.get(f"/chat/sessions/{self.session_id}{path}").text for path in paths
        )

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


def until_nobody_is_online(page: Page) -> None:
    """Wait until customers are told so; a closed socket counts as there for some seconds more.

    Playwright's own waiting takes the promise of an answer for the answer.
    """
    page.evaluate("""async () => {
        const config = async () =>
            (await fetch("/api/v1/widget/demo/config", { cache: "no-store" })).json();
        while ((await config()).online !== false)
            await new Promise((done) => setTimeout(done, 1_000));
    }""")

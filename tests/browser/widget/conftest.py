"""A foreign shop with a strict policy, agents at the API, and visitors in browser profiles."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import NOT_FOR_THE_PRODUCT, ROOT, SCREENSHOTS
from tests.browser.desk import LOADING_MS, PATIENCE_MS

PASSWORDS = {"ada": "demo-admin", "ben": "demo-agent", "bea": "demo-agent"}


class Product:
    """The running product, as one of the demo's people sees it at the API."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=f"{url}/api/v1", timeout=20)
        self._tokens: dict[str, str] = {}

    def api(self, method: str, path: str, body: Any = None, *, who: str = "ben") -> Any:
        """Call the API as `who`; an answer that is no success fails the test."""
        if who not in self._tokens:
            login = {"username": who, "password": PASSWORDS[who]}
            answer = self._http.post("/auth/login", json=login)
            self._tokens[who] = answer.raise_for_status().json()["access_token"]
        headers = {"Authorization": f"Bearer {self._tokens[who]}"}
        answer = self._http.request(method, path, json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def session_of(self, text: str, *, status: str = "bot,queued") -> str:
        """The newest session of this status in which `text` was said."""
        for session in self.api("GET", f"/chat/sessions?status={status}", who="ada")["results"]:
            if any(text in message["content"] for message in self.messages(session["id"])):
                return str(session["id"])
        raise AssertionError(f"no session with status {status} says {text!r}")

    def messages(self, session_id: str) -> list[dict[str, Any]]:
        """Everything said in a session."""
        path = f"/chat/sessions/{session_id}/messages?after_seq=0"
        return list(self.api("GET", path, who="ada")["results"])


class HostPage(BaseHTTPRequestHandler):
    """A shop of somebody else's: it allows our script and our frame, and nothing inline."""

    product_url = ""

    def do_GET(self) -> None:
        """Answer with a page that has one loader, or two."""
        if self.path not in ("/", "/twice"):
            self.send_error(404)
            return
        ours = self.product_url
        loader = f'<script async src="{ours}/widget.js" data-widget="demo"></script>'
        page = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>A shop</title>'
            '<meta name="viewport" content="width=device-width">'
            f"<link rel=icon href=data:,>{loader * (2 if self.path == '/twice' else 1)}"
            "<h1>A shop</h1><a href=/>A link</a>"
        )
        policy = f"default-src 'none'; img-src data:; script-src {ours}; frame-src {ours}"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


def manage(data_folder: Path, code: str) -> str:
    """Run a few lines against the running product's database; returns what they print."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_FOR_THE_PRODUCT}
    lines = f"from support.models import Widget; {code}"
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", lines],
        cwd=ROOT,
        env={**kept, "DATA_DIR": str(data_folder)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture(scope="session")
def product(site: str) -> Product:
    """The running product."""
    return Product(site)


@pytest.fixture(scope="session")
def host_url(site: str, data_folder: Path) -> Iterator[str]:
    """The address of a page on another origin, which the demo widget allows."""
    HostPage.product_url = site
    server = ThreadingHTTPServer(("127.0.0.1", 0), HostPage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}"
    manage(data_folder, f"Widget.objects.filter(key='demo').update(allowed_origins=[{origin!r}])")
    yield f"{origin}/"
    server.shutdown()


@pytest.fixture(scope="session")
def secret(site: str, data_folder: Path) -> str:
    """What the demo shop signs its users with."""
    code = "from chatsite.lib import crypto; "
    code += "print(crypto.decrypt(Widget.objects.get(key='demo').secret_encrypted))"
    return manage(data_folder, code)


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Make browser profiles of new people; a script error in any of their pages fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []
    expect.set_options(timeout=PATIENCE_MS)

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 820}, **options})
        context.set_default_timeout(PATIENCE_MS)
        context.set_default_navigation_timeout(LOADING_MS)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Keep a picture of a page; CI keeps the files."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")

    return take

"""The product as a new user starts it, and a real browser to look at it with.

One process of `manage.py run` serves the whole run. Whoever takes part does so through public
doors only: the pages, the REST interface, the socket behind the pages.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from deploy.services import free_port
from tests.browser.desk import PATIENCE_MS, Customer, Window

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "artifacts" / "screenshots"
READY = "Stop with ctrl-C."
START_DEADLINE_S = 240.0
NOT_FOR_THE_PRODUCT = {
    "DATABASE_URL",
    "REDIS_URL",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "DJANGO_SETTINGS_MODULE",
    "DJANGO_ALLOW_ASYNC_UNSAFE",
}


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the running product keeps its database."""
    return tmp_path_factory.mktemp("product")


@pytest.fixture(scope="session")
def site(data_folder: Path) -> Iterator[str]:
    """Address of the running product, with the demo shop in it."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if name not in NOT_FOR_THE_PRODUCT}
    log = data_folder / "log.txt"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "run"],
            cwd=ROOT,
            env={
                **kept,
                "DATA_DIR": str(data_folder),
                "PORT": str(port),
                # The model servers of these tests are on this machine.
                "LLM_ALLOW_PRIVATE_NETWORKS": "true",
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + START_DEADLINE_S
        while READY not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def window(browser: Browser, site: str) -> Iterator[Callable[..., Window]]:
    """Make browsers. A script error in any of them fails the test."""
    made: list[Window] = []

    def make(*, width: int = 1440, height: int = 900, dark: bool = False) -> Window:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        made.append(Window(context, site))
        return made[-1]

    expect.set_options(timeout=PATIENCE_MS)
    yield make
    for one in made:
        one.context.close()
    assert [one.complaints for one in made if one.complaints] == []


@pytest.fixture
def new_customer(site: str) -> Callable[[], Customer]:
    """Make customers of the demo shop."""
    return lambda: Customer(site)


@pytest.fixture
def serious() -> Callable[[Page], list[str]]:
    """What axe-core finds of serious and critical violations on a page."""
    axe = Axe()

    def look(page: Page) -> list[str]:
        found = axe.run(page, options={"preload": False}).response["violations"]
        return [
            f"{violation['id']}: {violation['nodes'][0]['html'][:200]}"
            for violation in found
            if violation["impact"] in {"serious", "critical"}
        ]

    return look


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Keep what a page looks like; CI keeps the files."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")

    return take

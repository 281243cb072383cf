"""A customer on somebody else's page and an agent at the console, from hello to the rating."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import NOT_FOR_THE_PRODUCT, ROOT
from tests.browser.desk import Window
from tests.browser.widget.conftest import HostPage
from tests.browser.widget.visitor import Visitor

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 780}


@pytest.fixture(scope="module")
def shop_url(site: str, host_url: str, data_folder: Path) -> Iterator[str]:
    """A page on another origin of the same site, where Chromium's guests may keep things.

    (Between `127.0.0.1` and `localhost` its private windows deny the frame all storage.)
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), HostPage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://localhost:{server.server_address[1]}"
    code = (
        "from support.models import Widget; widget = Widget.objects.get(key='demo'); "
        f"widget.allowed_origins.append({origin!r}); widget.save()"
    )
    kept = {name: value for name, value in os.environ.items() if name not in NOT_FOR_THE_PRODUCT}
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
        cwd=ROOT,
        env={**kept, "DATA_DIR": str(data_folder)},
        check=True,
        capture_output=True,
    )
    yield f"{origin}/"
    server.shutdown()


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_customer_writes_the_assistant_answers_a_person_takes_over(
    shop_url: str,
    window: Callable[..., Window],
    new_context: Callable[..., BrowserContext],
    shot: Callable[[Page, str], None],
    scheme: str,
    phone: bool,
) -> None:
    name = f"{scheme}-{'phone' if phone else 'desktop'}"
    size = PHONE if phone else DESKTOP
    options: dict[str, Any] = {"has_touch": True, "is_mobile": True} if phone else {}
    context = new_context(
        viewport=PHONE if phone else {"width": 1100, "height": 820}, color_scheme=scheme, **options
    )
    visitor = Visitor(context.new_page(), shop_url).open()
    agent = window(**size, dark=scheme == "dark").sign_in()
    question = f"How long does delivery take? ({name})"

    # The assistant answers, and says honestly what happens when one asks for a person.
    visitor.write(question)
    visitor.sees("working days")
    visitor.asks_for_a_person()
    visitor.write("My parcel is late.")
    visitor.sent("My parcel is late.")
    shot(visitor.page, f"story-1-asked-{name}")

    # The waiting chat appears by itself, with everything said before.
    agent.locator(".row-link", has_text="My parcel is late.").click()
    expect(agent.locator(".timeline")).to_contain_text(question)
    expect(agent.locator(".message.assistant")).to_contain_text("working days")
    expect(agent.locator(".event").first).to_contain_text("Asked for a person")
    agent.get_by_role("button", name="Claim").click()
    expect(visitor.chat.locator(".line.event").last).to_contain_text("Ben Halvorsen")

    # Both see each other typing, and what was read.
    agent.locator("#compose-text").press_sequentially("Hello, I am Ben.")
    expect(visitor.chat.get_by_text("Ben Halvorsen is typing")).to_be_visible()
    agent.locator("#compose-text").press("Enter")
    visitor.sees("Hello, I am Ben.")
    expect(agent.locator(".message-foot.read:visible")).to_be_visible()
    visitor.field.press_sequentially("Thank you")
    expect(agent.locator(".typing")).to_contain_text("typing")
    visitor.field.press("Enter")
    expect(visitor.sent("Thank you")).to_contain_text("Read")
    expect(agent.locator(".message .content").last).to_have_text("Thank you")

    # A note stays among agents.
    agent.get_by_role("tab", name="Note").click()
    agent.locator("#compose-text").fill("Parcel traced")
    agent.locator("#compose-text").press("Enter")
    expect(agent.locator(".message.note")).to_contain_text("only your team sees this")
    shot(agent, f"story-2-console-{name}")
    shot(visitor.page, f"story-2-widget-{name}")

    # A reload on either side loses nothing.
    heard = ["working days", "My parcel is late.", "Hello, I am Ben.", "Thank you"]
    visitor.page.reload()
    visitor.open()
    for text in heard:
        visitor.sees(text)
    expect(visitor.chat.get_by_text("Parcel traced")).to_have_count(0)
    agent.reload()
    for text in heard:
        expect(agent.locator(".message .content").filter(has_text=text)).to_have_count(1)

    # Closed, and rated.
    agent.get_by_role("button", name="Close", exact=True).click()
    expect(agent.get_by_text("This chat is closed.")).to_be_visible()
    visitor.chat.get_by_role("radio").nth(4).check(force=True)
    visitor.chat.get_by_role("button", name="Send rating").click()
    expect(agent.locator(".event").last).to_contain_text(re.compile("rated this chat 5 of 5"))
    shot(agent, f"story-3-rated-{name}")

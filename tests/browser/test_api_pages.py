"""The pages of the API follow the theme of the other pages."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk import Window

MakeWindow = Callable[..., Window]
# How bright what lies behind and in front of the page's first heading is, from 0 to 1.
BRIGHTNESS = """heading => {
    const bright = (color) => {
        const [red, green, blue] = color.match(/[\\d.]+/g).map(Number);
        return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
    };
    let behind = heading;
    const ground = (element) => getComputedStyle(element).backgroundColor;
    const isClear = (element) => /rgba\\(.*, 0\\)/.test(ground(element));
    while (behind.parentElement && isClear(behind)) behind = behind.parentElement;
    const none = isClear(behind);
    return [none ? 1 : bright(ground(behind)), bright(getComputedStyle(heading).color)];
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_to_read_is_light_or_dark_as_the_others(
    window: MakeWindow, shot: Callable[[Page, str], None], dark: bool
) -> None:
    reader = window(dark=dark)
    page = reader.open("/api/redoc")
    heading = page.get_by_role("heading", name=re.compile("Cland Chat API"))
    expect(heading).to_be_visible(timeout=60_000)
    behind, front = heading.evaluate(BRIGHTNESS)
    assert (behind < 0.2, front > 0.8) == (dark, dark)
    shot(page, f"api-redoc-{'dark' if dark else 'light'}")
    # Its maker's sign stands on another host, which our policy does not let it ask.
    reader.forgive("cdn.redoc.ly")


def test_somebody_signs_in_and_tries_what_is_described(window: MakeWindow, site: str) -> None:
    login = {"username": "ada", "password": "demo-admin"}
    token = httpx.post(f"{site}/api/v1/auth/login", json=login).json()["access_token"]
    page = window().open("/api/docs#/accounts/me")
    page.get_by_role("button", name="Authorize").first.click(timeout=60_000)
    field = page.locator(".auth-container", has_text="bearer").locator("input")
    expect(field).to_be_focused()
    field.fill(token)
    field.press("Enter")
    page.get_by_role("button", name="Close").first.click()
    me = page.locator(".opblock", has=page.locator("[data-path='/api/v1/auth/me']"))
    me.get_by_role("button", name="Try it out").click()
    me.get_by_role("button", name="Execute").click()
    expect(me.locator(".live-responses-table .response-col_status").last).to_have_text("200")
    expect(me.locator(".live-responses-table")).to_contain_text("ada@example.com")

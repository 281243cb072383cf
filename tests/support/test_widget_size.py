"""The widget's weight is a promise: loader at most 5 KB, all it takes to talk at most 30 KB gzip.

What few conversations need (files, a rating, sound, nobody there) is loaded when one does, and
has a limit of its own.
"""

from __future__ import annotations

import gzip
import re

import pytest

pytestmark = pytest.mark.django_db


def weight(browser, path):
    """Bytes of one answer, compressed as a web server does."""
    response = browser.get(path)
    assert response.status_code == 200, path
    return len(gzip.compress(response.content, 9))


def test_the_loader_weighs_at_most_5_kb(browser):
    assert weight(browser, "/widget.js") <= 5_000


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_everything_the_frame_loads_weighs_at_most_30_kb_with_the_loader(browser, widget, lang):
    frame = f"/widget/{widget.key}/frame?lang={lang}"
    page = browser.get(frame).content.decode()
    loaded = re.findall(r'(?:src|href)="(/[^"#]+)"', page)
    assert loaded == ["/widget/app.css", "/widget/app.js"]
    weights = {path: weight(browser, path) for path in ["/widget.js", frame, *loaded]}
    assert sum(weights.values()) <= 30_000, weights


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_what_few_conversations_need_weighs_at_most_11_kb_more(browser, lang):
    parts = [f"/widget/more?lang={lang}", "/widget/more.js", "/widget/more.css"]
    weights = {path: weight(browser, path) for path in parts}
    assert sum(weights.values()) <= 11_000, weights


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_the_frame_has_no_inline_script_or_style(browser, widget, lang):
    page = browser.get(f"/widget/{widget.key}/frame?lang={lang}").content.decode()
    scripts = re.findall(r"<script\b([^>]*)>", page)
    assert [one for one in scripts if "src=" not in one and "application/json" not in one] == []
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)

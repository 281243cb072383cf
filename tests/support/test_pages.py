"""The site's own pages: demo shop, quiet page, console shell."""

import re

import pytest

from support.actions import seed_demo, update_widget
from support.models import Widget

pytestmark = pytest.mark.django_db


def test_without_the_demo_the_front_page_is_quiet(browser):
    page = browser.get("/").content.decode()
    assert "Cland Chat" in page
    assert "Fern" not in page
    assert "demo-a" not in page


def test_with_the_demo_it_is_the_shop_with_the_widget(browser):
    seed_demo()
    page = browser.get("/").content.decode()
    assert (
        '<script async src="/widget.js" data-widget="demo" data-color="#2b6048"></script>' in page
    )
    assert "This is a demo of Cland Chat." in page
    for address in ("/console/", "/admin/", "/api/docs"):
        assert f'href="{address}"' in page
    assert "ada@example.com" in page


def test_in_production_the_logins_are_not_shown(browser, settings):
    seed_demo()
    settings.PRODUCTION = True
    for address in ("/", "/console/"):
        assert "demo-admin" not in browser.get(address, secure=True).content.decode()


def test_switching_the_demo_widget_off_takes_the_shop_down(browser):
    seed_demo()
    update_widget(widget=Widget.objects.get(), enabled=False)
    assert "Fern" not in browser.get("/").content.decode()


def test_the_shop_loads_nothing_from_elsewhere(browser):
    seed_demo()
    page = browser.get("/").content.decode()
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert not re.findall(r"\son\w+=|\sstyle=", page)


def test_the_console_shell_is_the_same_for_everybody(browser):
    page = browser.get("/console/")
    assert page.status_code == 200
    assert "no-cache" in page["Cache-Control"]
    assert not re.findall(r"\son\w+=|\sstyle=", page.content.decode())


@pytest.mark.parametrize("address", ["/", "/console/"])
def test_pages_are_only_read(browser, address):
    assert browser.post(address).status_code in (403, 405)

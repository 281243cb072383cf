"""GET /widget/{key}/config: public, small, readable by the widget's sites only."""

import json

import pytest

from sessions_app.models import Presence
from support.actions import update_widget
from tests import cast
from tests.support.conftest import SHOP, SITE

PATH = "/api/v1/widget/fern/config"


def test_tells_look_texts_and_opening(browser, widget):
    body = browser.get(PATH).json()
    assert body["key"] == "fern"
    assert body["brand"] == {
        "name": "Fern & Field",
        "color": "#4f46e5",
        "logo": None,
        "launcher": "right",
    }
    assert body["texts"] == {"greeting": "Hello", "suggestions": ["Sizes?"]}
    assert body["hours"] == {"open": True, "next_open_at": None}
    assert body["assistant"] is True
    assert body["online"] is False


def test_tells_nothing_secret(browser, widget, secret):
    text = json.dumps(browser.get(PATH).json())
    assert secret not in text
    assert "origins" not in text
    assert SHOP not in text


@pytest.mark.parametrize(
    ("header", "query", "greeting"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "您好"),
        ("fr-FR,en;q=0.5", "", "Hello"),
        ("fr", "", "Hello"),
        ("en", "?lang=zh-hans", "您好"),
        ("en", "?lang=zh_CN", "您好"),
        ("zh-CN", "?lang=tlh", "您好"),
        ("x" * 5000, "?lang=" + "y" * 500, "Hello"),
    ],
)
def test_speaks_the_visitors_language(browser, widget, header, query, greeting):
    body = browser.get(PATH + query, headers={"Accept-Language": header}).json()
    assert body["texts"]["greeting"] == greeting


def test_a_text_that_is_missing_in_a_language_falls_back(browser, widget):
    body = browser.get(PATH + "?lang=zh-hans").json()
    assert body["texts"]["suggestions"] == ["Sizes?"]


@pytest.mark.parametrize("origin", [SHOP, SITE])
def test_scripts_of_allowed_sites_may_read(browser, widget, origin):
    response = browser.get(PATH, headers={"Origin": origin})
    assert response["Access-Control-Allow-Origin"] == origin
    assert "Origin" in response["Vary"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example.evil.example",
        "https://shop.example:444",
        "null",
        "",
    ],
)
def test_scripts_of_other_sites_may_not(browser, widget, origin):
    response = browser.get(PATH, headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in response


def test_is_kept_briefly_by_caches(browser, widget):
    response = browser.get(PATH)
    assert response["Cache-Control"] == "public, max-age=30"
    assert "Accept-Language" in response["Vary"]
    assert not response.cookies


@pytest.mark.parametrize("key", ["nope", "fern%00", "../fern", "a" * 300])
def test_unknown_widgets_are_not_found(browser, widget, key):
    response = browser.get(f"/api/v1/widget/{key}/config")
    assert response.status_code == 404


def test_a_disabled_widget_is_not_found(browser, widget):
    update_widget(widget=widget, enabled=False)
    response = browser.get(PATH)
    assert response.status_code == 404
    assert response.json()["code"] == "NOT_FOUND"


def test_online_means_somebody_of_the_team(browser, widget, other_team):
    Presence.objects.create(user=cast.bea())
    assert browser.get(PATH).json()["online"] is False
    Presence.objects.create(user=cast.ben())
    assert browser.get(PATH).json()["online"] is True


def test_says_when_the_desk_opens_next(browser, widget):
    update_widget(widget=widget, business_hours={"timezone": "UTC", "weekly": {}})
    assert browser.get(PATH).json()["hours"] == {"open": False, "next_open_at": None}

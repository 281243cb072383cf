"""The two documents the widget is made of: who may frame them, how long they are kept."""

import pytest

from accounts.tokens import issue_access
from support.actions import update_widget
from tests import cast
from tests.support.conftest import SHOP

FRAME = "/widget/fern/frame"


def policy(response):
    parts = (part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    return {part[0]: part[1].split() if len(part) > 1 else [] for part in parts}


def test_the_frame_may_stand_on_the_widgets_sites_only(browser, widget):
    response = browser.get(FRAME)
    assert response.status_code == 200
    assert policy(response)["frame-ancestors"] == ["'self'", SHOP]
    assert "X-Frame-Options" not in response


def test_the_frame_has_no_inline_script(browser, widget):
    found = policy(browser.get(FRAME))
    assert "'unsafe-inline'" not in found["script-src"] + found["style-src"]
    assert found["default-src"] == ["'none'"]


@pytest.mark.parametrize("path", ["/", "/console/", "/admin/login/", "/api/docs"])
def test_every_other_page_may_be_framed_by_nobody(browser, widget, path):
    response = browser.get(path)
    assert policy(response)["frame-ancestors"] == ["'none'"]
    assert response["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    "path", ["/", "/console/", "/admin/login/", "/api/docs", "/api/redoc", FRAME]
)
def test_no_page_allows_inline_script(browser, widget, path):
    allowed = policy(browser.get(path))["script-src"]
    assert "'unsafe-inline'" not in allowed
    assert all(part == "'self'" or part == "'unsafe-eval'" for part in allowed)


def test_only_the_admin_may_compile_script(browser, widget):
    assert "'unsafe-eval'" in policy(browser.get("/admin/login/"))["script-src"]
    assert "'unsafe-eval'" not in policy(browser.get("/console/"))["script-src"]


def test_no_origin_can_end_the_directive(browser, widget):
    """Whatever got into the column: what is stored was checked by update_widget."""
    from chatsite.lib.errors import ValidationFailed

    for bad in (
        "https://a; script-src *",
        "https://a b",
        "javascript:alert(1)",
        "https://a/b",
        "*",
    ):
        with pytest.raises(ValidationFailed):
            update_widget(widget=widget, allowed_origins=[bad])


@pytest.mark.parametrize(
    ("query", "header", "lang"),
    [("?lang=zh-hans", "en", "zh-hans"), ("", "zh-CN", "zh-hans"), ("?lang=xx", "de", "en")],
)
def test_the_frame_speaks_the_visitors_language(browser, widget, query, header, lang):
    response = browser.get(FRAME + query, headers={"Accept-Language": header})
    assert response["Content-Language"] == lang
    assert f'<html lang="{lang}"' in response.content.decode()
    assert "Accept-Language" in response["Vary"]


def test_the_frame_sets_no_cookie_and_tells_no_secret(browser, widget, secret):
    response = browser.get(FRAME)
    assert not response.cookies
    assert secret not in response.content.decode()


@pytest.mark.parametrize("change", [{"enabled": False}, None])
def test_a_frame_of_no_widget_is_not_found(browser, widget, change):
    if change:
        update_widget(widget=widget, **change)
    path = FRAME if change else "/widget/nope/frame"
    assert browser.get(path).status_code == 404


def test_markup_in_the_widgets_texts_is_inert(browser, widget):
    name = "</script><script>alert(1)</script>"
    update_widget(widget=widget, name=name, greeting={"en": name})
    assert "<script>alert(1)" not in browser.get(FRAME).content.decode()


def test_the_loader_is_kept_five_minutes_and_asked_again_by_etag(browser, db):
    response = browser.get("/widget.js")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/javascript")
    assert response["Cache-Control"] == "public, max-age=300"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert not response.cookies
    again = browser.get("/widget.js", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304
    assert browser.post("/widget.js").status_code == 405


def test_a_chat_opened_with_the_key_goes_to_the_widgets_team(browser, widget):
    body = browser.post("/api/v1/widget/fern/visitor", {}, content_type="application/json").json()
    answer = browser.post(
        "/api/v1/chat/sessions",
        {"widget_key": "fern"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {body['access_token']}"},
    )
    assert answer.status_code == 201
    assert answer.json()["team"]["id"] == widget.team_id
    assert answer.json()["status"] == "bot"


def test_without_an_assistant_the_chat_waits_for_a_person(browser, widget):
    update_widget(widget=widget, assistant_enabled=False)
    token = issue_access(cast.vic())
    answer = browser.post(
        "/api/v1/chat/sessions",
        {"widget_key": "fern"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.json()["status"] == "queued"


@pytest.mark.parametrize("key", ["nope", "other"])
def test_a_visitor_opens_chats_with_the_own_widgets_key_only(browser, widget, team, key):
    from support.actions import create_widget

    create_widget(key="other", name="Other", team=team)
    body = browser.post("/api/v1/widget/fern/visitor", {}, content_type="application/json").json()
    answer = browser.post(
        "/api/v1/chat/sessions",
        {"widget_key": key},
        content_type="application/json",
        headers={"Authorization": f"Bearer {body['access_token']}"},
    )
    assert answer.status_code == 404

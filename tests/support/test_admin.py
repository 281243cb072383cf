"""The admin: staff's looking glass. Admins only, no history rewritten, few queries."""

import json

import pytest
from django.contrib import admin as django_admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.viewer import Viewer
from chatsite.lib import crypto
from sessions_app.actions import open_session, post_message
from sessions_app.models import ChatSession, Message
from support import proofs
from support.actions import seed_demo, start_visit, update_widget
from support.models import VisitorCredential, Widget
from tests import cast

pytestmark = pytest.mark.django_db

LISTS = [
    f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    for model in django_admin.site._registry
]
READ_ONLY = [
    "/admin/sessions_app/chatsession/",
    "/admin/sessions_app/message/",
    "/admin/sessions_app/participant/",
    "/admin/sessions_app/tag/",
    "/admin/sessions_app/attachment/",
    "/admin/support/visitoridentity/",
    "/admin/support/visitorcredential/",
]


def form(**changes):
    """What the widget's page sends."""
    typed = {
        "name": "Shop two",
        "allowed_origins": "https://shop.example\nHTTPS://Other.example:443/",
        "color": "#AA3300",
        "position": "left",
        "greeting_en": "Hello",
        "greeting_zh_hans": "您好",
        "suggestions_en": "One?\n\nTwo?",
        "suggestions_zh_hans": "",
        "hours_timezone": "Europe/Berlin",
        "hours_mon": "9:00 – 12:30, 13:15-17:00",
        "hours_sat": "22:00-02:00",
        "hours_holidays": "2026-12-25 Christmas\n2026-12-24 09:00-12:00",
        "assistant_enabled": "on",
        "enabled": "on",
    }
    return typed | changes


def test_every_page_works_on_real_data(admin):
    seed_demo()
    for path in ("/admin/", *LISTS):
        assert admin.get(path).status_code == 200, path


@pytest.mark.parametrize("path", ["/admin/", *READ_ONLY, "/admin/support/widget/add/"])
@pytest.mark.parametrize("who", [cast.ben, cast.vic, None])
def test_nobody_but_admins_gets_in(browser, path, who):
    if who:
        browser.force_login(who())
    response = browser.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


def test_history_can_be_neither_added_changed_nor_deleted(admin):
    seed_demo()
    for path in READ_ONLY:
        _try_to_rewrite(admin, path)


def _try_to_rewrite(admin, path):
    assert admin.get(f"{path}add/").status_code == 403
    model = next(m for m in django_admin.site._registry if path.endswith(f"/{m._meta.model_name}/"))
    row = model._default_manager.first()
    if row is None:
        return
    before = list(model._default_manager.values())
    assert admin.post(f"{path}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    admin.post(f"{path}{row.pk}/change/", {"content": "forged", "title": "forged"})
    admin.post(path, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert list(model._default_manager.values()) == before


def test_a_session_shows_its_transcript_with_notes_marked(admin):
    seed_demo()
    session = ChatSession.objects.get(title="Return without the box")
    page = admin.get(f"/admin/sessions_app/chatsession/{session.pk}/change/").content.decode()
    assert "Note, staff only" in page
    assert "Promised: full refund" in page
    assert f"/console/#/open/{session.pk}" in page


def test_markup_in_messages_is_inert(admin):
    viewer = Viewer.of(cast.vic())
    session = open_session(viewer=viewer, title="<script>alert(1)</script>")
    post_message(viewer=viewer, session_id=session.pk, content="<img src=x onerror=alert(1)>")
    message = Message.objects.get()
    for path in (
        f"/admin/sessions_app/chatsession/{session.pk}/change/",
        "/admin/sessions_app/chatsession/",
        "/admin/sessions_app/message/",
        f"/admin/sessions_app/message/{message.pk}/change/",
    ):
        page = admin.get(path).content.decode()
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page


FINDABLE = [
    ("/admin/sessions_app/chatsession/", "claire@example.org", "Beanies"),
    ("/admin/sessions_app/chatsession/", "Tarn Shell", "Zip of"),
    ("/admin/sessions_app/message/", "gorse yellow", "Hello Claire"),
    ("/admin/sessions_app/tag/", "quote", "quote"),
    ("/admin/support/visitoridentity/", "customer-1042", "Mara"),
    ("/admin/accounts/user/", "ben@example.com", "Ben"),
]


def test_what_is_there_is_found(admin):
    seed_demo()
    for path, words, found in FINDABLE:
        page = admin.get(path, {"q": words}).content.decode()
        assert found in page
        nothing = admin.get(path, {"q": "zzzz-nothing"}).content.decode()
        assert found not in nothing.split("changelist-form")[-1]


@pytest.mark.parametrize("path", LISTS)
def test_odd_searches_break_nothing(admin, path):
    for query in ("\x00", "%", "'", "🧣", "0" * 500, "\\"):
        assert admin.get(path, {"q": query}).status_code == 200


def test_lists_take_the_same_queries_however_long(admin):
    """Each list is asked before and after twelve more of everything: not one query more."""
    seed_demo()
    short = _queries_by_list(admin)
    for number in range(12):
        viewer = Viewer.of(start_visit(widget=Widget.objects.get()).user)
        session = open_session(viewer=viewer, title=f"Chat {number}")
        post_message(viewer=viewer, session_id=session.pk, content="Hello")
    assert _queries_by_list(admin) == short
    assert max(short.values()) <= 14


def _queries_by_list(admin):
    counts = {}
    for path in LISTS:
        with CaptureQueriesContext(connection) as asked:
            assert admin.get(path).status_code == 200
        counts[path] = len(asked)
    return counts


def test_the_first_page_counts_honestly(admin):
    seed_demo()
    page = " ".join(admin.get("/admin/").content.decode().split())
    assert "<b>1</b> <span>waiting for a person</span>" in page
    assert "<b>2</b> <span>with a person</span>" in page
    assert "<b>0/4</b> <span>staff online</span>" in page or "0/3</b>" in page
    assert "<b>4.0</b> <span>average rating of 5</span>" in page


def test_the_first_page_of_an_empty_installation_works(admin):
    page = admin.get("/admin/").content.decode()
    assert "–" in page


def test_a_new_widgets_secret_is_shown_in_that_one_answer(admin, team):
    page = admin.post("/admin/support/widget/add/", form(team=team.pk))
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    widget = Widget.objects.get()
    secret = crypto.decrypt(widget.secret_encrypted)
    assert secret in page.content.decode()
    assert secret not in str(page.cookies)
    assert secret not in json.dumps(dict(admin.session.items()), default=str)
    for path in ("/admin/", "/admin/support/widget/", f"/admin/support/widget/{widget.pk}/change/"):
        again = admin.get(path).content.decode()
        assert secret not in again
        assert widget.secret_encrypted not in again


def test_the_form_stores_what_the_action_tidied(admin, team):
    admin.post("/admin/support/widget/add/", form(team=team.pk))
    widget = Widget.objects.get()
    assert widget.allowed_origins == ["https://shop.example", "https://other.example"]
    assert widget.color == "#aa3300"
    assert widget.greeting == {"en": "Hello", "zh-hans": "您好"}
    assert widget.suggestions == {"en": ["One?", "Two?"]}
    assert widget.business_hours == {
        "timezone": "Europe/Berlin",
        "weekly": {"mon": [["09:00", "12:30"], ["13:15", "17:00"]], "sat": [["22:00", "02:00"]]},
        "holidays": [
            {"date": "2026-12-25", "name": "Christmas"},
            {"date": "2026-12-24", "hours": [["09:00", "12:00"]]},
        ],
    }
    assert len(widget.key) >= 22


@pytest.mark.parametrize(
    "schedule",
    [
        {},
        {"timezone": "UTC", "weekly": {}},
        {
            "timezone": "Europe/Berlin",
            "weekly": {"tue": [["09:00", "24:00"]]},
            "holidays": [
                {"date": "2026-12-24", "hours": [["09:00", "12:00"]], "name": "Eve"},
                {"date": "2026-12-25"},
            ],
        },
    ],
    ids=["always", "never", "some"],
)
def test_saving_what_the_page_shows_changes_no_hours(admin, widget, schedule):
    update_widget(widget=widget, business_hours=schedule)
    path = f"/admin/support/widget/{widget.pk}/change/"
    shown = admin.get(path).context["adminform"].form
    typed = {name: shown.get_initial_for_field(field, name) for name, field in shown.fields.items()}
    typed = {name: value for name, value in typed.items() if value not in (None, False)}
    assert admin.post(path, typed).status_code == 302
    widget.refresh_from_db()
    assert widget.business_hours == schedule


def test_a_change_keeps_key_and_secret(admin, widget):
    before = widget.secret_encrypted
    page = admin.post(
        f"/admin/support/widget/{widget.pk}/change/",
        form(team=widget.team_id, name="New name", secret_encrypted="x", key="y"),
    )
    assert page.status_code == 302
    widget.refresh_from_db()
    assert (widget.name, widget.key, widget.secret_encrypted) == ("New name", "fern", before)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"color": "red; background: url(//evil.example)"},
        {"allowed_origins": "javascript:alert(1)"},
        {"allowed_origins": "*"},
        {"hours_mon": "nine to five"},
        {"hours_tue": "09:00-12:00, 11:00-13:00"},
        {"hours_wed": "25:00-26:00"},
        {"hours_timezone": "Mars"},
        {"hours_holidays": "Christmas"},
        {"hours_holidays": "2026-13-01"},
        {"hours_always": "on"},
        {"suggestions_en": "x" * 100},
        {"greeting_en": "x" * 301},
        {"position": "top"},
        {"team": "999"},
    ],
)
def test_what_is_wrong_is_said_at_its_field(admin, widget, wrong):
    before = Widget.objects.values().get()
    page = admin.post(
        f"/admin/support/widget/{widget.pk}/change/", form(team=widget.team_id) | wrong
    )
    assert page.status_code == 200
    assert page.context["adminform"].form.errors.keys() == wrong.keys()
    assert Widget.objects.values().get() == before


def test_a_new_secret_is_asked_for_and_shown_once(admin, widget, secret):
    path = f"/admin/support/widget/{widget.pk}/new-secret"
    asked = admin.get(path, follow=True)
    assert "Replace the secret" in asked.content.decode()
    widget.refresh_from_db()
    assert crypto.decrypt(widget.secret_encrypted) == secret
    shown = admin.post(asked.request["PATH_INFO"])
    widget.refresh_from_db()
    fresh = crypto.decrypt(widget.secret_encrypted)
    assert fresh != secret
    assert fresh in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]


def test_another_site_cannot_replace_the_secret(widget, secret):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ada())
    answer = client.post(f"/admin/support/widget/{widget.pk}/new-secret/")
    assert answer.status_code == 403
    widget.refresh_from_db()
    assert crypto.decrypt(widget.secret_encrypted) == secret


def test_a_widget_cannot_be_deleted(admin, widget):
    path = f"/admin/support/widget/{widget.pk}/delete/"
    assert admin.post(path, {"post": "yes"}).status_code == 403
    assert Widget.objects.exists()


def test_a_browser_can_be_ended(admin, widget):
    token = start_visit(widget=widget).visitor_token
    stored = VisitorCredential.objects.get()
    admin.post(
        "/admin/support/visitorcredential/", {"action": "end", "_selected_action": [stored.pk]}
    )
    stored.refresh_from_db()
    assert stored.revoked_at is not None
    page = admin.get("/admin/support/visitorcredential/").content.decode()
    assert stored.token_hash not in page
    assert proofs.fingerprint(token) not in page
    assert start_visit(widget=widget, visitor_token=token).user.pk != stored.user_id


def test_an_empty_list_says_why_it_is_empty(admin):
    page = admin.get("/admin/gate/release/").content.decode()
    assert "Nothing here yet" in page
    assert "What you add stands here." in page
    assert "Reset filters" not in page
    page = admin.get("/admin/gate/release/?q=nowhere").content.decode()
    assert "Nothing is like that" in page
    assert "Reset filters" in page
    page = admin.get("/admin/sessions_app/message/").content.decode()
    assert "It comes by itself" in page


@pytest.mark.parametrize(("path", "status"), [("/admin/nowhere/", 404), ("USER", 403)])
def test_who_goes_astray_gets_a_page_and_a_program_gets_the_problem(admin, path, status):
    path = f"/admin/accounts/user/{cast.ada().pk}/delete/" if path == "USER" else path
    page = admin.get(path, HTTP_ACCEPT="text/html,*/*;q=0.8")
    assert (page.status_code, page["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert page["X-Request-ID"] in page.content.decode()
    told = admin.get(path, HTTP_ACCEPT="*/*")
    assert (told.status_code, told["Content-Type"]) == (status, "application/problem+json")
    assert told.json()["status"] == status


def test_the_interface_never_answers_with_a_page(admin):
    told = admin.get("/api/v1/nowhere", HTTP_ACCEPT="text/html")
    assert told.json()["code"] == "NOT_FOUND"

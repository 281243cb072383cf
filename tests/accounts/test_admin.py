"""The admin pages of people, teams, devices and keys."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.test import Client

from accounts.actions import make_api_key
from accounts.models import ApiKey, RefreshFamily, Team, User
from tests.accounts.helpers import AUTH, bearer, log_in, problem
from tests.cast import PASSWORD, ada, ben, mia, vic

pytestmark = pytest.mark.django_db
NEW = "a quite different phrase"


@pytest.fixture
def desk() -> Client:
    """A browser in which Ada is logged in."""
    client = Client()
    client.force_login(ada())
    return client


def form(user: User, **changes: object) -> dict[str, object]:
    """What the page of a person sends."""
    fields = ("username", "email", "display_name", "role", "avatar", "locale", "timezone", "theme")
    sent = {field: getattr(user, field) or "" for field in fields}
    return {**sent, "is_active": "on", **changes}


def choose(action: str, *rows: object) -> dict[str, object]:
    return {"action": action, "_selected_action": [row.pk for row in rows]}  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", ["user", "team", "refreshfamily", "apikey"])
def test_each_list_opens_and_can_be_searched(desk, model):
    log_in(vic())
    make_api_key(name="CRM", user=ben())
    Team.objects.create(name="Care", slug="care")
    for query in ("", "?q=vic", "?q=%27%22%3Cscript%3E%25", "?q=" + "a" * 500):
        page = desk.get(f"/admin/accounts/{model}/{query}")
        assert page.status_code == 200, query


@pytest.mark.parametrize("somebody", [ben, vic])
def test_only_admins_get_in(somebody):
    client = Client()
    client.force_login(somebody())
    answer = client.get("/admin/accounts/user/")
    assert answer.status_code == 302
    assert "/admin/login/" in answer["Location"]


def test_an_admin_who_was_disabled_is_out_at_once(desk):
    User.objects.create_superuser("root")
    User.objects.filter(username="ada").update(is_active=False)
    assert desk.get("/admin/accounts/user/").status_code == 302


def test_no_page_shows_a_hash_or_a_token(desk):
    _, body = log_in(vic(), token_transport="body")
    user, family = vic(), RefreshFamily.objects.get(user=vic())
    key, _ = make_api_key(name="CRM", user=user)
    pages = [
        f"/admin/accounts/user/{user.pk}/change/",
        f"/admin/accounts/user/{user.pk}/password/",
        "/admin/accounts/user/",
        f"/admin/accounts/refreshfamily/{family.pk}/change/",
        "/admin/accounts/refreshfamily/",
        f"/admin/accounts/apikey/{key.pk}/change/",
        "/admin/accounts/apikey/",
    ]
    for path in pages:
        text = desk.get(path).content.decode()
        for secret in ("argon2", user.password, key.hash, family.tokens.get().hash):
            assert secret not in text, path
        assert body["refresh_token"] not in text


def test_a_person_is_made_with_a_password_typed_twice(desk):
    sent = {
        "username": "nia",
        "email": "",
        "display_name": "Nia",
        "role": "agent",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "usable_password": "true",
    }
    answer = desk.post("/admin/accounts/user/add/", sent)
    assert answer.status_code == 302, answer.content.decode()
    nia = User.objects.get(username="nia")
    assert (nia.role, nia.email, nia.is_superuser) == ("agent", None, False)
    assert nia.check_password(PASSWORD)


def test_changes_are_stored_and_another_role_brings_its_rights(desk):
    answer = desk.post(
        f"/admin/accounts/user/{vic().pk}/change/",
        form(vic(), role="admin", display_name="Victoria"),
    )
    assert answer.status_code == 302, answer.content.decode()
    assert (vic().role, vic().is_superuser, vic().name) == ("admin", True, "Victoria")


def test_a_taken_name_is_an_error_on_the_form(desk):
    mia()
    for changes in ({"email": "MIA@example.com"}, {"username": "Mia"}):
        answer = desk.post(f"/admin/accounts/user/{vic().pk}/change/", form(vic(), **changes))
        assert answer.status_code == 200
        assert "taken" in answer.content.decode() or "exists" in answer.content.decode()


def test_a_form_that_disables_ends_the_persons_devices(desk):
    client, _ = log_in(vic())
    sent = form(vic())
    del sent["is_active"]
    assert desk.post(f"/admin/accounts/user/{vic().pk}/change/", sent).status_code == 302
    assert problem(client.get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_REVOKED")
    assert RefreshFamily.objects.get(user=vic()).ended_why == "disabled"


@pytest.mark.parametrize("changes", [{"role": "agent"}, {"is_active": ""}])
def test_the_last_admin_cannot_give_up(desk, changes):
    answer = desk.post(f"/admin/accounts/user/{ada().pk}/change/", form(ada(), **changes))
    assert answer.status_code == 200
    assert "last active admin" in answer.content.decode()
    assert (ada().role, ada().is_active) == ("admin", True)


def test_people_are_disabled_from_the_list_but_not_the_last_admin(desk):
    client, _ = log_in(vic())
    page = desk.post("/admin/accounts/user/", choose("disable", vic(), ada()), follow=True)
    assert "last active admin" in page.content.decode()
    assert (vic().is_active, ada().is_active) == (False, True)
    assert problem(client.get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_REVOKED")


def test_people_are_logged_out_and_unlocked_from_the_list(desk):
    client, _ = log_in(vic())
    for _ in range(5):
        wrong = {"username": "vic@example.com", "password": "wrong"}
        Client().post(f"{AUTH}/login", wrong, "application/json")
    desk.post("/admin/accounts/user/", choose("log_out_everywhere", vic()))
    assert client.get(f"{AUTH}/me").status_code == 401
    desk.post("/admin/accounts/user/", choose("unlock", vic()))
    body = {"username": "vic@example.com", "password": PASSWORD}
    assert Client().post(f"{AUTH}/login", body, "application/json").status_code == 200


def test_a_password_set_by_an_admin_ends_the_devices(desk):
    client, _ = log_in(vic())
    sent = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    answer = desk.post(f"/admin/accounts/user/{vic().pk}/password/", sent)
    assert answer.status_code == 302, answer.content.decode()
    assert vic().check_password(NEW)
    assert problem(client.get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_REVOKED")


@pytest.mark.parametrize("model", ["user", "refreshfamily", "apikey"])
def test_nothing_is_deleted(desk, model):
    log_in(vic())
    make_api_key(name="CRM", user=vic())
    row = apps.get_model("accounts", model)._default_manager.last()
    assert row is not None
    assert (
        desk.post(f"/admin/accounts/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    assert "delete_selected" not in desk.get(f"/admin/accounts/{model}/").content.decode()


def test_devices_can_only_be_ended(desk):
    client, _ = log_in(vic())
    family = RefreshFamily.objects.get(user=vic())
    assert desk.get("/admin/accounts/refreshfamily/add/").status_code == 403
    desk.post(f"/admin/accounts/refreshfamily/{family.pk}/change/", {"ip": "1.1.1.1"})
    family.refresh_from_db()
    assert family.ip != "1.1.1.1"
    desk.post("/admin/accounts/refreshfamily/", choose("end", family))
    assert problem(client.get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_REVOKED")


def test_a_key_is_shown_once_works_and_is_revoked(desk):
    sent = {
        "name": "CRM",
        "user": ben().pk,
        "scope": "read",
        "expires_at_0": "",
        "expires_at_1": "",
    }
    page = desk.post("/admin/accounts/apikey/add/", sent, follow=True)
    found = re.search(r"cc_[\w-]{43}", page.content.decode())
    assert found, page.content.decode()
    reader = bearer("")
    reader.credentials(HTTP_AUTHORIZATION=f"Api-Key {found[0]}")
    assert reader.get(f"{AUTH}/me").json()["username"] == "ben"
    assert found[0] not in desk.get("/admin/accounts/apikey/").content.decode()
    desk.post("/admin/accounts/apikey/", choose("revoke", ApiKey.objects.get()))
    assert problem(reader.get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_REVOKED")


def test_markup_in_a_name_stays_text(desk):
    vic()
    User.objects.filter(username="vic").update(display_name="<script>alert(1)</script>{{7*7}}")
    text = desk.get("/admin/accounts/user/").content.decode()
    assert "<script>alert(1)" not in text
    assert "{{7*7}}" in text

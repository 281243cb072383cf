"""The console and the admin pages share one sign-in: in here is in there, and out as well."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.timezone import now

from accounts import actions
from accounts.models import RefreshFamily, User
from tests.accounts.helpers import AUTH, bearer, problem
from tests.cast import PASSWORD, ada, ben

pytestmark = pytest.mark.django_db
NEW = "a quite different phrase"
PEOPLE = "/admin/accounts/user/"
OWN = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
FOREIGN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


def post(browser: Client, path: str, body: Any = None, **headers: str) -> Any:
    """What a page of ours sends to the API."""
    return browser.post(f"{AUTH}{path}", body or {}, "application/json", headers={**OWN, **headers})


def console(user: User, browser: Client | None = None) -> tuple[Client, str]:
    """A browser that signed in at the console, and its access token."""
    browser = browser or Client()
    answer = post(browser, "/login", {"username": user.username, "password": PASSWORD})
    assert answer.status_code == 200, answer.content
    return browser, answer.json()["access_token"]


def admin_form(user: User, browser: Client | None = None, password: str = PASSWORD) -> Client:
    """A browser that signed in at the admin's own form, with its CSRF token."""
    browser = browser or Client(enforce_csrf_checks=True)
    browser.get("/admin/login/")
    sent = {
        "username": user.username,
        "password": password,
        "next": "/admin/",
        "csrfmiddlewaretoken": browser.cookies["csrftoken"].value,
    }
    browser.post("/admin/login/", sent)
    return browser


def is_in(browser: Client, path: str = PEOPLE) -> bool:
    """Whether the admin opens without asking who it is."""
    answer = browser.get(path)
    assert answer.status_code in (200, 302)
    return answer.status_code == 200


def test_who_signs_in_at_the_console_is_in_the_admin():
    browser, _ = console(ada())
    assert is_in(browser)
    assert is_in(browser, "/admin/gate/release/")
    assert browser.cookies["sessionid"]["httponly"]
    assert browser.cookies["sessionid"]["samesite"] == "Lax"


def test_who_signs_in_at_the_admin_is_in_the_console():
    browser = admin_form(ada())
    assert is_in(browser)
    assert browser.cookies["rt"]["httponly"]
    assert browser.cookies["rt"]["path"] == "/api/v1/auth"
    answer = post(browser, "/refresh")
    assert answer.json()["user"]["username"] == "ada"
    assert is_in(browser)
    assert RefreshFamily.objects.count() == 1


def test_a_browser_that_kept_only_its_token_is_in_the_admin_after_renewing():
    browser, _ = console(ada())
    del browser.cookies["sessionid"]
    assert not is_in(browser)
    assert post(browser, "/refresh").status_code == 200
    assert is_in(browser)


def test_renewing_makes_no_second_session():
    browser, _ = console(ada())
    name = browser.cookies["sessionid"].value
    for _ in range(3):
        assert post(browser, "/refresh").status_code == 200
    assert browser.cookies["sessionid"].value == name
    assert Session.objects.count() == 1


def test_an_agent_gets_no_session_and_takes_an_admins_away():
    browser, _ = console(ben())
    assert "sessionid" not in browser.cookies
    assert not is_in(browser)
    shared, _ = console(ada())
    assert is_in(shared)
    console(ben(), shared)
    assert not is_in(shared)


# What ends it


def leave_console(browser: Client, _: str) -> None:
    assert post(browser, "/logout").status_code == 204


def leave_by_token(_: Client, token: str) -> None:
    assert bearer(token).post(f"{AUTH}/logout").status_code == 204


def end_the_device(browser: Client, token: str) -> None:
    device = RefreshFamily.objects.get(ended_at=None)
    assert bearer(token).delete(f"{AUTH}/devices/{device.pk}").status_code == 204


def use_a_spent_token(browser: Client, _: str) -> None:
    spent = browser.cookies["rt"].value
    assert post(browser, "/refresh").status_code == 200
    RefreshFamily.objects.get().tokens.update(grace_until=now() - dt.timedelta(minutes=1))
    thief = Client()
    thief.cookies["rt"] = spent
    assert problem(post(thief, "/refresh")) == (401, "AUTH_TOKEN_REVOKED")


def change_the_password_elsewhere(_: Client, __: str) -> None:
    _, token = console(ada())
    body = {"current_password": PASSWORD, "new_password": NEW}
    answer = bearer(token).post(f"{AUTH}/change-password", body, format="json")
    assert answer.status_code == 204, answer.content


def be_disabled(_: Client, __: str) -> None:
    User.objects.create_superuser("root")
    actions.disable(user_id=ada().pk)


def be_logged_out_by_an_admin(_: Client, __: str) -> None:
    actions.end_devices(user_id=ada().pk, why=actions.Ended.ENDED)


def lose_the_role(_: Client, __: str) -> None:
    User.objects.create_superuser("root")
    person = ada()
    person.role = "agent"
    actions.edit_person(user=person)


def wait_ninety_days(_: Client, __: str) -> None:
    RefreshFamily.objects.update(expires_at=now())


def be_idle(_: Client, __: str) -> None:
    RefreshFamily.objects.update(last_used_at=now() - dt.timedelta(days=15))


def be_swept(_: Client, __: str) -> None:
    RefreshFamily.objects.all().delete()


ENDINGS = [
    leave_console,
    leave_by_token,
    end_the_device,
    use_a_spent_token,
    change_the_password_elsewhere,
    be_disabled,
    be_logged_out_by_an_admin,
    lose_the_role,
    wait_ninety_days,
    be_idle,
    be_swept,
]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda one: one.__name__)
def test_the_admin_closes_with_the_device(ending):
    browser, token = console(ada())
    assert is_in(browser)
    ending(browser, token)
    assert not is_in(browser)


def test_leaving_the_admin_ends_the_device():
    browser, token = console(ada())
    assert bearer(token).get(f"{AUTH}/me").status_code == 200
    answer = browser.post("/admin/logout/")
    assert answer.cookies["rt"].value == ""
    assert problem(bearer(token).get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_REVOKED")
    assert RefreshFamily.objects.get().ended_why == "logout"
    assert not is_in(browser)


def test_other_devices_stay():
    here, _ = console(ada())
    there, _ = console(ada())
    post(here, "/logout")
    assert not is_in(here)
    assert is_in(there)


# Passwords


def test_a_new_password_leaves_the_device_that_changed_it_in_the_admin():
    here, token = console(ada())
    there, _ = console(ada())
    name = here.cookies["sessionid"].value
    body = {"current_password": PASSWORD, "new_password": NEW}
    answer = here.post(
        f"{AUTH}/change-password",
        body,
        "application/json",
        headers={**OWN, "Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 204, answer.content
    assert is_in(here)
    assert here.cookies["sessionid"].value != name
    assert not is_in(there)


def own_password(browser: Client, old: str) -> Any:
    sent = {"old_password": old, "new_password1": NEW, "new_password2": NEW}
    return browser.post("/admin/password_change/", sent)


def test_the_admins_own_page_ends_every_other_device():
    here, token = console(ada())
    there, _ = console(ada())
    assert here.get("/admin/password_change/").status_code == 200
    answer = own_password(here, PASSWORD)
    assert answer["Location"] == "/admin/password_change/done/"
    assert ada().check_password(NEW)
    assert is_in(here)
    assert bearer(token).get(f"{AUTH}/me").status_code == 200
    assert not is_in(there)


def test_guesses_at_the_admins_own_page_count():
    browser, _ = console(ada())
    for _ in range(5):
        assert "incorrectly" in own_password(browser, "wrong").content.decode()
    assert "Too many failed" in own_password(browser, PASSWORD).content.decode()
    assert ada().check_password(PASSWORD)


def test_an_admin_who_sets_their_own_password_among_the_people_stays():
    here, _ = console(ada())
    there, _ = console(ada())
    sent = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert here.post(f"{PEOPLE}{ada().pk}/password/", sent).status_code == 302
    assert is_in(here)
    assert not is_in(there)


# What must not be possible


def test_a_planted_session_is_not_taken_over():
    ada()
    attacker = admin_form(ada())
    victim = Client()
    victim.cookies["sessionid"] = attacker.cookies["sessionid"].value
    console(ada(), victim)
    assert victim.cookies["sessionid"].value != attacker.cookies["sessionid"].value
    planted = Client()
    planted.cookies["sessionid"] = "planted0planted0planted0planted0"
    console(ada(), planted)
    assert planted.cookies["sessionid"].value != "planted0planted0planted0planted0"


def test_the_form_gives_a_session_a_new_name_also_for_the_same_person():
    browser = admin_form(ada())
    name = browser.cookies["sessionid"].value
    admin_form(ada(), browser)
    assert browser.cookies["sessionid"].value != name
    stale = Client()
    stale.cookies["sessionid"] = name
    assert not is_in(stale)
    assert list(RefreshFamily.objects.order_by("pk").values_list("ended_why", flat=True)) == [
        "replaced",
        "",
    ]


def test_a_session_opens_no_api():
    browser, _ = console(ada())
    assert is_in(browser)
    assert problem(browser.get(f"{AUTH}/me", headers=OWN)) == (401, "AUTH_TOKEN_INVALID")
    assert browser.get("/api/v1/chat/sessions", headers=OWN).status_code == 401


def test_forms_of_the_admin_still_need_their_token():
    browser, _ = console(ada(), Client(enforce_csrf_checks=True))
    assert is_in(browser)
    assert browser.post("/admin/logout/").status_code == 403
    assert is_in(browser)


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://partner.example"}])
def test_programs_and_partners_of_the_api_get_no_session(headers, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://partner.example"]
    browser = Client()
    body = {"username": ada().username, "password": PASSWORD}
    answer = browser.post(f"{AUTH}/login", body, "application/json", headers=headers)
    assert answer.status_code == 200
    assert "rt" in answer.cookies
    assert "sessionid" not in answer.cookies


def test_another_site_signs_nobody_in():
    browser = Client()
    body = {"username": ada().username, "password": PASSWORD}
    answer = browser.post(f"{AUTH}/login", body, "application/json", headers=FOREIGN)
    assert answer.status_code == 403
    assert not answer.cookies


def test_a_token_in_the_body_comes_with_no_session():
    browser = Client()
    body = {"username": ada().username, "password": PASSWORD, "token_transport": "body"}
    answer = browser.post(f"{AUTH}/login", body, "application/json", headers=OWN)
    assert answer.status_code == 200
    assert not answer.cookies


def test_a_wrong_password_at_the_form_begins_nothing():
    browser = admin_form(ada(), password="wrong")
    assert not is_in(browser)
    assert not RefreshFamily.objects.exists()
    assert not Session.objects.exists()


def test_an_agent_gets_nothing_at_the_form():
    browser = admin_form(ben())
    assert not is_in(browser)
    assert "rt" not in browser.cookies
    assert not RefreshFamily.objects.exists()

"""Five failures lock a name for fifteen minutes, whichever door is used."""

import datetime as dt
from collections import Counter
from functools import partial

import pytest
from django.test import Client as Browser
from rest_framework.test import APIClient

from accounts import lockout
from accounts.models import LoginAttempts
from chatsite.lib import clock
from tests.accounts.helpers import AUTH, at_once, log_in, problem
from tests.cast import PASSWORD, ada, ben, vic

WRONG = (401, "AUTH_INVALID_CREDENTIALS")
LOCKED = (429, "AUTH_ACCOUNT_LOCKED")


def guess(name: str, password: str = "wrong", client: APIClient | None = None):
    return (client or APIClient()).post(
        f"{AUTH}/login", {"username": name, "password": password}, format="json"
    )


def later(monkeypatch, minutes: float) -> None:
    moment = clock.now() + dt.timedelta(minutes=minutes)
    monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["vic", "nobody", "nobody@example.com"])
def test_the_sixth_guess_is_refused_for_known_and_unknown_names(name):
    vic()
    answers = [guess(name) for _ in range(6)]
    assert [problem(answer) for answer in answers] == [WRONG] * 5 + [LOCKED]
    assert 890 <= int(answers[5]["Retry-After"]) <= 900


@pytest.mark.django_db
def test_the_right_password_does_not_open_a_locked_name():
    vic()
    for _ in range(5):
        guess("vic")
    assert problem(guess("vic", PASSWORD)) == LOCKED


@pytest.mark.django_db
def test_spellings_of_a_name_share_one_count():
    spellings = ["Nobody", "nobody ", "NOBODY", "ｎｏｂｏｄｙ", "  nobody"]
    assert [problem(guess(name)) for name in spellings] == [WRONG] * 5
    assert problem(guess("nobody")) == LOCKED


@pytest.mark.django_db
def test_the_lock_ends_by_itself(monkeypatch):
    vic()
    for _ in range(5):
        guess("vic")
    later(monkeypatch, 14.9)
    assert problem(guess("vic", PASSWORD)) == LOCKED
    later(monkeypatch, 0.2)
    assert guess("vic", PASSWORD).status_code == 200


@pytest.mark.django_db
def test_success_forgets_the_failures_before_it():
    vic()
    for _ in range(2):
        for _ in range(4):
            assert problem(guess("vic")) == WRONG
        assert guess("vic", PASSWORD).status_code == 200


@pytest.mark.django_db
def test_a_forwarded_address_that_nobody_vouches_for_changes_nothing(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login_failures_ip": (3, 900)}
    liars = [APIClient(HTTP_X_FORWARDED_FOR=f"203.0.113.{i}") for i in range(4)]
    answers = [guess(f"name{i}", client=liar) for i, liar in enumerate(liars)]
    assert [problem(answer) for answer in answers] == [WRONG] * 3 + [(429, "RATE_LIMITED")]


@pytest.mark.django_db
def test_a_network_is_counted_over_all_names_and_refused_alone(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login_failures_ip": (3, 900)}
    vic()
    for i in range(3):
        guess(f"name{i}")
    refused = guess("vic", PASSWORD)
    assert problem(refused) == (429, "RATE_LIMITED")
    assert int(refused["Retry-After"]) >= 1
    elsewhere = APIClient(REMOTE_ADDR="198.51.100.9")
    assert guess("vic", PASSWORD, elsewhere).status_code == 200


@pytest.mark.django_db
def test_logging_in_often_from_one_network_is_no_failure(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login_failures_ip": (3, 900)}
    vic()
    assert [guess("vic", PASSWORD).status_code for _ in range(6)] == [200] * 6


@pytest.mark.django_db
def test_a_stranger_cannot_lock_the_owner_out_of_a_known_device():
    owner, _ = log_in(vic())
    owner.credentials()
    for _ in range(6):
        guess("vic")
    assert problem(guess("vic")) == LOCKED
    assert guess("vic", PASSWORD, owner).status_code == 200


@pytest.mark.django_db
def test_a_known_device_is_locked_by_its_own_failures_and_counts_for_all():
    owner, _ = log_in(vic())
    assert [problem(guess("vic", client=owner)) for _ in range(5)] == [WRONG] * 5
    assert problem(guess("vic", PASSWORD, owner)) == LOCKED
    assert problem(guess("vic", PASSWORD)) == LOCKED


@pytest.mark.django_db
def test_a_known_device_of_another_person_or_a_forged_one_is_worth_nothing():
    eves, _ = log_in(ben())
    for _ in range(5):
        guess("vic", client=eves)
    assert problem(guess("vic", client=eves)) == LOCKED
    eves.cookies["kd"] = "eyJ1IjoxLCJkIjoiYSJ9:1vXXXX:forged"
    assert problem(guess("vic", client=eves)) == LOCKED


@pytest.mark.django_db
def test_changing_the_password_is_no_way_around():
    client, _ = log_in(vic())
    body = {"current_password": "wrong", "new_password": "another fine phrase"}
    answers = [client.post(f"{AUTH}/change-password", body, format="json") for _ in range(6)]
    assert [problem(answer) for answer in answers] == [WRONG] * 5 + [LOCKED]


@pytest.mark.django_db
def test_the_admin_page_shares_the_lock():
    ada()
    browser = Browser()
    form = {"username": "ada", "password": "wrong", "next": "/admin/"}
    for _ in range(3):
        page = browser.post("/admin/login/", form)
        assert "Too many" not in page.content.decode()
    for _ in range(2):
        assert problem(guess("ada")) == WRONG
    page = browser.post("/admin/login/", {**form, "password": PASSWORD})
    assert page.status_code == 200
    assert "Too many failed sign-ins. Try again in 15 minutes." in page.content.decode()
    assert problem(guess("ada", PASSWORD)) == LOCKED


@pytest.mark.django_db
def test_the_admin_page_opens_with_the_right_password():
    ada()
    answer = Browser().post(
        "/admin/login/", {"username": "ada@example.com", "password": PASSWORD, "next": "/admin/"}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


@pytest.mark.django_db
def test_no_name_is_stored_as_typed():
    guess("my secret passphrase")
    assert all(len(row.key) == 64 for row in LoginAttempts.objects.all())


@pytest.mark.django_db(transaction=True)
def test_of_fifty_parallel_guesses_exactly_five_are_evaluated(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login_ip": (1000, 60)}
    vic()
    answers = at_once([lambda: problem(guess("vic"))] * 50)
    assert Counter(answers) == {WRONG: 5, LOCKED: 45}
    row = LoginAttempts.objects.get(key=lockout.account_limit("vic").key)
    assert (row.failed, row.pending) == (5, 0)


@pytest.mark.django_db(transaction=True)
def test_one_guess_is_left_after_four_however_many_try(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login_ip": (1000, 60)}
    for _ in range(4):
        guess("nobody")
    answers = at_once([lambda: problem(guess("nobody"))] * 50)
    assert Counter(answers) == {WRONG: 1, LOCKED: 49}


@pytest.mark.django_db(transaction=True)
def test_parallel_logins_of_the_owner_all_succeed(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login_ip": (1000, 60)}
    vic()
    answers = at_once([lambda: guess("vic", PASSWORD).status_code] * 20)
    assert answers == [200] * 20


@pytest.mark.django_db(transaction=True)
def test_a_network_limit_is_exact_too(settings):
    settings.RATE_LIMITS = {
        **settings.RATE_LIMITS,
        "login_ip": (1000, 60),
        "login_failures_ip": (7, 900),
    }
    answers = at_once([partial(guess, f"name{i}") for i in range(30)])
    assert Counter(map(problem, answers)) == {WRONG: 7, (429, "RATE_LIMITED"): 23}


@pytest.mark.django_db
def test_a_place_of_a_process_that_died_comes_back(monkeypatch):
    limit = lockout.account_limit("vic")
    vic()
    for _ in range(5):
        assert lockout._try_place(limit)
    assert not lockout._try_place(limit)
    later(monkeypatch, 1.1)
    assert guess("vic", PASSWORD).status_code == 200

"""GET /support/team: whom a chat can be handed to. Staff only."""

import pytest

from accounts.tokens import issue_access
from accounts.viewer import Viewer
from sessions_app.actions import claim, open_session
from sessions_app.models import Presence
from tests import cast

PATH = "/api/v1/support/team"


def ask(browser, user):
    return browser.get(PATH, headers={"Authorization": f"Bearer {issue_access(user)}"})


def test_an_agent_sees_all_teams_and_the_own_colleagues(browser, team, other_team):
    cast.ada()
    body = ask(browser, cast.ben()).json()
    assert [(t["name"], t["mine"]) for t in body["teams"]] == [("Sales", False), ("Support", True)]
    assert [a["name"] for a in body["agents"]] == ["Ada", "Ben"]


def test_an_admin_sees_everybody_who_answers(browser, team, other_team):
    cast.vic()
    body = ask(browser, cast.ada()).json()
    assert [a["name"] for a in body["agents"]] == ["Ada", "Bea", "Ben"]


def test_tells_who_is_there_and_how_much_they_have(browser, team):
    session = open_session(viewer=Viewer.of(cast.vic()))
    claim(viewer=Viewer.of(cast.ben()), session_id=session.pk)
    Presence.objects.create(user=cast.ben(), status="away")
    cast.ada()
    ada, ben = ask(browser, cast.ben()).json()["agents"]
    assert (ada["status"], ada["online"], ada["open_chats"]) == ("offline", False, 0)
    assert (ben["status"], ben["online"], ben["open_chats"]) == ("away", True, 1)


def test_tells_no_addresses_and_no_customers(browser, team):
    answer = ask(browser, cast.ben())
    cast.vic()
    assert "@" not in answer.content.decode()
    assert "Vic" not in answer.content.decode()


def test_to_customers_it_does_not_exist(browser, db):
    answer = ask(browser, cast.vic())
    assert answer.status_code == 404
    assert answer.json()["code"] == "NOT_FOUND"


def test_nobody_is_asked_to_sign_in(browser, db):
    answer = browser.get(PATH)
    assert answer.status_code == 401
    assert answer.json()["code"] == "AUTH_TOKEN_INVALID"


@pytest.mark.django_db
def test_takes_the_same_few_queries_for_many(browser, team, django_assert_max_num_queries):
    from accounts.models import User

    for number in range(30):
        team.members.add(
            User.objects.create(username=f"a{number}", role="agent", email=f"a{number}@example.com")
        )
    with django_assert_max_num_queries(10):
        ask(browser, cast.ben())

"""What became of chats."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Team
from accounts.viewer import Viewer
from sessions_app import actions
from sessions_app.models import ChatSession, Message
from tests import cast
from tests.kernel import Rest, code
from tests.llm.stats.samples import FROM, answer, models

pytestmark = pytest.mark.django_db
PERIOD = {"since": "2026-10-20", "to": "2026-10-29"}


@pytest.fixture
def team() -> Team:
    """Ben's team."""
    team = Team.objects.create(name="Help", slug="help", is_default=True)
    cast.ben().teams.add(team)
    return team


def chat(*, person: bool, rating: int | None, team: Team, wait_s: int = 60) -> ChatSession:
    """A closed chat of the time looked at, which waited so long for a person, if one came."""
    customer, agent = Viewer.of(cast.vic()), Viewer.of(cast.ben())
    opened = actions.open_session(viewer=customer, team_id=team.pk)
    actions.post_message(viewer=customer, session_id=opened.pk, content="Hello?")
    if person:
        actions.request_human(session_id=opened.pk, reason="asked")
        actions.claim(viewer=agent, session_id=opened.pk)
        actions.post_message(viewer=agent, session_id=opened.pk, content="Hello!")
    actions.close(viewer=agent, session_id=opened.pk)
    if rating is not None:
        actions.rate(viewer=customer, session_id=opened.pk, score=rating)
    _move(opened, FROM, wait_s)
    return opened


def _move(session: ChatSession, to: datetime, wait_s: int) -> None:
    ChatSession.objects.filter(pk=session.pk).update(
        created_at=to, closed_at=to + timedelta(hours=1)
    )
    for message in Message.objects.filter(session=session):
        late = wait_s if message.sender_kind == "agent" else 0
        Message.objects.filter(pk=message.pk).update(created_at=to + timedelta(seconds=late))


def test_chats_add_up(ask: Any, team: Team) -> None:
    (model,) = models("Ant")
    chats = [
        chat(person=False, rating=5, team=team),
        chat(person=True, rating=2, team=team, wait_s=30),
        chat(person=True, rating=None, team=team, wait_s=90),
    ]
    answer(model, session=chats[0])
    answer(model, session=chats[0], status="failed")
    total = ask("conversations", **PERIOD).json()["total"]
    assert total == {
        "opened": 3,
        "assistant_replies": 1,
        "handoffs": 2,
        "closed": 3,
        "without_person": 1,
        "deflection": pytest.approx(1 / 3),
        "rating": {"avg": 3.5, "n": 2},
        "first_response_s": {"p50": 60.0, "n": 2},
    }


def test_every_figure_of_chats_opens_its_rows(ask: Any, team: Team) -> None:
    (model,) = models("Ant")
    lone = chat(person=False, rating=5, team=team)
    chat(person=True, rating=2, team=team)
    chat(person=True, rating=None, team=team)
    answer(model, session=lone)
    total = ask("conversations", **PERIOD).json()["total"]
    expected = {
        "opened": total["opened"],
        "closed": total["closed"],
        "without_person": total["without_person"],
        "rated": total["rating"]["n"],
        "answered": total["first_response_s"]["n"],
        "handoffs": total["handoffs"],
        "replies": total["assistant_replies"],
    }
    assert all(expected.values())
    for name, count in expected.items():
        page = ask("chats", **PERIOD, outcome=name, limit=200).json()
        assert (name, len(page["results"]), page["next"]) == (name, count, None)
    (row,) = ask("chats", **PERIOD, outcome="without_person").json()["results"]
    assert (row["session_id"], row["rating"]) == (str(lone.pk), 5)


def test_chats_come_page_by_page(ask: Any, team: Team) -> None:
    made = {str(chat(person=False, rating=None, team=team).pk) for _ in range(3)}
    first = ask("chats", **PERIOD, outcome="opened", limit=2).json()
    rest = ask("chats", **PERIOD, outcome="opened", limit=2, cursor=first["next"]).json()
    assert rest["next"] is None
    assert {row["session_id"] for row in first["results"] + rest["results"]} == made
    assert code(ask("chats", **PERIOD)) == (400, "VALIDATION_FAILED")
    assert code(ask("chats", **PERIOD, outcome="opened", cursor="x")) == (400, "VALIDATION_FAILED")


def test_agents_open_the_chats_of_their_teams(ask: Any, team: Team) -> None:
    chat(person=False, rating=4, team=team)
    rows = [
        len(ask("chats", who=who(), **PERIOD, outcome="opened").json()["results"])
        for who in (cast.ada, cast.ben, cast.bea)
    ]
    assert rows == [1, 1, 0]


def test_staff_only(ask: Any) -> None:
    assert code(ask("chats", who=cast.vic(), outcome="opened")) == (403, "PERMISSION_DENIED")
    assert code(Rest(None).get("/stats/chats?outcome=opened")) == (401, "AUTH_TOKEN_INVALID")


def test_days_say_when(ask: Any, team: Team) -> None:
    chat(person=False, rating=4, team=team)
    (day,) = ask("conversations", **PERIOD, interval="day").json()["intervals"]
    assert (day["start"], day["opened"], day["rating"]["n"]) == ("2026-10-20T00:00:00.000Z", 1, 1)


def test_agents_count_the_chats_of_their_teams(ask: Any, team: Team) -> None:
    chat(person=False, rating=4, team=team)
    count = {
        who: ask("conversations", who=who(), **PERIOD).json()["total"]["opened"]
        for who in (cast.ada, cast.ben, cast.bea)
    }
    assert list(count.values()) == [1, 1, 0]


def test_nothing_is_no_number(ask: Any) -> None:
    total = ask("conversations", **PERIOD).json()["total"]
    assert total["deflection"] is total["rating"]["avg"] is total["first_response_s"]["p50"] is None

"""What became of drafts, from the request to the customer's rating."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Team
from accounts.viewer import Viewer
from llm import turns
from llm.models import Answer, ModelConfig, Turn
from sessions_app import actions
from sessions_app.models import ChatSession, Message
from tests import cast
from tests.llm.stats.samples import FROM, answer, models

pytestmark = pytest.mark.django_db
PERIOD = {"since": "2026-10-20", "to": "2026-10-29"}
DRAFT = "Your parcel left yesterday."


@pytest.fixture
def chat() -> ChatSession:
    """A customer's chat that Ben has taken."""
    team = Team.objects.create(name="Help", slug="help", is_default=True)
    cast.ben().teams.add(team)
    opened = actions.open_session(viewer=Viewer.of(cast.vic()), team_id=team.pk)
    actions.post_message(viewer=Viewer.of(cast.vic()), session_id=opened.pk, content="Where is it?")
    actions.claim(viewer=Viewer.of(cast.ben()), session_id=opened.pk)
    return opened


def drafted(chat: ChatSession, *asked: ModelConfig) -> Turn:
    """A draft of each model, asked for at the beginning of the period."""
    turn = Turn.objects.create(
        kind="draft", session=chat, created_at=FROM, finished_at=FROM, blind=True
    )
    for slot, model in enumerate(asked):
        answer(model, FROM, turn=turn, slot=slot, purpose="draft", text=DRAFT)
    return turn


def sent(chat: ChatSession, turn: Turn, text: str, *, slot: int = 0, after_s: int = 30) -> Message:
    """Ben sends what he made of a draft."""
    ben = Viewer.of(cast.ben())
    message = actions.post_message(viewer=ben, session_id=chat.pk, content=text).message
    turns.use_draft(viewer=ben, turn_id=turn.pk, slot=slot, message_id=message.pk)
    Message.objects.filter(pk=message.pk).update(created_at=FROM + timedelta(seconds=after_s))
    return message


def of(ask: Any, name: str, **query: Any) -> dict[str, Any]:
    """The figures of a model's drafts."""
    results = ask(**PERIOD, **query).json()["results"]
    found: dict[str, Any] = {one["model"]: one for one in results}[name]["drafts"]
    return found


def test_what_was_shown_sent_changed_and_liked_is_counted(ask: Any, chat: ChatSession) -> None:
    ant, bee = models("Ant", "Bee")
    sent(chat, drafted(chat, ant, bee), DRAFT, after_s=20)
    sent(chat, drafted(chat, ant), DRAFT + " Ben", after_s=40)
    drafted(chat, ant)
    actions.close(viewer=Viewer.of(cast.ben()), session_id=chat.pk)
    actions.rate(viewer=Viewer.of(cast.vic()), session_id=chat.pk, score=4)
    assert of(ask, "Ant") == {
        "shown": 3,
        "sent": 2,
        "sent_rate": pytest.approx(2 / 3),
        "unchanged": 1,
        "edit_distance": {"p50": 2.0, "n": 2},
        "sent_after_s": {"p50": 30.0, "n": 2},
        "rating": {"avg": 4.0, "n": 2},
        "closed": 2,
        "reopened": 0,
        "reopened_rate": 0.0,
    }
    assert (of(ask, "Bee")["shown"], of(ask, "Bee")["sent"]) == (1, 0)
    assert of(ask, "Bee")["rating"]["avg"] is None


def test_only_what_came_after_the_message_counts(ask: Any, chat: ChatSession) -> None:
    (ant,) = models("Ant")
    vic, ben = Viewer.of(cast.vic()), Viewer.of(cast.ben())
    actions.close(viewer=ben, session_id=chat.pk)
    actions.rate(viewer=vic, session_id=chat.pk, score=1)
    actions.reopen(viewer=vic, session_id=chat.pk)
    sent(chat, drafted(chat, ant), DRAFT)
    found = of(ask, "Ant")
    assert (found["rating"]["n"], found["closed"], found["reopened"]) == (0, 0, 0)
    actions.close(viewer=ben, session_id=chat.pk)
    actions.reopen(viewer=vic, session_id=chat.pk)
    actions.rate(viewer=vic, session_id=chat.pk, score=5)
    found = of(ask, "Ant")
    assert (found["rating"], found["closed"], found["reopened"]) == ({"avg": 5.0, "n": 1}, 1, 1)


def test_a_failed_draft_was_shown_to_nobody(ask: Any, chat: ChatSession) -> None:
    (ant,) = models("Ant")
    turn = drafted(chat, ant)
    Answer.objects.filter(turn=turn).update(status="failed")
    assert of(ask, "Ant")["shown"] == 0


def test_every_figure_of_drafts_opens_its_rows(ask: Any, chat: ChatSession) -> None:
    ant, bee = models("Ant", "Bee")
    sent(chat, drafted(chat, ant, bee), DRAFT)
    actions.close(viewer=Viewer.of(cast.ben()), session_id=chat.pk)
    actions.rate(viewer=Viewer.of(cast.vic()), session_id=chat.pk, score=4)
    actions.reopen(viewer=Viewer.of(cast.vic()), session_id=chat.pk)
    for name in ("shown", "sent", "unchanged", "rated", "closed", "reopened"):
        page = ask("answers", **PERIOD, outcome=name, model=ant.pk).json()
        assert (name, len(page["results"])) == (name, 1)
    (row,) = ask("answers", **PERIOD, outcome="sent").json()["results"]
    assert row["sent"] == {
        "edit_distance": 0,
        "after_s": 30.0,
        "rating": 4,
        "closed": True,
        "reopened": True,
    }


def test_the_table_has_them_too(ask: Any, chat: ChatSession) -> None:
    (ant,) = models("Ant")
    sent(chat, drafted(chat, ant), DRAFT + " Ben")
    found = ask(**PERIOD, format="csv").content.decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(found))
    assert (line["drafts_shown"], line["drafts_sent"], line["draft_edit_distance_p50"]) == (
        "1",
        "1",
        "4",
    )
    assert float(line["draft_sent_after_s_p50"]) == 30


def test_drafts_of_a_deleted_model_keep_its_name(ask: Any, chat: ChatSession) -> None:
    (ant,) = models("Ant")
    sent(chat, drafted(chat, ant), DRAFT)
    ant.delete()
    assert of(ask, "Ant")["sent"] == 1


def test_other_kinds_have_no_drafts(ask: Any, chat: ChatSession) -> None:
    (ant,) = models("Ant")
    drafted(chat, ant)
    answer(ant)
    assert of(ask, "Ant", purpose="reply")["shown"] == 0
    assert of(ask, "Ant", purpose="people")["shown"] == 1

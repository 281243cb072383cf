"""Hours that were counted once are what counting them anew says, whatever happened since."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command

from accounts.models import Team
from accounts.viewer import Viewer
from chatsite.lib import clock
from llm import turns
from llm.models import Answer, ModelConfig, Tally, Turn
from llm.stats import hours, stamps
from llm.stats.times import Times
from llm.tasks import count_hours
from sessions_app import actions
from tests import cast
from tests.llm.stats.samples import FROM, answer, comparison, counted, models, thousand

pytestmark = pytest.mark.django_db
PERIOD = {"since": "2026-10-20", "to": "2026-10-29"}
# By day, by hour, in half-hour zones, and as a whole.
QUERIES: list[dict[str, str]] = [
    {},
    {"interval": "day"},
    {"interval": "day", "tz": "Asia/Kolkata"},
    {"interval": "hour", "tz": "America/New_York"},
    {"since": "2026-10-21T10:20:00Z", "to": "2026-10-24T07:45:30Z"},
    {"purpose": "draft"},
]


@pytest.fixture
def rows() -> list[Answer]:
    """Answers of ten days, none of which runs any more."""
    made = thousand(random.Random(5), models("Ant", "Bee"), count=300)
    Answer.objects.filter(status="running").update(status="stopped")
    return made


def seen(ask: Any) -> list[Any]:
    """All that the figures say."""
    return [ask(**{**PERIOD, **query}).json() for query in QUERIES]


def test_what_was_kept_says_what_was_counted(ask: Any, rows: list[Answer]) -> None:
    first = seen(ask)
    assert Tally.objects.count() > 200  # hours, of ten days
    assert seen(ask) == first
    Tally.objects.all().delete()
    assert seen(ask) == first
    assert hours.differing(Tally.objects.values_list("hour", flat=True)) == []


def test_kept_hours_are_read_and_not_counted_again(ask: Any, rows: list[Answer]) -> None:
    seen(ask)
    first = Tally.objects.get(hour=FROM)
    # Proof that it is what is read: what nobody asked for is told all the same.
    Tally.objects.filter(pk=first.pk).update(cells='[[null,"Ghost","reply",{"done":7},{},[],[]]]')
    assert "Ghost" in {one["model"] for one in ask(**PERIOD).json()["results"]}


def numbers(packed: str) -> list[int]:
    """What was packed, as an older release kept it."""
    times = Times()
    times.extend(packed)
    found: list[int] = times.ascending.tolist()
    return found


def test_hours_that_an_older_release_kept_are_read(ask: Any, rows: list[Answer]) -> None:
    first = seen(ask)
    for kept in Tally.objects.all():
        lines = orjson.loads(kept.cells)
        for line in lines:
            line[5:7] = [numbers(packed) for packed in line[5:7]]
        Tally.objects.filter(pk=kept.pk).update(cells=orjson.dumps(lines).decode())
    assert seen(ask) == first
    assert hours.differing(Tally.objects.values_list("hour", flat=True)) == []


def test_stamps_of_hours_add_up_to_that_of_all(rows: list[Answer]) -> None:
    span = (FROM, FROM + timedelta(days=12))
    each = stamps.stamps(span)
    assert len(each) > 20
    assert stamps.total(span) == stamps.added(each.values())
    turn = Turn.objects.filter(created_at__lt=span[1]).latest("created_at")
    Turn.objects.filter(pk=turn.pk).update(finished_at=clock.now())
    assert stamps.total(span) != stamps.added(each.values())
    Turn.objects.filter(pk=turn.pk).update(finished_at=None)
    assert stamps.total(span) is None


def test_deleted_answers_are_missed(ask: Any, rows: list[Answer]) -> None:
    seen(ask)
    gone = [row.pk for row in rows if row.purpose == "reply"][:40]
    Answer.objects.filter(pk__in=gone).delete()
    total = ask(**PERIOD).json()["total"]
    left = list(Answer.objects.all())
    expected = counted(left)
    assert total["requests"] == expected["requests"]
    assert total["latency_ms"] == pytest.approx(expected["latency_ms"])
    assert total["cost"] == expected["cost"]


def test_an_hour_with_a_running_answer_is_not_kept(ask: Any) -> None:
    (ant,) = models("Ant")
    made = answer(ant, FROM, status="running")
    assert ask(**PERIOD).json()["total"]["open"] == 1
    assert not Tally.objects.filter(hour=FROM).exists()
    Answer.objects.filter(pk=made.pk).update(status="done", latency_ms=70)
    assert ask(**PERIOD).json()["total"]["latency_ms"]["p50"] == 70
    assert Tally.objects.filter(hour=FROM).exists()


def test_the_present_is_never_kept(ask: Any) -> None:
    (ant,) = models("Ant")
    now = clock.now()
    answer(ant, now)
    assert ask().json()["total"]["requests"] == 1
    assert not Tally.objects.filter(hour__gte=now - timedelta(hours=1)).exists()
    answer(ant, clock.now())
    assert ask().json()["total"]["requests"] == 2


def test_one_that_comes_late_is_counted(ask: Any) -> None:
    (ant,) = models("Ant")
    answer(ant, FROM)
    assert ask(**PERIOD).json()["total"]["requests"] == 1
    answer(ant, FROM + timedelta(minutes=7))
    assert ask(**PERIOD).json()["total"]["requests"] == 2


def chosen(ask: Any) -> dict[str, Any]:
    """What people made of Ant's answers."""
    results = {one["model"]: one for one in ask(**PERIOD).json()["results"]}
    return {"picked": results["Ant"]["picked"]["picked"], **results["Ant"]["drafts"]}


def test_what_is_picked_and_sent_later_is_counted(ask: Any) -> None:
    """Each deed makes figures differ that were kept before it."""
    ant, bee = models("Ant", "Bee")
    team = Team.objects.create(name="Help", slug="help", is_default=True)
    cast.ben().teams.add(team)
    vic, ben = Viewer.of(cast.vic()), Viewer.of(cast.ben())
    chat = actions.open_session(viewer=vic, team_id=team.pk)
    actions.claim(viewer=ben, session_id=chat.pk)
    turn = comparison(ant, bee, text="Hello.")
    Turn.objects.filter(pk=turn.pk).update(session=chat)
    seen: list[dict[str, Any]] = []

    def differs(name: str, value: Any) -> None:
        seen.append(chosen(ask))
        assert seen[-1][name] == value
        assert seen[-1] not in seen[-2:-1]
        assert Tally.objects.filter(hour=FROM).exists()
        assert hours.differing([FROM]) == []

    differs("picked", 0)
    turns.pick(viewer=ben, turn_id=turn.pk, slot=1)
    assert chosen(ask)["picked"] == 0
    turns.pick(viewer=ben, turn_id=turn.pk, slot=0)
    differs("picked", 1)
    message = actions.post_message(viewer=ben, session_id=chat.pk, content="Hello!").message
    turns.use_draft(viewer=ben, turn_id=turn.pk, slot=0, message_id=message.pk)
    differs("sent", 1)
    actions.close(viewer=ben, session_id=chat.pk)
    differs("closed", 1)
    actions.rate(viewer=vic, session_id=chat.pk, score=2)
    differs("rating", {"avg": 2.0, "n": 1})
    actions.rate(viewer=vic, session_id=chat.pk, score=5)
    differs("rating", {"avg": 5.0, "n": 1})
    actions.reopen(viewer=ben, session_id=chat.pk)
    differs("reopened", 1)
    turns.use_draft(viewer=ben, turn_id=turn.pk, slot=1, message_id=message.pk)
    differs("sent", 0)


def test_an_hour_with_a_turn_that_is_asked_again_is_not_kept(ask: Any) -> None:
    ant, bee = models("Ant", "Bee")
    turn = comparison(ant, bee, picked=0, text="Hello.")
    assert chosen(ask)["picked"] == 1
    turns.retry(viewer=Viewer.of(cast.ada()), turn_id=turn.pk, slot=0)
    assert chosen(ask)["picked"] == 0
    assert not Tally.objects.filter(hour=FROM).exists()
    Answer.objects.filter(turn=turn, status="queued").update(status="done", text="Hi.")
    Turn.objects.filter(pk=turn.pk).update(finished_at=clock.now())
    assert chosen(ask)["shown"] == 1
    assert Tally.objects.filter(hour=FROM).exists()
    assert hours.differing([FROM]) == []


def test_a_model_that_is_deleted_or_renamed_later_is_known(ask: Any) -> None:
    ant, bee = models("Ant", "Bee")
    answer(ant)
    answer(bee)
    ask(**PERIOD)
    ant.delete()
    ModelConfig.objects.filter(pk=bee.pk).update(name="Bee II")
    results = {one["model"]: one["model_id"] for one in ask(**PERIOD).json()["results"]}
    assert results == {"Ant": None, "Bee II": bee.pk}
    assert hours.differing([FROM]) == []


def test_the_newest_hours_are_kept_before_anybody_asks() -> None:
    (ant,) = models("Ant")
    yesterday = clock.now() - timedelta(hours=20)
    answer(ant, yesterday)
    count_hours()
    kept = Tally.objects.get(hour=floor(yesterday))
    assert kept.answers == 1
    count_hours()
    assert Tally.objects.count() == hours.KEPT_AHEAD
    answer(ant, clock.now() - timedelta(days=3))
    count_hours()
    assert Tally.objects.count() == hours.KEPT_AHEAD + hours.KEPT_BACK


def floor(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def test_a_command_finds_and_mends_what_differs(
    ask: Any, rows: list[Answer], capsys: pytest.CaptureFixture[str]
) -> None:
    ask(**PERIOD)
    call_command("tallies")
    wrong = Tally.objects.exclude(answers=0).order_by("hour")[0]
    Tally.objects.filter(pk=wrong.pk).update(cells="[]")
    with pytest.raises(CommandError, match="1 of"):
        call_command("tallies")
    assert f"{wrong.hour:%Y-%m-%d %H:00} differs" in capsys.readouterr().out
    call_command("tallies", "--mend")
    assert Tally.objects.get(pk=wrong.pk).cells == wrong.cells
    call_command("tallies")

"""Every figure opens the rows it was counted from."""

from __future__ import annotations

import random
from typing import Any

import pytest

from accounts.models import Team
from llm.models import Answer, ModelConfig, Turn
from tests import cast
from tests.kernel import code
from tests.llm.stats.samples import FROM, answer, comparison, models, session, thousand

pytestmark = pytest.mark.django_db
PERIOD = {"since": "2026-10-20", "to": "2026-10-29"}


def read_all(ask: Any, **query: Any) -> list[dict[str, Any]]:
    """Every row, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = ask("answers", **PERIOD, **query, **({"cursor": cursor} if cursor else {})).json()
        found += page["results"]
        cursor = page["next"]
    return found


def test_pages_bring_every_row_once_the_newest_first(ask: Any) -> None:
    rows = thousand(random.Random(5), models("Ant", "Bee"))
    found = read_all(ask, limit=200)
    assert {row["id"] for row in found} == {str(row.pk) for row in rows}
    assert len(found) == len(rows)
    assert [row["created_at"] for row in found] == sorted(
        (row["created_at"] for row in found), reverse=True
    )


def test_every_figure_opens_as_many_rows_as_it_says(ask: Any) -> None:
    thousand(random.Random(5), models("Ant", "Bee"))
    bee = ModelConfig.objects.get(name="Bee")
    figures = ask(**PERIOD, model=bee.pk).json()["total"]
    expected = {
        name: figures[name]
        for name in ("requests", "done", "failed", "handoff", "stopped", "superseded", "open")
    }
    expected |= {f"refused_{name}": count for name, count in figures["refused"].items()}
    expected |= {"picked": figures["picked"]["picked"], "beside": figures["picked"]["n"]}
    expected |= {
        "grounded": figures["unsupported"]["n"],
        "unsupported": figures["unsupported"]["unsupported"],
        "shown": figures["drafts"]["shown"],
    }
    opened = {name: len(read_all(ask, outcome=name, model=bee.pk, limit=200)) for name in expected}
    assert opened == expected
    assert all(expected.values())


def test_a_deleted_models_rows_can_be_opened(ask: Any) -> None:
    gone, other = models("Gone", "Gone too")
    answer(gone)
    answer(other)
    ModelConfig.objects.all().delete()
    (row,) = read_all(ask, deleted_model="Gone")
    assert (row["model"], row["model_id"]) == ("Gone", None)


def test_picks_of_a_deleted_model_are_kept_by_its_name_and_open_their_rows(ask: Any) -> None:
    gone, stays = models("Gone", "Stays")
    for number in range(3):
        comparison(gone, stays, picked=number % 2)
    gone.delete()
    results = {one["model"]: one for one in ask(**PERIOD).json()["results"]}
    assert results["Gone"]["model_id"] is None
    assert (results["Gone"]["picked"]["picked"], results["Gone"]["picked"]["n"]) == (2, 3)
    assert (results["Stays"]["picked"]["picked"], results["Stays"]["picked"]["n"]) == (1, 3)
    assert len(read_all(ask, outcome="picked", deleted_model="Gone")) == 2
    assert len(read_all(ask, outcome="beside", deleted_model="Gone")) == 3


def test_two_deleted_models_stood_beside_each_other(ask: Any) -> None:
    comparison(*models("Gone", "Gone too"), picked=1)
    ModelConfig.objects.all().delete()
    results = {one["model"]: one["picked"] for one in ask(**PERIOD).json()["results"]}
    assert (results["Gone"]["n"], results["Gone too"]["picked"]) == (1, 1)


# Asked blindly


def test_a_blind_row_names_no_model_before_one_is_picked(ask: Any) -> None:
    ant, bee = models("Ant", "Bee")
    turn = comparison(ant, bee, prices={"currency": "USD"}, cost="0.5")
    Turn.objects.filter(pk=turn.pk).update(blind=True)
    page = ask("answers", **PERIOD)
    assert "Ant" not in page.content.decode()
    told = [(r["model"], r["model_id"], r["cost"], r["hidden"]) for r in page.json()["results"]]
    assert told == [(None, None, None, True)] * 2
    Turn.objects.filter(pk=turn.pk).update(picked_slot=0, picked_at=FROM)
    rows = ask("answers", **PERIOD).json()["results"]
    assert {row["model"] for row in rows} == {"Ant", "Bee"}
    assert {row["hidden"] for row in rows} == {False}


def test_a_list_of_one_model_counts_its_blind_rows_without_showing_them(ask: Any) -> None:
    ant, bee = models("Ant", "Bee")
    Turn.objects.filter(pk=comparison(ant, bee).pk).update(blind=True)
    comparison(ant, bee, picked=0)
    for query in ({"model": ant.pk}, {"model": ant.pk, "outcome": "beside"}):
        page = ask("answers", **PERIOD, **query).json()
        assert (len(page["results"]), page["hidden"]) == (1, 1)
    assert ask("answers", **PERIOD).json()["hidden"] == 0
    ant.delete()
    page = ask("answers", **PERIOD, deleted_model="Ant").json()
    assert (len(page["results"]), page["hidden"]) == (1, 1)


def test_no_row_has_a_word_of_what_was_said(ask: Any) -> None:
    (model,) = models("Ant")
    answer(model, text="Your secret parcel", error_reason="")
    assert "secret" not in ask("answers", **PERIOD).content.decode()


def test_chats_that_one_may_not_see_stay_unnamed(ask: Any) -> None:
    mine = Team.objects.create(name="Mine", slug="mine")
    cast.ben().teams.add(mine)
    (model,) = models("Ant")
    seen = answer(model, session=session(team=mine), status="handoff", error_reason="Wants it.")
    unseen = answer(model, status="handoff", error_reason="Has a secret.")
    rows = {row["id"]: row for row in ask("answers", who=cast.ben(), **PERIOD).json()["results"]}
    assert rows[str(seen.pk)]["session_id"] == str(seen.session_id)
    assert rows[str(seen.pk)]["reason"] == "Wants it."
    assert rows[str(unseen.pk)]["session_id"] is None
    assert rows[str(unseen.pk)]["reason"] == ""


def test_a_row_says_whether_it_was_picked(ask: Any) -> None:
    ant, bee = models("Ant", "Bee")
    comparison(ant, bee, picked=1)
    comparison(ant, bee)
    picked = {row["picked"] for row in read_all(ask)}
    assert picked == {True, False, None}


def test_a_retried_answer_counts_but_was_not_picked(ask: Any) -> None:
    ant, bee = models("Ant", "Bee")
    turn = comparison(ant, bee, picked=0)
    old = Answer.objects.get(turn=turn, slot=0)
    Answer.objects.filter(pk=old.pk).update(is_current=False)
    answer(ant, turn=turn, slot=0, purpose="draft")
    assert len(read_all(ask, outcome="requests", model=ant.pk)) == 2
    assert len(read_all(ask, outcome="picked", model=ant.pk)) == 1


@pytest.mark.parametrize(
    "query",
    [{"cursor": "x"}, {"cursor": "WzEsMl0="}, {"outcome": "great"}, {"limit": 0}, {"limit": 201}],
)
def test_bad_parameters_say_so(ask: Any, query: dict[str, Any]) -> None:
    assert code(ask("answers", **query)) == (400, "VALIDATION_FAILED")

"""Figures by model equal what plain Python counts from the same rows."""

from __future__ import annotations

import csv
import io
import random
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from accounts.tokens import issue_access
from llm.models import Answer, ModelConfig, Turn
from tests import cast
from tests.kernel import code
from tests.llm.stats.samples import FROM, answer, comparison, counted, models, thousand

pytestmark = pytest.mark.django_db
PERIOD = {"since": "2026-10-20", "to": "2026-10-29"}


@pytest.fixture
def rows() -> list[Answer]:
    """A thousand answers of three models."""
    return thousand(random.Random(11), models("Ant", "Bee", "Cat"))


def agree(figures: dict[str, Any], rows: list[Answer]) -> None:
    """Say where figures differ from what is counted from rows."""
    for name, value in counted(rows).items():
        assert figures[name] == (pytest.approx(value) if name != "cost" else value), name


def by_name(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["model"]: one for one in body["results"]}


# The whole and its parts


def test_a_thousand_mixed_answers_add_up_by_model_and_in_all(ask: Any, rows: list[Answer]) -> None:
    body = ask(**PERIOD).json()
    agree(body["total"], rows)
    assert set(by_name(body)) == {"Ant", "Bee", "Cat"}
    for name, figures in by_name(body).items():
        agree(figures, [row for row in rows if row.model_label == name])


def test_a_thousand_mixed_answers_add_up_by_day_of_the_zone(ask: Any, rows: list[Answer]) -> None:
    zone = ZoneInfo("Asia/Kolkata")
    body = ask(**PERIOD, interval="day", tz="Asia/Kolkata").json()
    days = {
        (name, part["start"]): part
        for name, figures in by_name(body).items()
        for part in figures["intervals"]
    }
    expected: dict[tuple[str, str], list[Answer]] = {}
    for row in rows:
        midnight = row.created_at.astimezone(zone).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        if midnight.isoformat()[:10] <= "2026-10-29" and midnight.isoformat()[:10] >= "2026-10-20":
            start = midnight.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            expected.setdefault((row.model_label, start), []).append(row)
    assert set(days) == set(expected)
    for key, part in days.items():
        assert part["requests"] == counted_requests(expected[key])
        done = [row.latency_ms for row in expected[key] if row.status == "done"]
        assert part["latency_ms"]["n"] == len([one for one in done if one is not None])


def counted_requests(rows: list[Answer]) -> int:
    return sum(row.error_reason not in ("budget", "busy") for row in rows)


def test_one_model_and_one_purpose_can_be_looked_at(ask: Any, rows: list[Answer]) -> None:
    model = ModelConfig.objects.get(name="Bee")
    body = ask(**PERIOD, model=model.pk, purpose="draft").json()
    assert list(by_name(body)) == ["Bee"]
    agree_on = [row for row in rows if row.model_label == "Bee" and row.purpose == "draft"]
    assert body["total"]["requests"] == counted_requests(agree_on)
    assert body["total"]["handoff_rate"] is None


def test_what_people_asked_for_is_all_but_replays(ask: Any) -> None:
    (model,) = models("Ant")
    answer(model)
    answer(model, purpose="replay")
    requests = {
        purpose: ask(**PERIOD, **({"purpose": purpose} if purpose else {})).json()["total"][
            "requests"
        ]
        for purpose in ("", "people", "reply", "replay")
    }
    assert requests == {"": 2, "people": 1, "reply": 1, "replay": 1}


@pytest.mark.parametrize("interval", ["hour", "day", "week"])
def test_intervals_add_up_to_the_whole(ask: Any, rows: list[Answer], interval: str) -> None:
    body = ask(**PERIOD, interval=interval, tz="America/New_York").json()
    for figures in body["results"]:
        parts = figures["intervals"]
        for name in ("requests", "done", "failed", "stopped"):
            assert sum(part[name] for part in parts) == figures[name]
        assert sum(part["tokens"]["total"] for part in parts) == figures["tokens"]["total"]
        assert sum(part["latency_ms"]["n"] for part in parts) == figures["latency_ms"]["n"]


def test_percentiles_are_those_of_postgresql(ask: Any, rows: list[Answer], request: Any) -> None:
    from django.db import connection

    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no percentiles of its own")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY latency_ms)"
            " FROM llm_answer WHERE status = 'done'"
        )
        (found,) = cursor.fetchone()
    latency = ask(**PERIOD).json()["total"]["latency_ms"]
    assert [latency["p50"], latency["p95"]] == pytest.approx(found)


# What counts as what


def test_nothing_is_no_number(ask: Any) -> None:
    total = ask(**PERIOD).json()["total"]
    assert (total["requests"], total["cost"]) == (0, {})
    assert total["success_rate"] is total["picked_rate"] is total["handoff_rate"] is None
    assert total["latency_ms"] == {"avg": None, "p50": None, "p95": None, "n": 0}


def test_refusals_stops_and_handovers_are_no_failures(ask: Any) -> None:
    (model,) = models("Ant")
    for status, reason in (
        ("done", ""),
        ("failed", "timeout"),
        ("failed", "budget"),
        ("failed", "busy"),
        ("stopped", "stop"),
        ("superseded", "newer"),
        ("handoff", "Wants a person."),
    ):
        answer(model, status=status, error_reason=reason)
    total = ask(**PERIOD).json()["total"]
    assert (total["requests"], total["success_rate"], total["handoff_rate"]) == (5, 0.5, 0.5)
    assert total["refused"] == {"budget": 1, "admission": 1}


def test_a_chat_handed_over_without_a_model_is_no_request(ask: Any) -> None:
    answer(None, status="handoff", error_reason="asked")
    assert ask(**PERIOD).json()["results"] == []


def test_a_deleted_model_keeps_its_figures_and_its_name(ask: Any) -> None:
    (model,) = models("Gone")
    answer(model)
    model.delete()
    (figures,) = ask(**PERIOD).json()["results"]
    assert (figures["model_id"], figures["model"], figures["done"]) == (None, "Gone", 1)


def test_the_end_is_not_inside_and_the_beginning_is(ask: Any) -> None:
    (model,) = models("Ant")
    for at in (FROM - timedelta(microseconds=1), FROM, FROM + timedelta(hours=1)):
        answer(model, at)
    body = ask(since="2026-10-20T00:00:00Z", to="2026-10-20T01:00:00Z").json()
    assert body["total"]["requests"] == 1


def test_both_hours_of_the_night_the_clocks_go_back_are_kept_apart(ask: Any) -> None:
    (model,) = models("Ant")
    for hour in (0, 1):  # 02:30 in Paris, twice
        answer(model, FROM.replace(day=25, hour=hour, minute=30))
    query = {"since": "2026-10-25", "to": "2026-10-25", "tz": "Europe/Paris"}
    (hours,) = ask(**query, interval="hour").json()["results"]
    assert [part["start"][11:16] for part in hours["intervals"]] == ["00:00", "01:00"]
    (days,) = ask(**query, interval="day").json()["results"]
    assert [(day["start"], day["end"]) for day in days["intervals"]] == [
        ("2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z")
    ]


# Picked


def test_picks_are_counted_where_another_model_stood_beside(ask: Any) -> None:
    ant, bee = models("Ant", "Bee")
    comparison(ant, bee, picked=0)
    comparison(bee, ant, picked=1)
    comparison(ant, bee)  # nobody picked
    comparison(ant, picked=0)  # alone
    comparison(ant, ant, picked=0)  # beside itself
    Turn.objects.filter(pk=comparison(ant, bee, picked=1).pk).update(finished_at=None)
    found = by_name(ask(**PERIOD).json())
    assert (found["Ant"]["picked"]["picked"], found["Ant"]["picked"]["n"]) == (2, 3)
    assert (found["Ant"]["picked_rate"], found["Bee"]["picked_rate"]) == (pytest.approx(2 / 3), 0)


def test_a_failed_slot_could_not_be_picked_and_leaves_nothing_to_compare(ask: Any) -> None:
    ant, bee = models("Ant", "Bee")
    turn = comparison(ant, bee, picked=0)
    Answer.objects.filter(turn=turn, slot=1).update(status="failed")
    assert by_name(ask(**PERIOD).json())["Ant"]["picked"]["n"] == 0


def test_a_rate_has_wilsons_interval_and_says_whether_it_is_enough(ask: Any) -> None:
    ant, bee = models("Ant", "Bee")
    for number in range(10):
        comparison(ant, bee, picked=0 if number < 8 else 1)
        if number == 8:
            assert not by_name(ask(**PERIOD).json())["Ant"]["picked"]["enough"]
    picked = by_name(ask(**PERIOD).json())["Ant"]["picked"]
    assert picked == {
        "picked": 8,
        "n": 10,
        # R: binom::binom.wilson(8, 10)
        "low": pytest.approx(0.4901625, abs=1e-6),
        "high": pytest.approx(0.9433178, abs=1e-6),
        "enough": True,
    }


# As a table


def test_the_table_has_the_same_numbers(ask: Any, rows: list[Answer]) -> None:
    found = ask(**PERIOD, format="csv")
    assert found["Content-Type"] == "text/csv; charset=utf-8"
    table = {line["model"]: line for line in read_csv(found)}
    for name, figures in by_name(ask(**PERIOD).json()).items():
        assert int(table[name]["requests"]) == figures["requests"]
        assert float(table[name]["latency_p95_ms"]) == figures["latency_ms"]["p95"]
        assert table[name]["cost_EUR"] == figures["cost"]["EUR"]


def test_the_table_by_day_has_a_line_for_each_model_and_day(ask: Any, rows: list[Answer]) -> None:
    lines = read_csv(ask(**PERIOD, format="csv", interval="day"))
    assert len(lines) == 3 * 10
    assert sum(int(line["requests"]) for line in lines) == counted_requests(rows)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1"])
def test_no_name_becomes_a_formula(ask: Any, name: str) -> None:
    (model,) = models(name)
    answer(model)
    (line,) = read_csv(ask(**PERIOD, format="csv"))
    assert line["model"] == f"'{name}"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/csv", "text/csv"),
        ("text/csv;q=0.9, application/json;q=0.8", "text/csv"),
        ("application/json, text/csv", "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml", "application/json"),
        ("image/png", "application/json"),
        ("nonsense", "application/json"),
    ],
)
def test_whatever_a_client_accepts_it_gets_figures(accept: str, kind: str) -> None:
    token = issue_access(cast.ada())
    headers = {"Authorization": f"Bearer {token}", "Accept": accept}
    found = Client().get("/api/v1/stats/usage", headers=headers)
    assert (found.status_code, found["Content-Type"].split(";")[0]) == (200, kind)
    table = Client().get("/api/v1/stats/usage?format=csv", headers=headers)
    assert (table.status_code, table["Content-Type"]) == (200, "text/csv; charset=utf-8")


def read_csv(found: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(found.content.decode("utf-8-sig"))))


# Who may, and how


@pytest.mark.parametrize("path", ["usage", "answers", "conversations"])
def test_staff_only(ask: Any, path: str) -> None:
    assert code(ask(path, who=cast.vic())) == (403, "PERMISSION_DENIED")
    assert code(Client().get(f"/api/v1/stats/{path}")) == (401, "AUTH_TOKEN_INVALID")
    assert ask(path, who=cast.ben()).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"since": "0001-01-01"},
        {"to": "9999-12-31"},
        {"to": "2026-13-01"},
        {"since": "2026-10-21", "to": "2026-10-20"},
        {"since": "2020-01-01", "to": "2026-01-01"},
        {"since": "2026-01-01", "to": "2026-10-01", "interval": "hour"},
        {"interval": "month"},
        {"tz": "Mars/Olympus"},
        {"tz": "../../etc/passwd"},
        {"tz": "Europe"},
        {"tz": "\0"},
        {"model": "x"},
        {"model": "99999999999999999999"},
        {"purpose": "fun"},
        {"format": "xml"},
    ],
)
def test_bad_parameters_say_so(ask: Any, query: dict[str, str]) -> None:
    assert code(ask(**query)) == (400, "VALIDATION_FAILED")


def test_a_model_that_is_not_there_says_so(ask: Any) -> None:
    assert code(ask(model=4711)) == (404, "MODEL_NOT_FOUND")

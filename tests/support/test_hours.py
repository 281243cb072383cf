"""Business hours: pure functions, tried at the edges of days, holidays and clock changes."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from support.hours import InvalidSchedule, Status, is_open, next_opening, parse, status

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
OFFICE = {
    "timezone": "Europe/London",
    "weekly": {day: [["09:00", "12:30"], ["13:15", "17:30"]] for day in WEEKDAYS},
    "holidays": [
        {"date": "2026-12-25", "name": "Christmas"},
        {"date": "2026-12-24", "hours": [["09:00", "12:00"]]},
    ],
}


def at(text, zone="Europe/London", fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T08:59:59", False),
        ("2026-11-23T09:00", True),
        ("2026-11-23T12:29:59", True),
        ("2026-11-23T12:30", False),
        ("2026-11-23T13:15", True),
        ("2026-11-23T17:30", False),
        ("2026-11-22T10:00", False),
        ("2026-12-25T10:00", False),
        ("2026-12-24T11:59", True),
        ("2026-12-24T14:00", False),
    ],
)
def test_intervals_include_their_start_and_exclude_their_end(moment, expected):
    assert is_open(parse(OFFICE), at=at(moment)) is expected


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-11-23T06:00", "2026-11-23T09:00"),
        ("2026-11-23T12:45", "2026-11-23T13:15"),
        ("2026-11-20T18:00", "2026-11-23T09:00"),
        ("2026-12-24T12:00", "2026-12-28T09:00"),
    ],
)
def test_next_opening_passes_breaks_weekends_and_holidays(moment, opens):
    assert next_opening(parse(OFFICE), at=at(moment)) == at(opens)


def test_no_schedule_is_always_open():
    assert status({}, at=at("2026-12-25T03:00")) == Status(open=True, next_open_at=None)


def test_a_desk_that_never_opens_says_so_instead_of_searching_for_ever():
    never = {"timezone": "UTC", "weekly": {}}
    assert status(never, at=at("2026-11-21T03:00")) == Status(open=False, next_open_at=None)


def test_open_desk_names_no_next_opening():
    assert status(OFFICE, at=at("2026-11-23T10:00")) == Status(open=True, next_open_at=None)


def test_an_interval_past_midnight_belongs_to_the_day_it_begins_on():
    bar = parse({"timezone": "UTC", "weekly": {"sat": [["22:00", "02:00"]]}})
    assert is_open(bar, at=at("2026-11-22T01:59", "UTC"))
    assert not is_open(bar, at=at("2026-11-22T02:00", "UTC"))
    assert not is_open(bar, at=at("2026-11-21T01:00", "UTC"))


def test_round_the_clock_has_no_gap_at_midnight():
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    always = parse(
        {"timezone": "America/New_York", "weekly": {d: [["00:00", "24:00"]] for d in days}}
    )
    start = datetime(2026, 3, 6, tzinfo=UTC)
    moments = (start + timedelta(minutes=7 * step) for step in range(1000))
    assert all(is_open(always, at=moment) for moment in moments)


def test_a_break_that_ends_where_the_next_interval_begins_is_no_break():
    schedule = parse(
        {"timezone": "UTC", "weekly": {"mon": [["09:00", "12:00"], ["12:00", "17:00"]]}}
    )
    assert is_open(schedule, at=at("2026-11-23T12:00", "UTC"))


NIGHT = {"timezone": "America/New_York", "weekly": {"sun": [["01:30", "02:30"]]}}


def test_an_hour_that_happens_twice_is_open_both_times():
    # 2026-11-01: at 02:00 the clock goes back to 01:00.
    schedule = parse(NIGHT)
    first, second = (
        at("2026-11-01T01:45", NIGHT["timezone"]),
        at("2026-11-01T01:45", NIGHT["timezone"], fold=1),
    )
    assert second - first == timedelta(hours=1)
    assert is_open(schedule, at=first)
    assert is_open(schedule, at=second)
    assert not is_open(schedule, at=at("2026-11-01T02:30", NIGHT["timezone"]))


def test_a_time_that_does_not_happen_is_the_moment_the_clock_jumps():
    # 2026-03-08: 02:00 becomes 03:00; closing at 02:30 is that very moment.
    schedule = parse(NIGHT)
    assert is_open(schedule, at=at("2026-03-08T01:59:59", NIGHT["timezone"]))
    assert not is_open(schedule, at=at("2026-03-08T03:00", NIGHT["timezone"]))


def test_opening_inside_the_missing_hour_opens_when_the_clock_jumps():
    schedule = parse({"timezone": "America/New_York", "weekly": {"sun": [["02:30", "05:00"]]}})
    jump = at("2026-03-08T03:00", "America/New_York")
    assert next_opening(schedule, at=jump - timedelta(hours=3)) == jump
    assert is_open(schedule, at=jump)


def test_an_interval_wholly_inside_the_missing_hour_does_not_happen():
    schedule = parse({"timezone": "America/New_York", "weekly": {"sun": [["02:10", "02:50"]]}})
    before = at("2026-03-08T00:00", "America/New_York")
    assert next_opening(schedule, at=before) == at("2026-03-15T02:10", "America/New_York")


def test_a_zone_that_skips_a_whole_day_is_survived():
    # Samoa left out 2011-12-30.
    schedule = parse({"timezone": "Pacific/Apia", "weekly": {"fri": [["09:00", "17:00"]]}})
    found = next_opening(schedule, at=at("2011-12-29T20:00", "Pacific/Apia"))
    assert found is not None
    assert found > at("2011-12-29T20:00", "Pacific/Apia")


def _random_schedule(dice):
    zone = dice.choice(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
    weekly = {}
    for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"):
        marks = sorted(dice.sample(range(0, 24 * 60, 15), dice.choice([0, 2, 4, 6])))
        times = [f"{mark // 60:02}:{mark % 60:02}" for mark in marks]
        weekly[day] = [list(pair) for pair in zip(times[::2], times[1::2], strict=True)]
    return {"timezone": zone, "weekly": weekly, "holidays": [{"date": "2026-03-09"}]}


@pytest.mark.parametrize("seed", range(60))
def test_next_opening_is_the_first_open_moment(seed):
    """Whatever the schedule: open at the next opening, closed at every minute before it."""
    dice = random.Random(seed)
    schedule = parse(_random_schedule(dice))
    start = datetime(2026, dice.choice([3, 4, 10, 11]), dice.randint(1, 28), tzinfo=UTC)
    moment = start + timedelta(minutes=dice.randrange(7 * 24 * 60))
    if is_open(schedule, at=moment):
        return
    found = next_opening(schedule, at=moment)
    if found is None:
        assert not any(schedule.weekly)
        return
    assert is_open(schedule, at=found)
    minutes = min(int((found - moment).total_seconds() // 60), 3000)
    assert not any(is_open(schedule, at=moment + timedelta(minutes=m)) for m in range(minutes))


@pytest.mark.parametrize(
    "broken",
    [
        {"timezone": "Mars/Olympus"},
        {"timezone": 5},
        {"timezone": "UTC", "weekly": {"monday": []}},
        {"timezone": "UTC", "weekly": []},
        {"timezone": "UTC", "weekly": {"mon": "09:00"}},
        {"timezone": "UTC", "weekly": {"mon": [["09:00"]]}},
        {"timezone": "UTC", "weekly": {"mon": [["9:00", "17:00"]]}},
        {"timezone": "UTC", "weekly": {"mon": [["09:00", "25:00"]]}},
        {"timezone": "UTC", "weekly": {"mon": [["09:00", "09:00"]]}},
        {"timezone": "UTC", "weekly": {"mon": [["24:00", "09:00"]]}},
        {"timezone": "UTC", "weekly": {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}},
        {"timezone": "UTC", "weekly": {"mon": [["01:00", "02:00"]] * 9}},
        {"timezone": "UTC", "holidays": [{"date": "2026-13-01"}]},
        {"timezone": "UTC", "holidays": [{}]},
        {"timezone": "UTC", "holidays": ["2026-12-25"]},
        {"timezone": "UTC", "holiday": []},
        {"timezone": "UTC", "__proto__": {}},
    ],
)
def test_what_is_no_schedule_is_refused_with_a_sentence(broken):
    with pytest.raises(InvalidSchedule, match=r".+"):
        parse(broken)

"""The judge is judged first: it must find what is planted, and nothing in a clean history."""

import dataclasses
from collections.abc import Callable

import pytest

from tests.faults.checker import Row, check
from tests.faults.history import Event

Evidence = tuple[list[Event], dict[str, list[Row]]]


def clean() -> Evidence:
    """Two people, two sessions, forty sends, one of them without an answer but stored."""
    events: list[Event] = []
    table: dict[str, list[Row]] = {"s1": [], "s2": []}
    moment = 0.0
    for number in range(40):
        session, client = f"s{number % 2 + 1}", f"c{number % 4}"
        send, seq = f"m{number}", len(table[session]) + 1
        table[session].append(Row(seq, send))
        moment += 1
        events.append(Event(moment, client, "invoke", session, send))
        op = "unknown" if number == 7 else "ok"
        events.append(Event(moment + 0.5, client, op, session, send, seq if op == "ok" else 0))
        for reader in ("r1", "r2"):
            events.append(Event(moment + 0.6, reader, "deliver", session, seq=seq))
            view = tuple(row.seq for row in table[session])
            events.append(Event(moment + 0.7, reader, "view", session, view=view))
    table["s1"].append(Row(len(table["s1"]) + 1, "", by_person=False))
    for reader in ("r1", "r2"):
        view = tuple(row.seq for row in table["s1"])
        events.append(Event(moment + 1, reader, "view", "s1", view=view))
    return events, table


def lose(events: list[Event], table: dict[str, list[Row]]) -> None:
    """An acked message is gone, and the rest moved up, so that the numbers look fine."""
    del table["s1"][4]
    table["s1"] = [dataclasses.replace(row, seq=at) for at, row in enumerate(table["s1"], 1)]


def double(events: list[Event], table: dict[str, list[Row]]) -> None:
    """A repeated send made a second row."""
    table["s2"].append(Row(len(table["s2"]) + 1, "m3"))


def invent(events: list[Event], table: dict[str, list[Row]]) -> None:
    """A message nobody sent."""
    table["s2"].append(Row(len(table["s2"]) + 1, "phantom"))


def leave_hole(events: list[Event], table: dict[str, list[Row]]) -> None:
    """A number was skipped."""
    table["s1"][-1] = dataclasses.replace(table["s1"][-1], seq=len(table["s1"]) + 1)


def swap(events: list[Event], table: dict[str, list[Row]]) -> None:
    """Two messages stand in the wrong order, although one was acked before the other was sent."""
    first, second = table["s1"][2], table["s1"][3]
    table["s1"][2:4] = [Row(first.seq, second.send), Row(second.seq, first.send)]


def lie_in_ack(events: list[Event], table: dict[str, list[Row]]) -> None:
    """An ack named another number than the table has."""
    at = next(at for at, event in enumerate(events) if event.op == "ok")
    events[at] = dataclasses.replace(events[at], seq=events[at].seq + 1)


def repeat(events: list[Event], table: dict[str, list[Row]]) -> None:
    """A reader was shown a message twice."""
    shown = [event for event in events if event.client == "r1" and event.op == "deliver"][-1]
    events.append(dataclasses.replace(shown, at=shown.at + 0.01))


def jump_back(events: list[Event], table: dict[str, list[Row]]) -> None:
    """A reader was shown an older message after a newer one."""
    events.append(Event(1000, "r1", "deliver", "s1", seq=3))


def shrink(events: list[Event], table: dict[str, list[Row]]) -> None:
    """A list lost a line for a moment."""
    at = next(at for at, event in enumerate(events) if event.op == "view" and len(event.view) > 8)
    short = events[at].view[:4] + events[at].view[5:]
    events.insert(at + 1, dataclasses.replace(events[at], at=events[at].at + 0.01, view=short))


def fall_behind(events: list[Event], table: dict[str, list[Row]]) -> None:
    """A reader never got the last message."""
    last = ("view", "r2", "s1")
    at = [at for at, e in enumerate(events) if (e.op, e.client, e.session) == last][-1]
    events[at] = dataclasses.replace(events[at], view=events[at].view[:-1])


def leak(events: list[Event], table: dict[str, list[Row]]) -> None:
    """A note of the staff reached a customer."""
    table["s1"][-1] = dataclasses.replace(table["s1"][-1], note=True)


PLANTED: list[tuple[Callable[[list[Event], dict[str, list[Row]]], None], str]] = [
    (lose, "lost"),
    (double, "duplicated"),
    (invent, "unexpected"),
    (leave_hole, "holes"),
    (swap, "inverted"),
    (lie_in_ack, "misnumbered"),
    (repeat, "repeated"),
    (jump_back, "disordered"),
    (shrink, "shrunk"),
    (fall_behind, "diverged"),
    (leak, "diverged"),
]


def test_clean_history_passes() -> None:
    verdict = check(*clean())
    assert verdict.faults == {}
    assert verdict.recovered == ["m7"]


@pytest.mark.parametrize(("plant", "name"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED])
def test_planted_fault_is_found(plant: Callable[..., None], name: str) -> None:
    events, table = clean()
    plant(events, table)
    assert name in check(events, table).faults


def test_order_of_the_evidence_does_not_matter() -> None:
    events, table = clean()
    assert check(reversed(events), table).faults == {}

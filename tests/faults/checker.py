"""Judge a history against the table the server ended with.

The property is simple (append-only, unique ids, one order per session), so sorting is enough where
general tools search. A send is *lost* when it was acked and is absent, *duplicated* when it is
there twice, *unexpected* when nobody sent it. A send without an answer that is there anyway is
*recovered*, which is allowed. Everything else that must not be has its own name in `Verdict`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

from tests.faults.history import Event


@dataclass(frozen=True, slots=True)
class Row:
    """One message of the server's final table; `send` is the client's id, empty for the server's
    own."""

    seq: int
    send: str
    by_person: bool = True
    note: bool = False


Table = Mapping[str, Sequence[Row]]
"""Session id → its messages, as the server lists them."""


@dataclass
class Verdict:
    """What was found; everything but `recovered` must be empty."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    holes: list[str] = field(default_factory=list)
    misnumbered: list[str] = field(default_factory=list)
    inverted: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    shrunk: list[str] = field(default_factory=list)
    diverged: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, list[str]]:
        """What must not be, by name, at most five of each."""
        found = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value[:5] for name, value in found.items() if value and name != "recovered"}


def check(
    events: Iterable[Event], table: Table, *, is_staff: Callable[[str], bool] = lambda _: False
) -> Verdict:
    """Compare what clients saw with what the server has; notes are for clients that are staff."""
    events = sorted(events, key=lambda event: event.at)
    verdict = Verdict()
    _sends(events, table, verdict)
    _numbers(table, verdict)
    _real_time(events, table, verdict)
    _views(events, table, verdict, is_staff)
    return verdict


def _sends(events: Sequence[Event], table: Table, verdict: Verdict) -> None:
    invoked = {event.send for event in events if event.op == "invoke"}
    refused = {event.send for event in events if event.op == "refused"}
    acked = {event.send: event for event in events if event.op == "ok"}
    stored = Counter(row.send for rows in table.values() for row in rows if row.send)
    verdict.lost = [f"{acked[send].client} {send}" for send in acked if not stored[send]]
    verdict.duplicated = [f"{send} ×{count}" for send, count in stored.items() if count > 1]
    verdict.recovered = [send for send in invoked if stored[send] and send not in acked]
    for session, rows in table.items():
        for row in rows:
            if row.by_person and (row.send not in invoked or row.send in refused):
                verdict.unexpected.append(f"{session} #{row.seq} {row.send!r}")


def _numbers(table: Table, verdict: Verdict) -> None:
    for session, rows in table.items():
        numbers = [row.seq for row in rows]
        if numbers != list(range(1, len(rows) + 1)):
            odd = next(at for at, seq in enumerate([*numbers, 0], 1) if seq != at)
            verdict.holes.append(f"{session} at {odd} of {len(rows)}")


def _real_time(events: Sequence[Event], table: Table, verdict: Verdict) -> None:
    """A message acked before another was first sent has the smaller number."""
    number = {row.send: row.seq for rows in table.values() for row in rows if row.send}
    highest: dict[str, int] = defaultdict(int)
    floor: dict[str, int] = {}
    for event in events:
        if event.op == "invoke" and event.send not in floor:
            floor[event.send] = highest[event.session]
            if number.get(event.send, floor[event.send] + 1) <= floor[event.send]:
                verdict.inverted.append(f"{event.session} {event.send} #{number[event.send]}")
        elif event.op == "ok":
            if event.seq != number.get(event.send, event.seq):
                verdict.misnumbered.append(f"{event.send} acked as #{event.seq}")
            highest[event.session] = max(highest[event.session], event.seq)


def _views(
    events: Sequence[Event], table: Table, verdict: Verdict, is_staff: Callable[[str], bool]
) -> None:
    shown: dict[tuple[str, str], list[int]] = defaultdict(list)
    snapshot: dict[tuple[str, str], tuple[int, ...]] = {}
    for event in events:
        key = (event.client, event.session)
        if event.op == "again":
            verdict.repeated.append(f"{event.client} {event.session} #{event.seq}")
        elif event.op == "deliver":
            if shown[key] and event.seq == shown[key][-1]:
                verdict.repeated.append(f"{event.client} {event.session} #{event.seq}")
            elif shown[key] and event.seq < shown[key][-1]:
                verdict.disordered.append(f"{event.client} {event.session} #{event.seq}")
            shown[key].append(event.seq)
        elif event.op == "view":
            before = snapshot.get(key, ())
            if event.view[: len(before)] != before:
                verdict.shrunk.append(f"{event.client} {event.session} at {event.at:.3f}")
            snapshot[key] = event.view
    for (client, session), view in snapshot.items():
        rows = [row.seq for row in table.get(session, ()) if is_staff(client) or not row.note]
        if list(view) != rows:
            missing = sorted(set(rows) - set(view))[:5]
            extra = sorted(set(view) - set(rows))[:5]
            verdict.diverged.append(f"{client} {session} missing {missing} extra {extra}")

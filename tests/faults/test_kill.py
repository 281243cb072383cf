"""kill -9 of one process of each kind, at a random moment during two thousand sends.

Nothing that was acked may be missing, nothing may be there twice, the numbers have no holes, and
every client ends with the server's list without ever loading it anew.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.faults.checker import Row, check
from tests.faults.clients import Person, RestPerson, SocketPerson
from tests.faults.conftest import Seats
from tests.faults.harness import Cluster
from tests.faults.history import History

SESSIONS, SENDS = 20, 2000
ASSISTED = 3
"""So many of the sessions are held by the assistant, so that the worker has something to lose."""
TALK_S = 12.0
CONVERGE_S = 40.0


@dataclass
class Talk:
    """Twenty sessions with two people each, half of them over REST."""

    cluster: Cluster
    dice: random.Random
    history: History
    people: list[Person] = field(default_factory=list)
    answered: int = 0

    def seat(self, seats: Seats) -> None:
        """Give everyone a session, a door (socket or REST) and a name."""
        places = seats(SESSIONS - ASSISTED) + seats(ASSISTED, "assistant")
        for number, pair in enumerate(places):
            for role, place in zip(("customer", "agent"), pair, strict=True):
                kind = RestPerson if (number + (role == "agent")) % 4 == 0 else SocketPerson
                name = f"{role}-{number}"
                self.people.append(kind(name, place, self.history, self.dice))

    async def run(self, role: str) -> None:
        """Let everyone talk, kill `role` at a random moment, bring it back, wait for all."""
        living = [asyncio.create_task(person.live()) for person in self.people]
        try:
            async with asyncio.timeout(150):
                fault = asyncio.create_task(self._fault(role))
                await asyncio.gather(fault, *(self._talk(person) for person in self.people))
            await self._converge()
        finally:
            for task in living:
                task.cancel()
            await asyncio.gather(*living, return_exceptions=True)
            for person in self.people:
                person.snapshot()
            self.history.close()

    async def _talk(self, person: Person) -> None:
        """Fifty messages each; where the assistant has the floor, the agent only watches."""
        if person.is_staff and int(person.name.split("-")[1]) >= SESSIONS - ASSISTED:
            return
        count = SENDS // (2 * SESSIONS - ASSISTED) + 1
        for number in range(count):
            await asyncio.sleep(self.dice.uniform(0.2, 1.8) * TALK_S / count)
            kind = "note" if person.is_staff and number % 10 == 3 else "text"
            await person.say(f"{person.name} says {number}", kind)
            self.answered += 1
            if number % 10 == 0:
                person.snapshot()

    async def _fault(self, role: str) -> None:
        moment = self.dice.randrange(SENDS // 10, SENDS * 7 // 10)
        while self.answered < moment:
            await asyncio.sleep(0.005)
        self.history.add("nemesis", "note", text=f"kill {role} at {self.answered} acked")
        down = self.dice.uniform(0.3, 2.0)
        await asyncio.to_thread(self.cluster.kill, role)
        await asyncio.sleep(down)
        await asyncio.to_thread(self.cluster.restart, role)
        self.history.add("nemesis", "note", text=f"{role} is back")

    async def _converge(self) -> None:
        """Wait until everyone shows the server's list and the assistant has answered."""
        deadline = time.monotonic() + CONVERGE_S
        while time.monotonic() < deadline:
            table = await asyncio.to_thread(read_table, self.cluster, self._sessions)
            if all(self._shows(person, table) for person in self.people) and self._answered(table):
                return
            await asyncio.sleep(0.25)

    @property
    def _sessions(self) -> Sequence[str]:
        return [person.place.session for person in self.people]

    def _shows(self, person: Person, table: dict[str, list[Row]]) -> bool:
        rows = table[person.place.session]
        return person.shown == [row.seq for row in rows if person.is_staff or not row.note]

    def _answered(self, table: dict[str, list[Row]]) -> bool:
        return all(
            not table[person.place.session][-1].by_person
            for person in self.people[2 * (SESSIONS - ASSISTED) :]
        )


def read_table(cluster: Cluster, sessions: Sequence[str]) -> dict[str, list[Row]]:
    """The server's truth, read beside it."""
    table: dict[str, list[Row]] = {session: [] for session in sessions}
    with psycopg.connect(cluster.postgresql.url) as connection:
        found = connection.execute(
            "select session_id::text, seq, coalesce(client_msg_id, ''), sender_kind, kind"
            " from sessions_app_message where session_id = any(%s::uuid[]) order by 1, 2",
            [list(table)],
        )
        for session, seq, send, sender, kind in found:
            table[session].append(Row(seq, send, sender in ("customer", "agent"), kind == "note"))
    return table


@pytest.mark.timeout(240)
@pytest.mark.parametrize("role", ["web.1", "worker", "redis", "postgresql"])
def test_kill_loses_nothing(
    role: str, cluster: Cluster, seats: Seats, dice: random.Random, tmp_path: Path
) -> None:
    talk = Talk(cluster, dice, History(tmp_path / "history.jsonl"))
    talk.seat(seats)
    asyncio.run(talk.run(role))

    table = read_table(cluster, [person.place.session for person in talk.people])
    verdict = check(talk.history.events, table, is_staff=lambda client: client.startswith("agent"))
    sends = {event.send for event in talk.history.of("invoke")}
    acked = {event.send for event in talk.history.of("ok")}
    unknown = sum(1 for _ in talk.history.of("unknown"))
    print(f"{role}: {len(sends)} sends, {len(acked)} acked, {unknown} without an answer at first")
    assert verdict.faults == {}, f"history in {talk.history.path}"
    assert len(acked) == len(sends) >= SENDS
    assert all(process.running for process in map(cluster.process, ("web.1", "web.2", "worker")))

"""Turns under every fault there is: killed servers, tasks delivered twice, deployments.

Whatever happens, no text is missing or there twice, no turn stays open, and no slot is ever
answered twice.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
import redis

from deploy.services import free_port
from llm import handover
from tests.faults.asker import TEXT, WORDS, Asker
from tests.faults.clients import Place
from tests.faults.conftest import Seats
from tests.faults.harness import Cluster, is_listening, wait_for
from tests.sse import Page, opened
from tests.upstream import ROLE, STALL, Reply, Step, Upstream, delta, say

TURNS = 50
RECONNECTS = 200
STREAMS = 128
SLOW_S = 90.0
POOL = 12
"""`DB_POOL_SIZE` as it comes."""
REDIS_RESTARTS = int(os.environ.get("FAULT_ROUNDS", "3"))
"""Twenty are worth an evening: `FAULT_ROUNDS=20`."""
TAKES_THE_NEXT_S = 60.0
ROOT = Path(__file__).resolve().parents[2]


def say_something(place: Place) -> None:
    """The customer of a chat that the assistant has writes a message."""
    httpx.post(
        f"{place.bases[0]}/api/v1/chat/sessions/{place.session}/messages",
        json={"content": "Where is my parcel?"},
        headers={"Authorization": f"Bearer {place.token}"},
    ).raise_for_status()


def replies(asker: Asker, session: str) -> list[str]:
    """What the assistant has said in a chat."""
    with psycopg.connect(asker.cluster.postgresql.url) as connection:
        rows = connection.execute(
            "select content from sessions_app_message"
            " where session_id = %s and sender_kind = 'assistant' order by seq",
            [session],
        )
        return [row[0] for row in rows]


# --- Readers ---


def test_fifty_turns_read_a_moment_late_are_seen_whole(asker: Asker, dice: random.Random) -> None:
    def watch(wait: float, seed: int) -> tuple[str, Page]:
        turn = asker.ask()
        time.sleep(wait)
        return turn, asker.follow(turn, Page(), random.Random(seed))

    with ThreadPoolExecutor(TURNS) as pool:
        watching = [pool.submit(watch, dice.uniform(0, 0.5), n) for n in range(TURNS)]
        found = [one.result() for one in watching]
    for turn, page in found:
        assert page.kinds[0] == "chunk"
        assert page.shown() == asker.stored(turn) == [TEXT]
        assert "snapshot" not in page.kinds
    assert asker.asked() == TURNS


def test_two_hundred_reconnects_at_random_lose_and_repeat_nothing(
    asker: Asker, dice: random.Random
) -> None:
    reconnects = 0
    while reconnects < RECONNECTS:
        turn, page = asker.ask(slots=3), Page()
        while page.done is None:
            url = f"{dice.choice(asker.bases)}/api/v1/streams/turn/{turn}"
            with opened(url, asker.headers, last_event_id=page.last_id) as stream:
                page.follow(stream, most=dice.choice([1, 1, 2, 3, 5, 8, 13]))
            reconnects += 1
        assert page.shown() == asker.stored(turn) == [TEXT] * 3
        assert "snapshot" not in page.kinds


# --- The model server ---


@contextmanager
def killable(port: int, words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A model server in a process of its own."""
    command = [sys.executable, "-m", "tests.upstream", str(port), "0.05", *words]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for("the model server listens", lambda: is_listening(port))
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_killed_model_server_fails_its_slots_and_a_retry_answers(
    asker: Asker, dice: random.Random
) -> None:
    port = free_port()
    mortal = asker.add_model("mortal", [], f"http://127.0.0.1:{port}/v1")
    with killable(port, [word.strip() for word in WORDS]) as process:
        turn = asker.ask(mortal, asker.model, mortal)
        page = asker.follow(turn, Page(), dice, most=30)
        wait_for("both have begun", lambda: set(page.texts) >= {0, 2} or _more(asker, turn, page))
        process.kill()
    asker.follow(turn, page, dice)
    for slot in (0, 2):
        error = page.finals[slot]
        assert (error.kind, error.data["error"]["code"]) == ("error", "PROVIDER_ERROR")
        assert TEXT.startswith(page.texts[slot])
        assert page.texts[slot] != TEXT
    assert page.texts[1] == TEXT
    assert page.shown() == asker.stored(turn)

    # Their server is back: only what failed is asked again, on the same turn.
    with killable(port, ["All", "is", "well."]):
        answer = asker.call("POST", f"/turns/{turn}/retry")
        assert [one["status"] for one in answer["results"]] == ["queued", "done", "queued"]
        asker.follow(turn, page, dice, again=True)
    assert page.shown() == asker.stored(turn) == ["All is well.", TEXT, "All is well."]
    assert page.kinds.count("reset") == 2
    assert asker.asked("long") == 1


def _more(asker: Asker, turn: str, page: Page) -> bool:
    asker.follow(turn, page, random.Random(0), most=5)
    return set(page.texts) >= {0, 2}


# --- The queue ---


def test_a_job_delivered_again_and_again_asks_once(
    asker: Asker, cluster: Cluster, seats: Seats, dice: random.Random
) -> None:
    """Nobody promises that a job is handed over once: the same ones, five times and in
    mid-stream."""
    ((place, _),) = seats(1, "assistant")
    asker.upstream.by_model["scripted"] = Reply(say(*WORDS, pause=0.05))
    queue = redis.Redis.from_url(cluster.redis.url)
    cluster.kill("worker")
    turn = asker.ask(slots=3)
    say_something(place)
    wait_for("all jobs lie there", lambda: queue.llen(handover.KEY) >= 4)
    jobs = queue.lrange(handover.KEY, 0, -1)
    for _ in range(4):
        queue.rpush(handover.KEY, *jobs)
    cluster.restart("worker")
    page = asker.follow(turn, Page(), dice, most=20)
    queue.lpush(handover.KEY, *jobs, *jobs)
    asker.follow(turn, page, dice)
    wait_for("the customer is answered", lambda: replies(asker, place.session), SLOW_S)
    queue.lpush(handover.KEY, *jobs)
    wait_for("every job is taken", lambda: not queue.llen(handover.KEY), SLOW_S)
    again = asker.ask()
    asker.follow(again, Page(), dice)
    assert page.shown() == asker.stored(turn) == [TEXT] * 3
    assert replies(asker, place.session) == [TEXT]
    assert (asker.asked(), asker.asked("scripted")) == (3 + 1, 1)


@pytest.mark.timeout(60 + 60 * REDIS_RESTARTS)
def test_a_worker_takes_the_next_task_whenever_redis_comes_back(
    asker: Asker, cluster: Cluster, dice: random.Random
) -> None:
    waits = []
    for number in range(REDIS_RESTARTS):
        running, page = None, Page()
        if number % 2 == 0:
            running = asker.ask(slots=2)
            asker.follow(running, page, dice, most=10)
        cluster.kill("redis")
        time.sleep(dice.uniform(0.2, 2.0))
        cluster.restart("redis")
        began = time.monotonic()
        turn = asker.ask()
        first = asker.follow(turn, Page(), dice, most=1)
        waits.append(time.monotonic() - began)
        assert asker.follow(turn, first, dice).shown() == asker.stored(turn) == [TEXT]
        if running is not None:
            assert asker.follow(running, page, dice).shown() == [TEXT] * 2
    print("seconds to the first text:", " ".join(f"{wait:.1f}" for wait in waits))
    assert max(waits) < TAKES_THE_NEXT_S


# --- Deployments ---


@pytest.mark.timeout(240)
def test_a_deployment_loses_no_running_stream_and_doubles_none(
    asker: Asker, cluster: Cluster, seats: Seats, upstream: Upstream
) -> None:
    """SIGTERM with fifty answers under way: the short ones end, the long ones are given back."""
    gate, half = asker.gate(), len(WORDS) // 2
    slow: list[Step] = [ROLE, *map(delta, WORDS[:half]), gate, *say(*WORDS[half:], pause=0.05)[1:]]
    upstream.by_model["scripted"] = Reply(slow)
    longer = asker.add_model("longer", slow)
    endless = asker.add_model("endless", say(*WORDS * 20, pause=0.5))
    places = [customer for customer, _ in seats(20, "assistant")]
    for place in places:
        say_something(place)
    short = [asker.ask(*[longer] * 3) for _ in range(5)]
    long = [asker.ask(*[endless] * 3) for _ in range(5)]
    with ThreadPoolExecutor(len(short + long)) as pool:
        reading = [
            pool.submit(asker.follow, turn, Page(), random.Random(turn)) for turn in short + long
        ]
        wait_for("fifty are under way", lambda: upstream.open >= 50, SLOW_S)
        cluster.kill("worker", signal.SIGTERM)
        upstream.by_model["endless"] = Reply(say("Done ", "at last."))
        asker.open_gate(gate)
        with cluster.another_worker():
            pages = [one.result() for one in reading]
            worker = cluster.process("worker")
            wait_for("the old worker has ended", lambda: not worker.running, SLOW_S)
            cluster.restart("worker")
    for turn, page in zip(short, pages, strict=False):
        assert page.shown() == asker.stored(turn) == [TEXT] * 3
        assert "reset" not in page.kinds
    for turn, page in zip(long, pages[len(short) :], strict=True):
        assert page.shown() == asker.stored(turn) == ["Done at last."] * 3
        assert page.kinds.count("reset") == 3
    assert [replies(asker, place.session) for place in places] == [[TEXT]] * len(places)
    names = ("scripted", "longer", "endless")
    assert [asker.asked(name) for name in names] == [20, 15, 30]
    assert asker.left_open(short + long) == 0


# --- Connections to the database ---


def test_streams_hold_no_connection_to_the_database(asker: Asker, cluster: Cluster) -> None:
    steady = asker.add_model("steady", [ROLE, *map(delta, WORDS), STALL])
    turns = [asker.ask(*[steady] * 6) for _ in range(STREAMS // 6 + 1)]
    with ThreadPoolExecutor(len(turns)) as pool:
        reading = [pool.submit(asker.follow, turn, Page(), random.Random(turn)) for turn in turns]
        wait_for("all are under way", lambda: asker.upstream.open >= STREAMS, SLOW_S)
        seen = list(look_at_connections(cluster, 20))
        assert asker.upstream.open >= STREAMS
        for turn in turns:
            asker.call("POST", f"/turns/{turn}/stop")
        pages = [one.result() for one in reading]
    most, longest = max(count for count, _ in seen), max(idle for _, idle in seen)
    print(f"{asker.asked('steady')} streams: at most {most} connections, {longest:.3f} s in hand")
    # Two web processes, a worker, and a scheduler that has none.
    assert most <= 3 * POOL
    assert most < STREAMS / 2
    assert longest < 1.0
    for page in pages:
        assert {end.data["status"] for end in page.finals.values()} == {"stopped"}


def look_at_connections(cluster: Cluster, times: int) -> Iterator[tuple[int, float]]:
    """Connections of the product, and for how long the laziest sits idle in a transaction."""
    with psycopg.connect(cluster.postgresql.url, autocommit=True) as connection:
        for _ in range(times):
            row = connection.execute(
                "select count(*), coalesce(max(extract(epoch from now() - state_change))"
                " filter (where state like 'idle in transaction%'), 0)::float"
                " from pg_stat_activity where datname = current_database()"
                " and backend_type = 'client backend' and pid <> pg_backend_pid()"
            ).fetchone()
            assert row is not None
            yield row[0], row[1]
            time.sleep(0.1)

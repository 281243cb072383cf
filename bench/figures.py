"""`python -m bench.figures`: how long the statistics of a month take, on both databases.

A month of answers is made (200,000 unless told otherwise), then the same questions that the
dashboard asks are timed. Each database is a process of its own, because settings are read once.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from deploy import services

ROOT = Path(__file__).resolve().parent.parent
MODELS = 5
CHILD = "BENCH_FIGURES"
BATCH = 2000
TEXT = "Your parcel left the warehouse this morning and should be with you on Tuesday. " * 8


def main() -> None:
    """Measure on PostgreSQL, then on SQLite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=200_000)
    count = str(parser.parse_args().answers)
    if CHILD in os.environ:
        return measure(int(count))
    with tempfile.TemporaryDirectory() as folder, services.running(say=print) as own:
        for url in (own.database_url, f"sqlite:///{folder}/figures.sqlite3"):
            env = {**os.environ, CHILD: "1", "DATABASE_URL": url, "DATA_DIR": folder}
            env.pop("REDIS_URL", None)
            command = [sys.executable, "-m", "bench.figures", "--answers", count]
            subprocess.run(command, cwd=ROOT, env=env, check=True)
    return None


def measure(count: int) -> None:
    """Fill the database that the settings name, ask, and print what it took."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    os.environ["LOG_LEVEL"] = "error"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    started = time.perf_counter()
    fill(count)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"\n{connection.vendor}: {count} answers in {time.perf_counter() - started:.0f} s")
    for name, ask in questions():
        first, *times = [timed(ask) for _ in range(6)]
        print(f"  {name:34} {statistics.median(times):7.0f} ms  (the first time {first:.0f})")


def timed(ask: Callable[[], Any]) -> float:
    """Ask, and return the milliseconds it took."""
    before = time.perf_counter()
    ask()
    return (time.perf_counter() - before) * 1000


def questions() -> Iterator[tuple[str, Callable[[], Any]]]:
    """What is timed."""
    from llm.stats import window
    from llm.stats.usage import usage

    def ask(days: int, interval: str | None, zone: str = "Europe/Paris") -> Callable[[], Any]:
        seen = window.read(
            start=str(END - dt.timedelta(days=days - 1)), end=str(END), interval=interval, zone=zone
        )
        return lambda: usage(seen)

    # The first of them counts every hour; the others find most hours counted.
    yield "a month, by model", ask(30, None)
    yield "a month, by model and day", ask(30, "day")
    yield "a week, by model and hour", ask(7, "hour")
    yield "a day, by model and hour", ask(1, "hour")
    yield "a month, by model and day, India", ask(30, "day", "Asia/Kolkata")
    yield "the page of a month", page()


def page() -> Callable[[], Any]:
    """The dashboard's month as a browser asks for it, charts and all."""
    from django.test import Client

    from accounts.models import Role, User
    from accounts.tokens import issue_access

    admin = User.objects.create(username="bench-admin", role=Role.ADMIN)
    headers = {"Authorization": f"Bearer {issue_access(admin)}"}
    start = END - dt.timedelta(days=29)
    path = f"/api/v1/stats/panel?from={start}&to={END}&interval=day&tz=Europe/Paris"

    def ask() -> None:
        answer = Client(SERVER_NAME="localhost").get(path, headers=headers)
        assert answer.status_code == 200, answer.content

    return ask


END = dt.date(2026, 10, 30)


def fill(count: int) -> None:
    """Make a month of answers: replies mostly, pairs of drafts, some failures."""
    from accounts.models import Role, User
    from llm.models import Answer, ModelConfig, Turn
    from sessions_app.models import ChatSession

    luck = random.Random(7)
    customer = User.objects.create(username="bench", role=Role.CUSTOMER)
    models = [
        ModelConfig.objects.create(name=f"Model {n}", base_url="http://127.0.0.1:1", model=f"m{n}")
        for n in range(MODELS)
    ]
    sessions = ChatSession.objects.bulk_create(
        [ChatSession(customer=customer, status="queued") for _ in range(2000)]
    )
    first = dt.datetime.combine(END - dt.timedelta(days=29), dt.time(), dt.UTC)
    moments = sorted(luck.random() * 30 * 86_400 for _ in range(count))
    for begin in range(0, count, BATCH):
        turns: list[Turn] = []
        rows: list[Answer] = []
        for offset in moments[begin : begin + BATCH]:
            at = first + dt.timedelta(seconds=offset)
            session = luck.choice(sessions)
            if luck.random() < 0.1:
                turn = Turn(
                    kind="draft",
                    session=session,
                    created_at=at,
                    finished_at=at,
                    picked_slot=luck.choice((0, 1)),
                    picked_at=at,
                )
                turns.append(turn)
                rows += [
                    _answer(luck, model, at, purpose="draft", turn=turn, slot=slot)
                    for slot, model in enumerate(luck.sample(models, 2))
                ]
            else:
                rows.append(_answer(luck, luck.choice(models), at, session=session))
        Turn.objects.bulk_create(turns)
        Answer.objects.bulk_create(rows)


def _answer(luck: random.Random, model: Any, at: dt.datetime, **place: Any) -> Any:
    from chatsite.lib.ids import uuid7
    from llm.models import Answer

    status = luck.choices(("done", "failed", "handoff", "stopped"), (90, 4, 4, 2))[0]
    prompt, completion = luck.randint(200, 2000), luck.randint(20, 400)
    ttft = int(luck.lognormvariate(6, 0.6))
    return Answer(
        id=uuid7(),
        model=model,
        model_label=model.name,
        status=status,
        text=TEXT[: luck.randint(100, len(TEXT))],
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        usage_source=luck.choice(("provider", "estimated")),
        cost=Decimal(prompt + 3 * completion) / 1_000_000,
        prices={"prompt": 1, "completion": 3, "currency": "USD"},
        ttft_ms=ttft,
        latency_ms=ttft + int(luck.lognormvariate(7, 0.5)),
        created_at=at,
        finished_at=at + dt.timedelta(seconds=3),
        **place,
    )


if __name__ == "__main__":
    main()

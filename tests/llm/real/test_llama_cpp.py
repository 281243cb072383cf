"""Our provider and engine against llama.cpp's server: real tokens, real timing, real faults."""

from __future__ import annotations

import asyncio
import time

import pytest

from llm.completion import Question
from llm.models import ModelConfig
from llm.providers import Deadlines
from tests.llm.desk import Desk
from tests.llm.real import servers
from tests.llm.real.ask import ask, request
from tests.llm.real.servers import LLAMA_MODEL, ModelServer


async def test_real_tokens_stream_in(llama: ModelServer) -> None:
    asked = await ask(llama.base_url, LLAMA_MODEL)
    assert asked.outcome is not None
    assert len(asked.parts) > 5
    assert asked.outcome.finish_reason in ("stop", "length")
    # It sends no usage even when asked to; the engine then estimates.
    assert asked.outcome.usage is None


async def test_going_away_stops_the_generation(llama: ModelServer) -> None:
    started = asyncio.Event()
    question = Question(request("Once upon a time", max_tokens=800))
    task = asyncio.ensure_future(
        ask(llama.base_url, LLAMA_MODEL, question=question, on_part=lambda _: started.set())
    )
    await started.wait()
    task.cancel()
    began = time.monotonic()
    short = Question(request("Hi", max_tokens=3))
    assert (await ask(llama.base_url, LLAMA_MODEL, question=short)).outcome
    # It serves one request at a time: 800 tokens would have taken more than ten seconds.
    assert time.monotonic() - began < 6


async def test_a_frozen_server_is_a_stall_and_thaws(llama: ModelServer) -> None:
    def freeze(number: int) -> None:
        if number == 5:
            stack.__enter__()

    stack = llama.frozen()
    try:
        deadlines = Deadlines(connect=3, first_content=60, gap=2, whole=60)
        question = Question(request("Once upon a time", max_tokens=400))
        asked = await ask(
            llama.base_url, LLAMA_MODEL, question=question, deadlines=deadlines, on_part=freeze
        )
    finally:
        stack.__exit__(None, None, None)
    assert asked.failure is not None
    assert asked.failure.reason == "stalled"
    assert (await ask(llama.base_url, LLAMA_MODEL)).outcome


async def test_a_prompt_that_does_not_fit_is_asked_shorter(llama: ModelServer) -> None:
    """This server answers 200 and an empty stream."""
    long = request("the coat is green and " * 600, max_tokens=20)
    asked = await ask(
        llama.base_url, LLAMA_MODEL, question=Question(long, shorter=lambda: request())
    )
    assert asked.outcome is not None
    assert asked.text
    asked = await ask(llama.base_url, LLAMA_MODEL, question=Question(long))
    assert asked.failure is not None
    assert asked.failure.reason in ("empty", "context_length", "reset")


async def test_a_killed_server_ends_the_answer_and_nothing_is_replayed() -> None:
    with servers.llama() as server:

        def kill(number: int) -> None:
            if number == 20:
                server.kill()

        question = Question(request("Once upon a time", max_tokens=400))
        asked = await ask(server.base_url, LLAMA_MODEL, question=question, on_part=kill)
        assert asked.failure is not None
        assert asked.failure.reason == "truncated"
        assert len(asked.parts) >= 20
        dead = await ask(server.base_url, LLAMA_MODEL)
        assert dead.failure is not None
        assert dead.failure.reason == "connect"


def test_a_customer_is_answered(desk: Desk, llama: ModelServer) -> None:
    _point(desk, llama)
    session = desk.chat("Do you sell coats?")
    desk.until(lambda: desk.answers(session))
    desk.settle(session)
    (answer,) = desk.records(session)
    assert answer.usage_source == "estimated"
    assert answer.ttft_ms is not None


def test_a_server_that_dies_is_a_visible_failure(desk: Desk) -> None:
    with servers.llama() as server:
        _point(desk, server)
        session = desk.chat("Once upon a time")
        desk.until_shown(session)
        server.kill()
        desk.settle(session)
    assert desk.events(session) == ["reply_failed"]
    (answer,) = desk.records(session)
    assert answer.status == "failed"
    assert answer.text


@pytest.fixture(autouse=True)
def _patient(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.llm.desk.PATIENCE_S", 90.0)


def _point(desk: Desk, server: ModelServer) -> None:
    ModelConfig.objects.update(
        base_url=server.base_url,
        model=LLAMA_MODEL,
        default_params={"temperature": 0.0, "max_tokens": 60},
        system_prompt="You sell coats.",
    )

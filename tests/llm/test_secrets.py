"""What is told nobody: the keys of models, and the names behind blind answers."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from llm.models import Turn
from tests.live import connected
from tests.llm.stage import Stage
from tests.upstream import ROLE, Reply, delta, event, say


def test_neither_keys_nor_hidden_names_are_in_any_stream(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Blind answers, one of an endpoint that talks of its key and model, on both wires."""
    key, hidden = "sk-0123456789abcdef", ("Velvet Otter", "otter-9b", "Brisk Heron", "heron-2b")
    caplog.set_level("DEBUG")
    models = [stage.bench.add_model(*hidden[:2]), stage.bench.add_model(*hidden[2:])]
    for model in models:
        model.set_api_key(key)
        model.save()
    told = {"message": f"Key {key} of otter-9b is over quota", "code": 500}
    stage.upstream.by_model["otter-9b"] = Reply([ROLE, delta("half"), event({"error": told})])
    stage.upstream.by_model["heron-2b"] = Reply(say("whole"))
    secrets = [key, *hidden, *(f'"model_id":{model.pk}' for model in models)]

    def wires(blind: bool) -> str:
        turn = stage.ask(*models, blind=blind, wake=False)
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(_raw, stage, turn)
            frames = asyncio.run(_frames(stage, turn))
            return reading.result() + frames

    def found(text: str) -> set[str]:
        return {secret for secret in secrets if secret in text}

    open_, blind = wires(False), wires(True)
    assert found(open_) == {f'"model_id":{model.pk}' for model in models}
    assert found(blind) == set()
    for wire in (open_, blind):
        assert wire.count("half") >= 2
        assert wire.count("whole") >= 2
    assert any(key in headers["authorization"] for headers in stage.upstream.headers)
    assert "answer ended" in caplog.text
    assert key not in caplog.text


def _raw(stage: Stage, turn: Turn) -> str:
    """Every byte of a stream."""
    with stage.stream(turn) as stream:
        return "".join(stream.response.iter_text())


async def _frames(stage: Stage, turn: Turn) -> str:
    """Every frame of a socket that follows the turn to its end."""
    async with connected(stage.address, stage.ben) as socket:
        await socket.subscribe(turn.session_id)
        await asyncio.to_thread(stage.bench.wake, turn)
        for _ in range(2):
            await socket.wait("reply.end")
        while len(socket.seen("reply.chunk")) < 2:
            await socket.wait("reply.chunk")
        return "".join(orjson.dumps(frame).decode() for frame in socket.frames)

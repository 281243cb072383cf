"""Streams of turns, read over real connections to the real server while real engines write."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from django.conf import settings as configured

from accounts import tokens
from accounts.models import User
from chatsite.lib.bus import bus
from chatsite.lib.ids import uuid7
from llm import answers
from llm.models import Answer, Turn
from llm.streams import feeds as running
from sessions_app import actions
from sessions_app.models import ChatSession
from tests import cast
from tests.kernel import Rest, code
from tests.live import connected
from tests.llm.stage import Stage
from tests.sse import Page, opened
from tests.upstream import DONE, ROLE, STALL, Reply, Step, delta, refuse, say

WORDS = [f"word{n} " for n in range(40)] + ["end."]
TEXT = "".join(WORDS)


# --- The events ---


def test_all_slots_stream_to_their_stored_texts_and_end_once(stage: Stage) -> None:
    stage.upstream.script(*[say(*WORDS, pause=0.003) for _ in range(3)])
    turn = stage.ask(slots=3)
    page = stage.read(turn)
    stage.bench.settle(turn)
    assert page.shown() == stage.bench.texts(turn) == [TEXT] * 3
    assert {final.kind for final in page.finals.values()} == {"final"}
    usage = page.finals[0].data["usage"]
    assert (usage["total_tokens"], page.finals[0].data["is_final"]) == (17, True)
    assert page.finals[0].data["ttft_ms"] <= page.finals[0].data["latency_ms"]
    assert page.done is not None
    assert page.done.data == {
        "turn_id": str(turn.pk), "models_total": 3, "models_succeeded": 3, "models_failed": 0,
        "models_stopped": 0,
    }  # fmt: skip


def test_a_model_that_stands_twice_has_two_texts(stage: Stage) -> None:
    stage.upstream.script(say("one"), say("two"))
    turn = stage.ask(slots=2)
    page = stage.read(turn)
    assert sorted(page.shown()) == ["one", "two"]
    assert page.shown() == stage.bench.texts(turn)


def test_a_fine_slot_does_not_wait_for_a_slow_or_a_broken_one(stage: Stage) -> None:
    gate = threading.Event()
    slow = stage.bench.add_model("Slow", "slow")
    broken = stage.bench.add_model("Broken", "broken")
    held = _gate(stage)
    stage.upstream.by_model["slow"] = Reply([held, *say("late")])
    stage.upstream.by_model["broken"] = refuse(401)
    turn = stage.ask(stage.bench.model, slow, broken)
    page = Page()
    with stage.stream(turn) as stream:
        for event in stream:
            page.show(event)
            if {0, 2} <= set(page.finals) and not gate.is_set():
                assert page.texts == {0: "Hello there."}
                gate.set()
                _open(stage, held)
    assert page.finals[2].kind == "error"
    assert page.finals[2].data["error"]["code"] == "PROVIDER_ERROR"
    assert page.done is not None
    assert (page.done.data["models_succeeded"], page.done.data["models_failed"]) == (2, 1)


def _gate(stage: Stage) -> Any:
    """A step of the upstream that waits."""

    async def make() -> asyncio.Event:
        return asyncio.Event()

    return asyncio.run_coroutine_threadsafe(make(), stage.upstream._server.get_loop()).result(5)  # type: ignore[union-attr]


def _open(stage: Stage, gate: Any) -> None:
    stage.upstream._server.get_loop().call_soon_threadsafe(gate.set)  # type: ignore[union-attr]


def test_white_space_around_an_answer_is_never_shown(stage: Stage) -> None:
    stage.upstream.script(say("\n ", " Hello", "\n\n", "\n\n\n", "there", " \n", "\n"))
    page = stage.read(turn := stage.ask())
    assert page.shown() == stage.bench.texts(turn) == ["Hello\n\n\nthere"]
    assert "snapshot" not in page.kinds


# --- Resuming ---


def test_two_hundred_reconnects_at_random_lose_and_repeat_nothing(stage: Stage) -> None:
    chance = random.Random(20261121)
    reconnects = 0
    while reconnects < 200:
        stage.upstream.script(*[say(*WORDS, pause=0.004) for _ in range(3)])
        turn, page = stage.ask(slots=3), Page()
        while page.done is None:
            with stage.stream(turn, last_event_id=page.last_id) as stream:
                page.follow(stream, most=chance.choice([1, 1, 2, 3, 5, 8, 13]))
            reconnects += 1
            if chance.random() < 0.1:
                stage.forget_feeds()
        stage.bench.settle(turn)
        assert page.shown() == stage.bench.texts(turn) == [TEXT] * 3
        assert "snapshot" not in page.kinds


def test_a_reload_after_the_end_replays_everything_and_asks_nobody(stage: Stage) -> None:
    stage.upstream.script(*[say(*WORDS, pause=0.003) for _ in range(2)])
    turn = stage.ask(slots=2)
    live = stage.read(turn)
    for forget in (False, True):
        if forget:
            stage.forget_feeds()
        again = stage.read(turn)
        assert again.shown() == live.shown()
        assert sorted(again.kinds) == sorted(live.kinds)
    assert len(stage.upstream.requests) == 2


def test_who_has_seen_all_of_it_is_told_not_to_come_back(stage: Stage) -> None:
    turn = stage.ask()
    page = stage.read(turn)
    with stage.stream(turn, last_event_id=page.last_id) as stream:
        assert stream.response.status_code == 204
    with stage.stream(turn, last_event_id=page.ids[-2]) as stream:
        assert [event.kind for event in stream] == ["done"]


def test_after_the_log_has_expired_there_is_a_snapshot(stage: Stage) -> None:
    stage.upstream.script(say(*WORDS, pause=0.003))
    turn = stage.ask()
    half = Page()
    with stage.stream(turn) as stream:
        half.follow(stream, most=3)
    stage.bench.settle(turn)
    stage.drop_log()
    stage.forget_feeds()
    fresh = stage.read(turn)
    assert fresh.kinds == ["snapshot", "final", "done"]
    assert fresh.shown() == [TEXT]
    assert stage.read(turn, half).shown() == [TEXT]
    assert half.kinds[-3:] == ["snapshot", "final", "done"]
    assert len(stage.upstream.requests) == 1


def test_fifty_turns_read_a_moment_late_are_seen_from_their_first_chunk(
    stage: Stage, settings: Any
) -> None:
    settings.RATE_LIMITS = {**configured.RATE_LIMITS, "stream_user": (10**6, 60)}
    settings.LLM_USER_SLOTS = 1000
    stage.upstream.default = Reply(say(*WORDS[:8], "end.", pause=0.05))
    chance = random.Random(20261121)
    turns = [stage.ask(wake=False) for _ in range(50)]

    def watch(turn: Turn, wait: float) -> Page:
        # On a machine that is busy enough the process says 503 to some, who come again as told.
        while wait:
            time.sleep(wait)
            with stage.stream(turn) as stream:
                if stream.response.status_code == 200:
                    return Page().follow(stream)
                assert stream.response.status_code == 503, stream.response.read()
                wait = float(stream.response.headers["retry-after"])
        raise AssertionError("refused without a time to come again")

    with ThreadPoolExecutor(50) as pool:
        watching = [pool.submit(watch, turn, chance.uniform(0, 0.5)) for turn in turns]
        for turn in turns:
            stage.bench.wake(turn)
        pages = [one.result() for one in watching]
    assert [page.shown() for page in pages] == [["".join([*WORDS[:8], "end."])]] * 50
    assert all(page.kinds[0] == "chunk" for page in pages)


def test_a_second_device_sees_the_same(stage: Stage) -> None:
    stage.upstream.script(say(*WORDS, pause=0.01))
    turn, first = stage.ask(), Page()
    with stage.stream(turn) as stream:
        first.follow(stream, most=3)
        second = stage.read(turn)
        first.follow(stream)
    assert first.shown() == second.shown() == [TEXT]


def test_ending_a_stream_ends_no_answer(stage: Stage) -> None:
    stage.upstream.script(say(*WORDS, pause=0.01))
    turn = stage.ask()
    with stage.stream(turn) as stream:
        Page().follow(stream, most=1)
    stage.bench.settle(turn)
    assert stage.bench.texts(turn) == [TEXT]
    assert stage.upstream.aborted == 0


# --- Attempts ---


def test_a_retry_voids_the_slot_and_the_stream_goes_on(stage: Stage) -> None:
    held = _gate(stage)
    slow = stage.bench.add_model("Slow", "slow")
    stage.upstream.by_model["slow"] = Reply([held, *say("slow")])
    stage.upstream.script([ROLE, delta("half"), b"data: {broken\n\n"])
    turn, page = stage.ask(stage.bench.model, wake=False), Page()
    Answer.objects.create(id=uuid7(), purpose="compare", turn=turn, slot=1, model=slow,
                          created_at=turn.created_at)  # fmt: skip
    stage.bench.wake(turn)
    with stage.stream(turn) as stream:
        while 0 not in page.finals:
            page.follow(stream, most=1)
        assert page.finals[0].kind == "error"
        again = answers.retry_slots(turn_id=turn.pk, slot=0)
        stage.bench.wake(turn)
        assert len(again) == 1
        while 0 in page.finals or 0 not in page.texts:
            page.follow(stream, most=1)
        _open(stage, held)
        page.follow(stream)
    assert page.shown() == stage.bench.texts(turn) == ["Hello there.", "slow"]
    assert page.kinds.count("reset") == 1


def test_who_was_away_during_a_retry_gets_the_reset_first(stage: Stage) -> None:
    stage.upstream.script(say("wrong"), say("right"))
    turn = stage.ask()
    page = stage.read(turn)
    answers.retry_slots(turn_id=turn.pk, slot=0)
    stage.bench.wake(turn)
    stage.read(turn, page)
    assert page.shown() == ["right"]
    assert page.kinds == ["chunk", "final", "done", "reset", "chunk", "final", "done"]


def test_a_stopped_slot_keeps_its_text_and_ends(stage: Stage) -> None:
    stage.upstream.script([ROLE, delta("half"), STALL])
    turn, page = stage.ask(), Page()
    with stage.stream(turn) as stream:
        page.follow(stream, most=1)
        assert Rest(stage.ben).post(f"/turns/{turn.pk}/stop").status_code == 200
        page.follow(stream)
    assert page.shown() == ["half"]
    assert page.finals[0].data["status"] == "stopped"
    assert page.done is not None
    assert page.done.data["models_stopped"] == 1


# --- What breaks ---


def test_redis_forgets_everything_midway(stage: Stage) -> None:
    stage.upstream.script(say(*WORDS, pause=0.05))
    turn, reader, elsewhere = stage.ask(), Page(), Page()
    with stage.stream(turn) as stream:
        reader.follow(stream, most=4)
        stage.drop_log()
        reader.follow(stream)
    assert reader.shown() == [TEXT]
    assert "snapshot" not in reader.kinds
    # In another process only the log could have told what came before.
    stage.forget_feeds()
    stage.read(turn, elsewhere)
    assert elsewhere.kinds == ["snapshot", "final", "done"]
    assert elsewhere.shown() == [TEXT]


def test_who_moves_to_another_process_after_redis_forgot_gets_a_snapshot(stage: Stage) -> None:
    stage.upstream.script(say(*WORDS, pause=0.15))
    turn, page = stage.ask(), Page()
    with stage.stream(turn) as stream:
        page.follow(stream, most=3)
    stage.drop_log()
    stage.forget_feeds()
    stage.read(turn, page)
    assert page.shown() == [TEXT]
    assert page.done is not None


def test_no_doorbell_rings_and_yet_the_stream_ends(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.Feeds, "_hear", lambda self, event: None)

    async def deaf() -> None:
        bus._handlers["live"] = [
            one for one in bus._handlers["live"] if getattr(one, "__self__", 0) is not running.feeds
        ]

    stage.bench.in_loop(deaf())
    stage.upstream.script(say(*WORDS, pause=0.02))
    try:
        page = stage.read(stage.ask())
    finally:
        running.feeds._is_started = False
    assert page.shown() == [TEXT]
    assert page.done is not None


# --- On the wire ---


def test_the_headers_keep_proxies_from_buffering(stage: Stage) -> None:
    stage.upstream.script([ROLE, delta("first"), STALL])
    turn = stage.ask()
    headers = {"Authorization": f"Bearer {tokens.issue_access(stage.ben)}",
               "Accept-Encoding": "gzip, br", "Accept": "text/event-stream"}  # fmt: skip
    url = f"http://{stage.address}/api/v1/streams/turn/{turn.pk}"
    with opened(url, headers) as stream:
        got = stream.response.headers
        assert got["content-type"] == "text/event-stream; charset=utf-8"
        assert got["cache-control"] == "no-cache, no-transform"
        assert got["x-accel-buffering"] == "no"
        assert got["content-encoding"] == "identity"
        assert "content-length" not in got
        assert got["x-request-id"]
        # The answer has not ended, and yet its first chunk is here.
        assert stream.until("chunk").data["delta_text"] == "first"
    answers.stop_slots(turn_id=turn.pk)
    stage.bench.settle(turn)


def test_an_answer_of_ten_thousand_tokens_costs_at_most_three_times_its_text(
    stage: Stage, settings: Any
) -> None:
    settings.LLM_ANSWER_CHARS = 100_000
    words = [f"word{number % 10} " for number in range(9_999)] + ["end."]
    steps: list[Step] = [ROLE]
    for start in range(0, len(words), 50):
        steps += [*map(delta, words[start : start + 50]), 0.02]
    stage.upstream.script([*steps, delta(finish="stop"), DONE])
    turn = stage.ask()
    with stage.stream(turn) as stream:
        wire = b"".join(stream.response.iter_raw())
    text = "".join(words)
    events = [event for event in wire.split(b"\n\n") if b"event: chunk" in event]
    deltas = [orjson.loads(event.split(b"data: ", 1)[1])["delta_text"] for event in events]
    assert "".join(deltas) == text
    assert len(wire) < 3 * len(text)
    # However long the answer, an event carries its own piece and nothing of those before it.
    assert max(len(event) - len(one) for event, one in zip(events, deltas, strict=True)) < 300
    print(f"\n{len(wire)} bytes in {len(events)} events for {len(text)} characters")


def test_the_socket_shows_the_same(stage: Stage) -> None:
    stage.upstream.script(*[say(*WORDS, pause=0.01) for _ in range(2)])
    turn = stage.ask(slots=2, wake=False)

    async def watch() -> dict[int, str]:
        texts: dict[int, str] = {}
        async with connected(stage.address, stage.ben) as socket:
            await socket.subscribe(turn.session_id)
            await asyncio.to_thread(stage.bench.wake, turn)
            for _ in range(2):
                await socket.wait("reply.end")
            for frame in socket.seen("reply.chunk"):
                slot = frame["slot"]
                texts[slot] = texts.get(slot, "") + frame["delta_text"]
        return texts

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(stage.read, turn)
        texts = asyncio.run(watch())
        page = reading.result()
    assert texts == page.texts == {0: TEXT, 1: TEXT}


# --- Who may read ---


def _open_as(stage: Stage, turn: Turn, ticket: str) -> Any:
    return Rest().get(f"/streams/turn/{turn.pk}?st={ticket}")


def test_a_ticket_opens_its_turn_and_no_other(stage: Stage) -> None:
    turn, other = stage.ask(), stage.ask()
    given = Rest(stage.ben).post("/streams/ticket", {"turn_id": str(turn.pk)}).json()
    assert given["expires_in"] == 60
    with opened(
        f"http://{stage.address}/api/v1/streams/turn/{turn.pk}", {}, st=given["ticket"]
    ) as stream:
        assert Page().follow(stream).done is not None
    assert code(_open_as(stage, other, given["ticket"])) == (401, "AUTH_TOKEN_INVALID")


@pytest.mark.parametrize("kind", ["expired", "access", "garbage", "refresh", "empty"])
def test_no_other_token_is_a_ticket(stage: Stage, kind: str) -> None:
    turn = stage.ask(wake=False)
    claims = {"sub": str(stage.ben.pk), "turn": str(turn.pk)}
    ticket = {
        "expired": lambda: tokens.sign(claims, typ="stream", ttl=-1),
        "access": lambda: tokens.issue_access(stage.ben),
        "garbage": lambda: "x",
        "refresh": lambda: tokens.sign(claims, typ="ws", ttl=60),
        "empty": lambda: "",
    }[kind]()
    wanted = "AUTH_TOKEN_EXPIRED" if kind == "expired" else "AUTH_TOKEN_INVALID"
    assert code(_open_as(stage, turn, ticket)) == (401, wanted)
    headers = {"Authorization": f"Bearer {tokens.sign(claims, typ='stream', ttl=60)}"}
    assert Rest()._client.get("/api/v1/auth/me", headers=headers).status_code == 401


def test_a_ticket_of_someone_disabled_opens_nothing(stage: Stage) -> None:
    turn = stage.ask(wake=False)
    given = Rest(stage.ben).post("/streams/ticket", {"turn_id": str(turn.pk)}).json()
    User.objects.filter(pk=stage.ben.pk).update(is_active=False)
    assert _open_as(stage, turn, given["ticket"]).status_code == 401


def test_strangers_find_no_stream(stage: Stage) -> None:
    turn = stage.ask(wake=False)
    for stranger in (cast.bea(), cast.vic()):
        rest = Rest(stranger)
        assert code(rest.get(f"/streams/turn/{turn.pk}")) == (404, "NOT_FOUND")
        assert code(rest.post("/streams/ticket", {"turn_id": str(turn.pk)})) == (404, "NOT_FOUND")
        with stage.stream(turn, stranger) as stream:
            assert stream.response.status_code == 404
    assert code(Rest().get(f"/streams/turn/{turn.pk}")) == (401, "AUTH_TOKEN_INVALID")


@pytest.mark.parametrize("bad", ["x", "0.1", "0.1.2-", "0.1.2g", "done", "0.1.2f-done-done", "é"])
def test_an_id_of_something_else_is_refused(stage: Stage, bad: str) -> None:
    turn = stage.ask(wake=False)
    refused = Rest(stage.ben).get(f"/streams/turn/{turn.pk}?last_event_id={bad}")
    assert code(refused) == (400, "VALIDATION_FAILED")


def test_streams_at_once_are_limited(stage: Stage, settings: Any) -> None:
    settings.STREAMS_PER_USER = 1
    stage.upstream.script([ROLE, delta("a"), STALL])
    turn = stage.ask()
    with stage.stream(turn) as first:
        first.until("chunk")
        with stage.stream(turn) as second:
            assert second.response.status_code == 429
            assert second.response.headers["retry-after"]
            second.response.read()
            assert second.response.json()["code"] == "RATE_LIMITED"
    answers.stop_slots(turn_id=turn.pk)
    stage.bench.settle(turn)


# --- Replies to customers ---


def test_the_reply_to_a_customer_streams_as_one_slot(stage: Stage) -> None:
    desk = stage.bench.desk
    desk.upstream.script(say(*WORDS, pause=0.01))
    session = desk.chat("Where is my order?")
    reply = _reply_in(stage, session)
    pages = [stage.read(reply, user=user) for user in (cast.vic(), stage.ben)]
    desk.settle(session)
    assert [page.shown() for page in pages] == [[TEXT]] * 2 == [desk.answers(session)] * 2
    with stage.stream(reply, cast.mia()) as stream:
        assert stream.response.status_code == 404


def _reply_in(stage: Stage, session: ChatSession) -> Answer:
    found = stage.bench.until(lambda: Answer.objects.filter(session=session).first())
    assert found is not None
    return found


def test_who_takes_over_silences_the_stream(stage: Stage) -> None:
    desk, page = stage.bench.desk, Page()
    desk.upstream.script([ROLE, delta("I think"), STALL])
    session = desk.chat("Hi")
    reply = _reply_in(stage, session)
    with stage.stream(reply, cast.vic()) as stream:
        page.follow(stream, most=1)
        actions.claim(viewer=desk.agent, session_id=session.pk)
        page.follow(stream)
    desk.settle(session)
    assert page.shown() == [""]
    assert page.finals[0].data["status"] == "stopped"
    stage.forget_feeds()
    assert stage.read(reply, user=cast.vic()).shown() == [""]

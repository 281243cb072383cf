"""Limits of models: places, breakers, budgets; and replies that another model gives instead."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from prometheus_client import generate_latest

from chatsite.lib import clock
from chatsite.lib.errors import RateLimited
from chatsite.lib.ids import uuid7
from llm import answers
from llm.limits import breakers
from llm.limits.admission import require_room
from llm.limits.budget import most_it_costs
from llm.limits.prices import cost_of
from llm.models import Answer, Breaker, ModelConfig, Spending
from llm.prompts import Prompt, Said
from llm.prompts.turns import COMPARE
from llm.providers import ProviderFailure
from sessions_app.models import ChatSession
from tests.llm.bench import Bench
from tests.llm.desk import Desk, expire
from tests.upstream import DONE, ROLE, STALL, Reply, delta, refuse, say, usage

DEAD = "http://127.0.0.1:9/v1"


def at_once(number: int, work: Callable[[int], Any]) -> list[Any]:
    """Do ``work`` in so many threads that start together."""
    barrier, found = threading.Barrier(number), [None] * number

    def run(index: int) -> None:
        barrier.wait()
        try:
            found[index] = work(index)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


# --- Places ---


def test_a_model_with_few_places_answers_one_after_the_other(bench: Bench) -> None:
    ModelConfig.objects.update(max_parallel=2)
    turn = bench.ask("Hi", slots=6)
    bench.settle(turn)
    assert bench.statuses(turn) == ["done"] * 6
    assert bench.upstream.most_open <= 2


def test_places_hold_over_two_workers(bench: Bench) -> None:
    ModelConfig.objects.update(max_parallel=1)
    turn, other = bench.ask("Hi", slots=4, wake=False), bench.new_engine()
    bench.wake(turn, other)
    bench.wake(turn)
    bench.settle(turn)
    assert bench.statuses(turn) == ["done"] * 4
    assert bench.upstream.most_open == 1


def test_a_slot_that_finds_no_place_fails_soon(bench: Bench, settings: Any) -> None:
    settings.LLM_QUEUE_S = 0.3
    ModelConfig.objects.update(max_parallel=1)
    bench.upstream.default = Reply([ROLE, delta("a"), STALL])
    turn = bench.ask("Hi", slots=2)
    bench.until(lambda: sorted(bench.statuses(turn)) == ["failed", "running"])
    failed = next(one for one in bench.slots(turn) if one.status == "failed")
    assert (failed.error_code, failed.error_reason) == ("PROVIDER_UNAVAILABLE", "busy")
    answers.stop_slots(turn_id=turn.pk)
    bench.settle(turn)


def test_the_sweep_fails_what_nobody_took_in_time(bench: Bench, settings: Any) -> None:
    settings.LLM_QUEUE_S = 0.0
    turn = bench.ask("Hi", slots=1, wake=False)
    assert answers.sweep() == []
    assert [one.error_reason for one in bench.slots(turn)] == ["busy"]
    assert bench.finished(turn)


def test_a_dead_workers_place_is_free_again(bench: Bench) -> None:
    ModelConfig.objects.update(max_parallel=1)
    turn = bench.ask("Hi", slots=2, wake=False)
    dead = bench.claim(turn)
    expire(dead.answer_id)
    bench.wake(turn)
    bench.settle(turn)
    assert bench.statuses(turn) == ["done", "done"]


def test_customers_come_before_comparisons(bench: Bench, desk: Desk) -> None:
    ModelConfig.objects.update(max_parallel=1)
    session = desk.open()
    desk.ask(session, "Hi")
    turn = bench.ask("Hi", slots=1)
    bench.until(lambda: len(bench.engine._line) == 1)
    desk.wake(session)
    bench.settle(turn)
    first, second = bench.upstream.requests
    assert ("tools" in first, "tools" in second) == (True, False)
    assert desk.answers(session) == ["Hello there."]


def test_a_customer_who_finds_no_place_goes_to_people(bench: Bench, desk: Desk) -> None:
    ModelConfig.objects.update(max_parallel=1)
    bench.upstream.default = Reply([ROLE, delta("a"), STALL])
    turn = bench.ask("Hi", slots=1)
    bench.until_shown(turn)
    session = desk.chat("Hi")
    bench.until(lambda: len(bench.engine._line) == 1)
    ChatSession.objects.filter(pk=session.pk).update(
        reply_due_at=clock.now() - dt.timedelta(minutes=1)
    )
    bench.until(lambda: desk.events(session) == ["handoff"])
    answers.stop_slots(turn_id=turn.pk)
    bench.settle(turn)


def test_too_many_open_answers_are_refused_before_anything_is_stored(
    bench: Bench, settings: Any
) -> None:
    settings.LLM_USER_SLOTS, settings.LLM_MODEL_QUEUE = 3, 1
    turn = bench.ask("Hi", slots=2, wake=False)
    turn.asked_by = bench.desk.agent_user
    turn.save()
    user, other = bench.agent.user_id, bench.desk.customer.user_id
    require_room(user_id=user, models=[bench.model])
    with pytest.raises(RateLimited) as refusal:
        require_room(user_id=user, models=[bench.model] * 2)
    assert refusal.value.retry_after
    require_room(user_id=other, models=[bench.model] * 2)
    bench.model.max_parallel = 1
    with pytest.raises(RateLimited):
        require_room(user_id=other, models=[bench.model])


# --- Breakers ---


def fail(desk: Desk, reason: str = "upstream", **more: Any) -> None:
    breakers.note_failure(desk.model, ProviderFailure(reason, **more), answer_id=uuid7())


def state(desk: Desk) -> str:
    row = Breaker.objects.filter(pk=breakers.key_of(desk.model)).first()
    return row.state(clock.now()) if row else "closed"


def half_open(desk: Desk) -> None:
    for _ in range(5):
        fail(desk)
    assert state(desk) == "open"
    Breaker.objects.update(open_until=clock.now() - dt.timedelta(seconds=1))
    assert state(desk) == "half-open"


def succeeded(desk: Desk, number: int) -> None:
    now = clock.now()
    Answer.objects.bulk_create(
        Answer(
            id=uuid7(),
            purpose="replay",
            model=desk.model,
            status="done",
            created_at=now,
            finished_at=now,
        )
        for _ in range(number)
    )


def test_five_failures_open_and_four_do_not(desk: Desk) -> None:
    for _ in range(4):
        fail(desk)
    assert state(desk) == "closed"
    fail(desk)
    assert state(desk) == "open"


def test_failures_among_more_successes_do_not_open(desk: Desk) -> None:
    succeeded(desk, 6)
    for _ in range(5):
        fail(desk)
    assert state(desk) == "closed"
    fail(desk)
    assert state(desk) == "open"


def test_three_truncations_in_a_row_open(desk: Desk) -> None:
    fail(desk, "truncated")
    fail(desk, "truncated")
    succeeded(desk, 1)
    fail(desk, "truncated")
    assert state(desk) == "closed"
    fail(desk, "truncated")
    fail(desk, "truncated")
    assert state(desk) == "open"


@pytest.mark.parametrize("reason", ["auth", "model", "context_length", "content_filter", "refused"])
def test_what_we_asked_wrongly_does_not_open(desk: Desk, reason: str) -> None:
    for _ in range(10):
        fail(desk, reason)
    assert state(desk) == "closed"


def test_a_stop_does_not_open(bench: Bench, desk: Desk) -> None:
    bench.upstream.default = Reply([ROLE, delta("a"), STALL])
    turn = bench.ask("Hi", slots=6)
    bench.until_shown(turn, slots=6)
    answers.stop_slots(turn_id=turn.pk)
    bench.settle(turn)
    assert state(desk) == "closed"


def test_an_open_endpoint_is_not_asked(bench: Bench, desk: Desk) -> None:
    for _ in range(5):
        fail(desk)
    turn = bench.ask("Hi", slots=1)
    bench.settle(turn)
    (answer,) = bench.slots(turn)
    assert (answer.status, answer.error_code, answer.error_reason) == (
        "failed",
        "PROVIDER_UNAVAILABLE",
        "circuit_open",
    )
    assert bench.upstream.requests == []


def test_a_dead_model_behind_a_gateway_leaves_the_others_alone(bench: Bench, desk: Desk) -> None:
    other = ModelConfig.objects.create(name="Other", base_url=desk.upstream.base_url, model="other")
    bench.upstream.by_model["m"] = refuse(503)
    turn = bench.ask("Hi", slots=6)
    bench.settle(turn)
    assert state(desk) == "open"
    again = bench.ask("Hi", models=[desk.model, other])
    bench.settle(again)
    assert bench.statuses(again) == ["failed", "done"]
    # And what the other did well does not speak for the dead one.
    assert state(desk) == "open"


def test_of_a_hundred_at_a_half_open_endpoint_one_is_the_probe(desk: Desk) -> None:
    half_open(desk)
    now = clock.now()
    trouble = breakers.in_trouble(now)

    def ask(_: int) -> str:
        return breakers.way_to(desk.model, trouble, answer_id=uuid7(), now=now)

    found = [way for _ in range(5) for way in at_once(20, ask)]
    assert sorted(set(found)) == ["closed", "probe"]
    assert found.count("probe") == 1


def test_parallel_slots_at_a_half_open_endpoint_make_one_request(bench: Bench, desk: Desk) -> None:
    half_open(desk)
    bench.upstream.default = Reply([ROLE, delta("a"), 0.3, *say("b")])
    turn, other = bench.ask("Hi", slots=12, wake=False), bench.new_engine()
    bench.wake(turn, other)
    bench.wake(turn)
    bench.settle(turn)
    assert len(bench.upstream.requests) == 1
    assert bench.statuses(turn).count("done") == 1
    assert state(desk) == "closed"
    again = bench.ask("Again", slots=2)
    bench.settle(again)
    assert bench.statuses(again) == ["done", "done"]


def test_a_failed_probe_opens_for_twice_as_long(bench: Bench, desk: Desk) -> None:
    half_open(desk)
    bench.upstream.default = refuse(500)
    turn = bench.ask("Hi", slots=1)
    bench.settle(turn)
    row = Breaker.objects.get()
    assert row.openings == 2
    assert row.open_until is not None
    left = (row.open_until - clock.now()).total_seconds()
    assert breakers.OPEN_S < left <= 2 * breakers.OPEN_S


def test_a_stopped_probe_lets_another_probe(bench: Bench, desk: Desk) -> None:
    half_open(desk)
    bench.upstream.script([ROLE, delta("a"), STALL])
    turn = bench.ask("Hi", slots=1)
    bench.until_shown(turn)
    answers.stop_slots(turn_id=turn.pk)
    bench.settle(turn)
    bench.until(lambda: Breaker.objects.get().probe is None)
    assert state(desk) == "half-open"
    again = bench.ask("Again", slots=1)
    bench.settle(again)
    assert (bench.statuses(again), state(desk)) == (["done"], "closed")


def test_retry_after_is_honoured_by_all(bench: Bench, desk: Desk) -> None:
    bench.upstream.script(refuse(429, retry_after="7"))
    turn = bench.ask("Hi", slots=1)
    bench.settle(turn)
    assert state(desk) == "resting"
    again = bench.ask("Again", slots=3)
    bench.settle(again)
    assert bench.statuses(again) == ["failed"] * 3
    assert len(bench.upstream.requests) == 1
    Breaker.objects.update(resting_until=clock.now())
    third = bench.ask("And again", slots=1)
    bench.settle(third)
    assert bench.statuses(third) == ["done"]


# --- Another model instead ---


def test_a_reply_goes_on_to_the_next_model_before_the_first_word(desk: Desk) -> None:
    ModelConfig.objects.update(base_url=DEAD)
    spare = ModelConfig.objects.create(name="Spare", base_url=desk.upstream.base_url, model="s")
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.answers(session) == ["Hello there."]
    (answer,) = desk.records(session)
    assert (answer.model_id, answer.model_label, answer.attempt) == (spare.pk, "Spare (s)", 1)


def test_a_silent_model_is_asked_once_and_the_next_one_answers(desk: Desk, settings: Any) -> None:
    settings.LLM_DEADLINES = {**settings.LLM_DEADLINES, "first_content": 0.4}
    ModelConfig.objects.create(name="Spare", base_url=desk.upstream.base_url, model="s")
    desk.upstream.by_model["m"] = Reply([], before=[STALL])
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.answers(session) == ["Hello there."]
    assert [request["model"] for request in desk.upstream.requests] == ["m", "s"]


def test_after_the_first_word_no_other_model_is_asked(desk: Desk) -> None:
    ModelConfig.objects.create(name="Spare", base_url=desk.upstream.base_url, model="s")
    desk.upstream.script([ROLE, delta("Half")])
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.statuses(session) == ["failed"]
    assert len(desk.upstream.requests) == 1


def test_a_reply_passes_over_an_open_endpoint(desk: Desk) -> None:
    ModelConfig.objects.update(base_url=DEAD)
    for _ in range(5):
        breakers.note_failure(
            ModelConfig.objects.get(), ProviderFailure("connect"), answer_id=uuid7()
        )
    ModelConfig.objects.create(name="Spare", base_url=desk.upstream.base_url, model="s")
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.answers(session) == ["Hello there."]


def test_an_open_endpoint_is_seen_at_the_metrics(desk: Desk) -> None:
    for _ in range(5):
        fail(desk)
    endpoint = breakers.key_of(desk.model)
    text = generate_latest().decode()
    assert f'cland_endpoint_state{{endpoint="{endpoint}"}} 2.0' in text


def test_when_every_endpoint_is_open_people_take_over_at_once(desk: Desk) -> None:
    for _ in range(5):
        fail(desk)
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.events(session) == ["handoff"]
    assert desk.upstream.requests == []


# --- Budgets ---

PRICES = {"prompt": "1", "completion": "2", "currency": "EUR"}


def limited(desk: Desk, calls: int) -> Decimal:
    """Give the model a budget for so many calls; return what one may cost at most."""
    model = desk.model
    model.prices, model.default_params = PRICES, {"max_tokens": 1000}
    model.daily_budget = None
    model.save()
    prompt = Prompt(COMPARE, [Said("user", "Hi")])
    most = most_it_costs(model, prompt, model.default_params)
    assert most is not None
    ModelConfig.objects.filter(pk=model.pk).update(daily_budget=most * calls)
    return most


def spending() -> Spending:
    return Spending.objects.get()


def test_a_cost_is_noted_however_an_answer_ends(bench: Bench) -> None:
    bench.model.prices = PRICES
    bench.model.save()
    bench.upstream.script(
        say("Hello"), [ROLE, delta("Half"), STALL], [ROLE, delta("Broken")], refuse(401)
    )
    first = bench.ask("Hi", slots=1)
    bench.settle(first)
    stopped = bench.ask("Hi", slots=1)
    bench.until_shown(stopped)
    answers.stop_slots(turn_id=stopped.pk)
    bench.settle(stopped)
    broken = bench.ask("Hi", slots=1)
    bench.settle(broken)
    refused = bench.ask("Hi", slots=1)
    bench.settle(refused)
    (whole,), (half,), (cut,), (none,) = map(bench.slots, (first, stopped, broken, refused))
    assert whole.cost == Decimal("0.00002200")  # 12 and 5 tokens
    assert (half.status, cut.status, none.status) == ("stopped", "failed", "failed")
    assert half.cost
    assert cut.cost
    assert none.cost == 0
    assert all(one.prices == PRICES for one in (whole, half, cut, none))


def test_counts_of_zero_stay_zero(bench: Bench) -> None:
    bench.model.prices = PRICES
    bench.model.save()
    bench.upstream.script([ROLE, delta("Free"), delta(finish="stop"), usage(0, 0), DONE])
    turn = bench.ask("Hi", slots=1)
    bench.settle(turn)
    (answer,) = bench.slots(turn)
    assert (answer.total_tokens, answer.usage_source, answer.cost) == (0, "provider", Decimal(0))


def test_a_budget_for_ten_lets_ten_of_fifty_through(bench: Bench, desk: Desk) -> None:
    limited(desk, 10)
    bench.upstream.default = Reply([ROLE, delta("a"), STALL])
    turn, other = bench.ask("Hi", slots=50, wake=False), bench.new_engine()
    bench.wake(turn, other)
    bench.wake(turn)
    bench.until(lambda: bench.statuses(turn).count("failed") == 40)
    assert {one.error_reason for one in bench.slots(turn) if one.status == "failed"} == {"budget"}
    assert {one.error_code for one in bench.slots(turn) if one.status == "failed"} == {
        "RATE_LIMITED"
    }
    bench.until(lambda: len(bench.upstream.requests) == 10)
    answers.stop_slots(turn_id=turn.pk)
    bench.settle(turn)
    assert len(bench.upstream.requests) == 10
    assert spending().reserved == 0
    assert spending().spent == sum(one.cost or 0 for one in bench.slots(turn))


def test_what_was_not_spent_can_be_spent_by_the_next(bench: Bench, desk: Desk) -> None:
    limited(desk, 1)
    ModelConfig.objects.update(daily_budget=Decimal("0.0045"))
    for _ in range(3):
        turn = bench.ask("Hi", slots=1)
        bench.settle(turn)
        assert bench.statuses(turn) == ["done"]
    assert spending().spent == 3 * Decimal("0.000022")


def test_what_a_dead_worker_reserved_comes_back(bench: Bench, desk: Desk) -> None:
    limited(desk, 5)
    turn = bench.ask("Hi", slots=1, wake=False)
    dead = bench.claim(turn)
    kept = spending().reserved
    assert kept > 0
    expire(dead.answer_id)
    bench.wake(turn)
    bench.settle(turn)
    assert (bench.statuses(turn), int(spending().reserved)) == (["done"], 0)
    again = bench.ask("Hi", slots=1, wake=False)
    lost = bench.claim(again)
    answers.extend_leases(shown={lost.answer_id: (5, "Half")}, others=[], worker="dead")
    expire(lost.answer_id)
    answers.sweep()
    assert (bench.statuses(again), int(spending().reserved)) == (["failed"], 0)
    assert bench.slots(again)[0].cost


def test_a_reply_without_money_asks_another_model(desk: Desk) -> None:
    limited(desk, 0)
    ModelConfig.objects.filter(pk=desk.model.pk).update(daily_budget=Decimal("0.0000"))
    ModelConfig.objects.create(name="Spare", base_url=desk.upstream.base_url, model="s")
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.answers(session) == ["Hello there."]
    assert [request["model"] for request in desk.upstream.requests] == ["s"]


def test_a_budget_set_during_the_day_knows_what_was_spent_before(bench: Bench, desk: Desk) -> None:
    bench.model.prices = PRICES
    bench.model.save()
    bench.settle(bench.ask("Hi", slots=1))
    limited(desk, 5)
    bench.settle(bench.ask("Hi", slots=1))
    assert spending().spent == 2 * Decimal("0.000022")


@pytest.mark.parametrize(
    ("prices", "counts", "cost"),
    [
        ({}, (10, 10), None),
        ({"prompt": 1.5, "completion": 2}, (1_000_000, 500_000), Decimal("2.5")),
        ({"completion": "3"}, (None, 1_000_000), Decimal(3)),
        ({"prompt": 1}, (None, None), None),
        ({"prompt": "nonsense"}, (1, 1), None),
        ({"prompt": 1}, (0, 0), Decimal(0)),
    ],
)
def test_costs(prices: dict[str, Any], counts: tuple[Any, Any], cost: Decimal | None) -> None:
    assert cost_of(prices, *counts) == cost


def test_a_model_of_an_endpoint_has_one_key() -> None:
    def key(base_url: str, model: str = "m") -> str:
        return breakers.key_of(ModelConfig(base_url=base_url, model=model))

    same = (
        "https://API.example/v1",
        "https://api.example:443/v1/",
        "https://api.example/v1/chat/completions",
    )
    assert len({key(url) for url in same}) == 1
    assert key("https://api.example/v2") != key(same[0])
    assert key(same[0], "another") != key(same[0])
    longest = key("https://api.example/" + "v" * 480, "m" * 200)
    assert len(longest) <= 500
    assert longest.endswith(" " + "m" * 200)

"""The provider against byte-exact answers and faults of a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from llm.completion import Question, complete
from llm.providers import CompletionRequest, Deadlines, Endpoint, Outcome, ProviderFailure
from llm.providers.openai_compatible import OpenAICompatible, completions_url, pace
from tests.upstream import (
    CUT,
    DONE,
    ROLE,
    STALL,
    Reply,
    Upstream,
    call_for_human,
    delta,
    event,
    refuse,
    say,
    usage,
)

QUICK = Deadlines(connect=1, first_content=0.3, gap=0.3, whole=5)
TOOL = {"type": "function", "function": {"name": "request_human", "parameters": {}}}
REQUEST = CompletionRequest(
    messages=[{"role": "user", "content": "Hi"}], temperature=0.2, max_tokens=50, tools=[TOOL]
)


@pytest.fixture
async def provider() -> AsyncIterator[OpenAICompatible]:
    provider = OpenAICompatible()
    yield provider
    await provider.close()


class Ask:
    """One call through the retrying front, with what came out of it."""

    def __init__(self, provider: OpenAICompatible, upstream: Upstream) -> None:
        self.provider = provider
        self.upstream = upstream
        self.parts: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.parts)

    async def __call__(
        self,
        *,
        refused: frozenset[str] = frozenset(),
        deadlines: Deadlines = QUICK,
        base_url: str = "",
        question: Question | None = None,
    ) -> Outcome:
        return await complete(
            provider=self.provider,
            endpoint=Endpoint(
                base_url or self.upstream.base_url,
                "m",
                "sk-secret-key",
                refused,
                may_be_private=True,
            ),
            question=question or Question(REQUEST),
            on_text=self.parts.append,
            deadlines=deadlines,
        )

    async def failure(self, **more: object) -> ProviderFailure:
        with pytest.raises(ProviderFailure) as caught:
            await self(**more)  # type: ignore[arg-type]
        return caught.value


@pytest.fixture
def ask(provider: OpenAICompatible, upstream: Upstream) -> Ask:
    return Ask(provider, upstream)


async def test_text_usage_and_end_arrive(ask: Ask) -> None:
    outcome = await ask()
    assert ask.text == "Hello there."
    assert outcome.finish_reason == "stop"
    assert outcome.usage is not None
    assert outcome.usage.total_tokens == 17
    assert outcome.handoff is None


async def test_request_carries_key_model_and_parameters(ask: Ask) -> None:
    await ask()
    body = ask.upstream.requests[0]
    assert ask.upstream.headers[0]["authorization"] == "Bearer sk-secret-key"
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("m", 50, 0.2)
    assert body["stream_options"] == {"include_usage": True}


async def test_connection_is_used_again(ask: Ask) -> None:
    await ask()
    await ask()
    assert ask.upstream.connections == 1


@pytest.mark.parametrize("choices", [[], None, [{"index": 0, "delta": {}}]])
async def test_usage_chunk_of_any_shape_counts(ask: Ask, choices: object) -> None:
    ask.upstream.script([delta("Hi"), delta(finish="stop"), usage(3, 0, choices=choices), DONE])
    outcome = await ask()
    assert outcome.usage is not None
    assert outcome.usage.completion_tokens == 0


async def test_bytes_may_be_cut_anywhere(ask: Ask) -> None:
    whole = b"".join(s for s in say("Grüße 你好", " 👋") if isinstance(s, bytes))
    ask.upstream.script([whole[i : i + 1] for i in range(len(whole))])
    await ask(deadlines=Deadlines(whole=20))
    assert ask.text == "Grüße 你好 👋"


async def test_carriage_returns_comments_and_names_are_fine(ask: Ask) -> None:
    line = delta("Hi").replace(b"\n\n", b"\r\n\r\n")
    ask.upstream.script([b": ping\r\n\r\nevent: x\r\n", line, delta(finish="stop"), DONE])
    await ask()
    assert ask.text == "Hi"


async def test_missing_done_is_fine_after_a_finish_reason(ask: Ask) -> None:
    ask.upstream.script([delta("Hi"), delta(finish="stop")])
    assert (await ask()).finish_reason == "stop"


async def test_an_endpoint_that_never_hangs_up_does_not_hold_the_answer(ask: Ask) -> None:
    ask.upstream.script([delta("Hi"), delta(finish="stop"), STALL])
    assert (await ask()).finish_reason == "stop"


async def test_length_is_told(ask: Ask) -> None:
    ask.upstream.script([delta("Hi"), delta(finish="length"), DONE])
    assert (await ask()).finish_reason == "length"


async def test_an_answer_that_is_not_streamed_is_taken(ask: Ask) -> None:
    choice = {"index": 0, "message": {"content": "All at once"}, "finish_reason": "stop"}
    body = event({"choices": [choice]})[6:]
    ask.upstream.script(Reply([body], headers={"Content-Type": "application/json"}))
    await ask()
    assert ask.text == "All at once"


async def test_tool_call_becomes_a_handoff(ask: Ask) -> None:
    ask.upstream.script(call_for_human("wants a refund by phone"))
    outcome = await ask()
    assert outcome.handoff is not None
    assert outcome.handoff.reason == "wants a refund by phone"
    assert ask.text == ""


async def test_words_about_the_tool_are_only_words(ask: Ask) -> None:
    ask.upstream.script(say('{"tool":"request_human"} request_human()'))
    assert (await ask()).handoff is None


@pytest.mark.parametrize("field", ["stream_options", "tools", "max_tokens", "temperature"])
async def test_a_refused_field_is_left_out_and_remembered(ask: Ask, field: str) -> None:
    ask.upstream.script(refuse(400, f"Unsupported parameter: '{field}' is not supported"))
    outcome = await ask()
    assert outcome.refused == {field}
    assert field in ask.upstream.requests[0]
    assert field not in ask.upstream.requests[1]
    await ask(refused=outcome.refused)
    assert len(ask.upstream.requests) == 3


async def test_a_newer_endpoint_gets_max_completion_tokens(ask: Ask) -> None:
    ask.upstream.script(refuse(400, "Use 'max_completion_tokens' instead of 'max_tokens'."))
    await ask()
    assert ask.upstream.requests[1]["max_completion_tokens"] == 50


FINAL = [
    (refuse(401), "auth", "PROVIDER_ERROR"),
    (refuse(403), "auth", "PROVIDER_ERROR"),
    (refuse(404), "model", "PROVIDER_ERROR"),
    (refuse(400, "bad"), "refused", "PROVIDER_ERROR"),
    (refuse(400, "x", code="context_length_exceeded"), "context_length", "PROVIDER_ERROR"),
    (refuse(400, "x", code="content_filter"), "content_filter", "PROVIDER_ERROR"),
    (Reply([], status=302, headers={"Location": "/x"}), "redirect", "PROVIDER_ERROR"),
    (Reply([b"data: " + b"x" * 1_100_000]), "too_large", "PROVIDER_ERROR"),
    (Reply([delta(finish="content_filter"), DONE]), "content_filter", "PROVIDER_ERROR"),
]


@pytest.mark.parametrize(("reply", "reason", "code"), FINAL)
async def test_final_refusals_are_not_tried_again(
    ask: Ask, reply: Reply, reason: str, code: str
) -> None:
    ask.upstream.script(reply)
    failure = await ask.failure()
    assert (failure.reason, failure.code) == (reason, code)
    assert len(ask.upstream.requests) == 1


AGAIN = [
    (refuse(429, Retry_After="0"), "rate_limited", "PROVIDER_UNAVAILABLE"),
    (refuse(500), "upstream", "PROVIDER_ERROR"),
    (refuse(503), "overloaded", "PROVIDER_UNAVAILABLE"),
    (refuse(529), "overloaded", "PROVIDER_UNAVAILABLE"),
    (refuse(408), "upstream", "PROVIDER_ERROR"),
    (Reply([], before=[CUT]), "reset", "PROVIDER_UNAVAILABLE"),
    (Reply([STALL]), "first_content", "PROVIDER_TIMEOUT"),
    (Reply([ROLE, STALL]), "first_content", "PROVIDER_TIMEOUT"),
    (Reply([], before=[STALL]), "first_content", "PROVIDER_TIMEOUT"),
    (Reply([]), "empty", "PROVIDER_ERROR"),
    (Reply([ROLE, DONE]), "empty", "PROVIDER_ERROR"),
    (Reply([usage(), DONE]), "empty", "PROVIDER_ERROR"),
    (Reply([delta(finish="stop"), DONE]), "empty", "PROVIDER_ERROR"),
    (Reply([event({"error": {"message": "oh", "code": 429}})]), "rate_limited", None),
    (Reply([event({"error": {"message": "Overloaded"}})]), "overloaded", None),
    (Reply([b'{"error": "internal"}\n']), "upstream", None),
    (Reply([b"data: {broken\n\n"]), "protocol", "PROVIDER_ERROR"),
    (Reply([b"data: [1]\n\n"]), "protocol", "PROVIDER_ERROR"),
    (Reply([b"<html>"], headers={"Content-Type": "text/html"}), "empty", "PROVIDER_ERROR"),
]


@pytest.mark.parametrize(("reply", "reason", "code"), AGAIN)
async def test_faults_before_the_first_text_are_tried_once_more(
    ask: Ask, reply: Reply, reason: str, code: str | None
) -> None:
    ask.upstream.script(reply, reply, reply)
    failure = await ask.failure()
    assert failure.reason == reason
    assert code is None or failure.code == code
    assert len(ask.upstream.requests) == 2


@pytest.mark.parametrize(("reply", "reason", "code"), AGAIN)
async def test_the_second_try_answers(
    ask: Ask, reply: Reply, reason: str, code: str | None
) -> None:
    ask.upstream.script(reply)
    await ask()
    assert ask.text == "Hello there."


MIDWAY = [
    ([CUT], "truncated"),
    ([], "truncated"),
    ([STALL], "stalled"),
    ([b": ping\n\n", 0.2, b": ping\n\n", 0.2, b": ping\n\n", STALL], "stalled"),
    ([event({"error": {"message": "boom"}})], "upstream"),
    ([b"data: {broken\n\n"], "protocol"),
    ([delta(finish="content_filter"), DONE], "content_filter"),
]


@pytest.mark.parametrize(("rest", "reason"), MIDWAY)
async def test_after_the_first_text_nothing_is_replayed(
    ask: Ask, rest: list[bytes | float | str], reason: str
) -> None:
    ask.upstream.script([ROLE, delta("Hel"), delta("lo"), *rest])
    failure = await ask.failure()
    assert failure.reason == reason
    assert ask.text == "Hello"
    assert len(ask.upstream.requests) == 1


async def test_a_drip_ends_at_the_whole_deadline(ask: Ask) -> None:
    ask.upstream.script([step for _ in range(100) for step in (delta("."), 0.05)])
    failure = await ask.failure(deadlines=Deadlines(first_content=60, gap=60, whole=0.6))
    assert failure.reason == "deadline"
    assert failure.code == "PROVIDER_TIMEOUT"


async def test_a_long_retry_after_is_not_waited_for(ask: Ask) -> None:
    ask.upstream.script(refuse(429, Retry_After="60"))
    failure = await ask.failure()
    assert failure.retry_after == 60
    assert len(ask.upstream.requests) == 1


async def test_a_dead_port_is_unavailable(ask: Ask) -> None:
    failure = await ask.failure(base_url="http://127.0.0.1:9/v1")
    assert (failure.reason, failure.code) == ("connect", "PROVIDER_UNAVAILABLE")


@pytest.mark.parametrize(
    "url", ["ftp://h/v1", "file:///etc/passwd", "http://", "http://u:p@h/v1", "http://[::1/v1"]
)
async def test_odd_addresses_are_never_called(ask: Ask, url: str) -> None:
    assert (await ask.failure(base_url=url)).reason == "address"


async def test_a_prompt_that_does_not_fit_is_asked_shorter_once(ask: Ask) -> None:
    short = CompletionRequest(messages=[{"role": "user", "content": "short"}])
    ask.upstream.script(refuse(400, "This model's maximum context length is 10 tokens"))
    await ask(question=Question(REQUEST, shorter=lambda: short))
    assert ask.upstream.requests[1]["messages"][0]["content"] == "short"


async def test_cancelling_closes_the_upstream_socket(ask: Ask) -> None:
    ask.upstream.script([delta("Hel"), STALL])
    task = asyncio.ensure_future(ask(deadlines=Deadlines()))
    await ask.upstream.asked.wait()
    while not ask.parts:
        await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(1):
        await ask.upstream.disconnected.wait()


async def test_what_follows_the_first_token_is_read_in_strides(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "REST_S", 0.5)
    words = [f"word{number} " for number in range(40)]
    ask.upstream.script(say(*words, pause=0.002))
    await ask(deadlines=Deadlines())
    assert ask.text == "".join(words)
    assert 1 < len(ask.parts) < len(words) / 2


@pytest.mark.parametrize("end", ["cancel", "cut"])
async def test_an_end_during_a_rest_is_seen(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(pace, "REST_S", 60.0 if end == "cancel" else 0.1)
    ask.upstream.script([delta("Hel"), STALL if end == "cancel" else CUT])
    task = asyncio.ensure_future(ask(deadlines=Deadlines()))
    while not ask.parts:
        await asyncio.sleep(0)
    if end == "cancel":
        task.cancel()
        await asyncio.wait_for(ask.upstream.disconnected.wait(), 20)
    else:
        with pytest.raises(ProviderFailure, match="truncated"):
            await asyncio.wait_for(task, 20)
    assert ask.text == "Hel"


async def test_cancelling_during_silence_closes_the_upstream_socket(ask: Ask) -> None:
    ask.upstream.script(Reply([], before=[STALL]))
    task = asyncio.ensure_future(ask(deadlines=Deadlines()))
    await ask.upstream.asked.wait()
    task.cancel()
    async with asyncio.timeout(1):
        await ask.upstream.disconnected.wait()


async def test_failures_and_reprs_do_not_hold_the_key(ask: Ask) -> None:
    ask.upstream.script(refuse(401, "Incorrect API key provided: sk-secret-key"))
    failure = await ask.failure()
    assert "sk-secret" not in repr(failure) + str(failure)
    assert "sk-secret" not in repr(Endpoint("http://h", "m", "sk-secret-key"))


@pytest.mark.parametrize(
    "base", ["http://h/v1", "http://h/v1/", "http://h/v1/chat/completions", "http://h/v1#x"]
)
def test_base_urls_of_every_shape(base: str) -> None:
    assert completions_url(base) == "http://h/v1/chat/completions"

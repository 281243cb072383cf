"""Our provider and engine against the LiteLLM proxy: its mocks, and a real model behind it."""

from __future__ import annotations

import pytest

from llm.completion import Question
from llm.models import ModelConfig
from tests.llm.desk import Desk
from tests.llm.real import servers
from tests.llm.real.ask import ask, request
from tests.llm.real.servers import PROXY_KEY, ModelServer


async def test_text_and_usage_with_a_choice_in_the_usage_chunk(litellm: ModelServer) -> None:
    asked = await ask(
        litellm.base_url, "mock-ok", key=PROXY_KEY, question=Question(request(tools=True))
    )
    assert asked.text == "Hello. 你好，这里是客服。"
    assert asked.outcome is not None
    assert asked.outcome.usage is not None
    assert asked.outcome.usage.completion_tokens > 0


@pytest.mark.parametrize(
    ("model", "reasons"),
    [
        ("mock-429", {"rate_limited"}),
        ("mock-500", {"upstream"}),
        ("mock-ctx", {"context_length"}),
        ("mock-filter", {"content_filter", "refused"}),
        ("mock-529", {"overloaded"}),
        ("mock-timeout", {"upstream"}),
        ("no-such-model", {"refused", "model"}),
    ],
)
async def test_faults_are_classified(litellm: ModelServer, model: str, reasons: set[str]) -> None:
    asked = await ask(litellm.base_url, model, key=PROXY_KEY)
    assert asked.failure is not None
    assert asked.failure.reason in reasons
    assert asked.text == ""


async def test_a_slow_start_is_waited_for(litellm: ModelServer) -> None:
    assert (await ask(litellm.base_url, "mock-slow", key=PROXY_KEY)).text == "slow but fine"


async def test_the_proxys_own_fallback_is_fine(litellm: ModelServer) -> None:
    assert (await ask(litellm.base_url, "with-fallback", key=PROXY_KEY)).text.startswith("Hello")


async def test_a_real_model_behind_the_proxy(litellm: ModelServer) -> None:
    asked = await ask(litellm.base_url, "behind", key=PROXY_KEY)
    assert asked.outcome is not None
    assert asked.outcome.usage is not None
    assert len(asked.parts) > 5


async def test_a_model_killed_behind_the_proxy_is_a_failure_without_replay() -> None:
    with servers.llama() as model, servers.litellm(model.base_url) as proxy:

        def kill(number: int) -> None:
            if number == 20:
                model.kill()

        question = Question(request("Once upon a time", max_tokens=400))
        asked = await ask(proxy.base_url, "behind", key=PROXY_KEY, question=question, on_part=kill)
        assert asked.failure is not None
        assert len(asked.parts) >= 20


def test_a_customer_is_answered_through_the_proxy(desk: Desk, litellm: ModelServer) -> None:
    model = ModelConfig.objects.get()
    model.base_url, model.model = litellm.base_url, "mock-ok"
    model.set_api_key(PROXY_KEY)
    model.save()
    session = desk.chat("Hi")
    desk.settle(session)
    assert desk.answers(session) == ["Hello. 你好，这里是客服。"]
    assert desk.records(session)[0].usage_source == "provider"

"""The demo endpoint, over HTTP, with our own provider and without."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import orjson
import pytest

from llm.actions import DEMO_MODEL
from llm.demo import server
from llm.demo.replies import reply_to
from llm.demo.search import index
from llm.prompts.reply import HANDOFF_TOOL
from llm.providers import CompletionRequest, Deadlines, Endpoint, Outcome
from llm.providers.openai_compatible import OpenAICompatible


@pytest.fixture
async def demo_url() -> AsyncIterator[str]:
    runner, url = await server.start(pace=0)
    yield url
    await runner.cleanup()


async def ask(url: str, *texts: str) -> tuple[str, Outcome]:
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]
    provider, parts = OpenAICompatible(), list[str]()
    outcome = await provider.stream(
        Endpoint(url, DEMO_MODEL, may_be_private=True),
        CompletionRequest(messages=messages, tools=[HANDOFF_TOOL]),
        parts.append,
        Deadlines(),
    )
    await provider.close()
    return "".join(parts), outcome


async def test_a_question_is_answered_from_the_articles(demo_url: str) -> None:
    text, outcome = await ask(demo_url, "Hi! How long does delivery take?")
    assert "3 to 5 working days" in text
    assert outcome.finish_reason == "stop"
    assert outcome.usage is not None
    assert outcome.usage.completion_tokens > 10


async def test_chinese_is_answered_in_chinese(demo_url: str) -> None:
    text, _ = await ask(demo_url, "退款多久到账？")
    assert "3 个工作日" in text


async def test_without_support_it_says_so_and_offers_a_person(demo_url: str) -> None:
    text, outcome = await ask(demo_url, "What is the capital of France?")
    assert "could not find anything" in text
    assert outcome.handoff is None


async def test_yes_to_the_offer_is_a_tool_call(demo_url: str) -> None:
    unknown = reply_to([{"role": "user", "content": "Paris?"}], can_hand_over=True).text
    text, outcome = await ask(demo_url, "Paris?", unknown, "yes please")
    assert text == ""
    assert outcome.handoff is not None
    assert outcome.finish_reason == "tool_calls"


def test_without_tools_there_is_no_tool_call() -> None:
    said = reply_to([{"role": "user", "content": "I want a human"}], can_hand_over=False)
    assert not said.handoff_reason
    assert said.text


def test_a_burst_is_answered_as_a_whole() -> None:
    burst = "Hi\nwhere is my order\nand do you ship to Norway?\nthanks"
    text = reply_to([{"role": "user", "content": burst}], can_hand_over=True).text
    assert "tracking link" in text
    assert "Norway" in text


def test_a_follow_up_is_understood_from_the_question_before() -> None:
    messages = [
        {"role": "user", "content": "Do you ship to Norway?"},
        {"role": "assistant", "content": "Yes, in 4 to 8 days."},
        {"role": "user", "content": "and how much is it?"},
    ]
    assert "12.90" in reply_to(messages, can_hand_over=True).text


QUESTIONS = [
    ("Where is my order?", "order-status"),
    ("hello where is my parcel", "order-status"),
    ("what's your return policy", "returns"),
    ("Can I return these boots if I wore them?", "boots-fit returns"),
    ("How do I wash my rain jacket", "care-jackets"),
    ("do you deliver to japan", "shipping-abroad"),
    ("Is the Ridge jacket waterproof", "waterproof"),
    ("I want my money back", "refunds"),
    ("my zip broke after two years", "warranty repairs"),
    ("do you have a student discount", "discounts"),
    ("Which size should I take, I'm 180cm", "sizes"),
    ("can I pay with paypal", "payment"),
    ("I forgot my password", "account"),
    ("when does the store in Hamburg open", "stores"),
    ("gift card balance", "gift-cards"),
    ("I was charged twice", "payment-problems"),
    ("how do I cancel my order", "change-order"),
    ("are your clothes free of PFAS", "sustainability waterproof"),
    ("怎么退货", "returns"),
    ("运费多少", "shipping-costs"),
    ("我的快递到哪了", "order-status"),
    ("冲锋衣怎么洗", "care-jackets"),
    ("支持微信支付吗", "payment"),
    ("尺码偏大吗", "sizes"),
]
PARAPHRASES = [
    ("How long do I have to return a jacket?", "returns"),
    ("How long can I keep something before returning it?", "returns"),
    ("Can I send a jacket back if it does not fit?", "returns"),
    ("I'd like to return something I bought", "returns"),
    ("How many days for returns?", "returns"),
    ("what's the return window", "returns"),
    ("The jumper doesn't suit me, can I give it back?", "returns"),
    ("is it free to return an item", "returns"),
    ("Can returned items be exchanged?", "exchange"),
    ("When do I get my money after returning the jacket?", "refunds"),
    ("My refund hasn't arrived", "refunds"),
    ("How long until I am refunded?", "refunds"),
    ("How do I wash a jacket?", "care-jackets"),
    ("How long is the warranty on a jacket?", "warranty"),
    ("我买的外套多少天内可以退", "returns"),
    ("退货期限是多久", "returns"),
    ("衣服不合适能退吗", "returns"),
    ("外套能退货吗", "returns"),
    ("你们的退货政策", "returns"),
    ("多长时间之内能退货", "returns"),
    ("退货要运费吗", "shipping-costs returns"),
    ("钱什么时候退给我", "refunds"),
    ("退款几天到账", "refunds"),
    ("外套怎么洗", "care-jackets"),
]


@pytest.mark.parametrize(("question", "slugs"), [*QUESTIONS, *PARAPHRASES])
def test_usual_questions_find_their_article(question: str, slugs: str) -> None:
    text = reply_to([{"role": "user", "content": question}], can_hand_over=True).text
    articles = [*index("en").articles, *index("zh").articles]
    found = [article.slug for article in articles if article.text == text]
    assert found
    assert found[0] in slugs.split()


@pytest.mark.parametrize(
    "question",
    ["tell me a joke", "what's the weather today", "do you sell bicycles", "今天天气怎么样"],
)
def test_other_questions_find_nothing(question: str) -> None:
    said = reply_to([{"role": "user", "content": question}], can_hand_over=True)
    assert "person?" in said.text or "人工客服吗" in said.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{broken", 400),
        (b"[]", 400),
        (b'{"messages": "hi"}', 400),
        (b'{"model": "other", "messages": []}', 404),
    ],
)
async def test_errors_have_the_usual_shape(demo_url: str, body: bytes, status: int) -> None:
    url = f"{demo_url}/chat/completions"
    async with aiohttp.ClientSession() as http, http.post(url, data=body) as response:
        assert response.status == status
        assert (await response.json())["error"]["message"]


async def test_models_and_whole_answers(demo_url: str) -> None:
    body = {"model": DEMO_MODEL, "messages": [{"role": "user", "content": "Hi"}]}
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{demo_url}/models") as response:
            assert (await response.json())["data"][0]["id"] == DEMO_MODEL
        url = f"{demo_url}/chat/completions"
        async with http.post(url, data=orjson.dumps(body)) as response:
            answer = await response.json()
    assert answer["choices"][0]["message"]["content"].startswith("Hello!")


def test_the_server_runs_in_a_thread_of_its_own() -> None:
    with server.running(pace=0) as url:
        assert url.startswith("http://127.0.0.1:")

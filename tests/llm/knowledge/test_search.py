"""Search: by words and meaning, in two languages, within what the asker may see."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from accounts.viewer import Viewer
from deploy import services
from llm.knowledge import actions, search, vectors
from llm.knowledge.found import Found, Outcome
from llm.knowledge.models import Article
from llm.knowledge.scope import Scope
from tests import cast, kernel
from tests.llm.knowledge.conftest import catch_up

Publish = Callable[..., Article]
ANYONE = Scope.of_customer(None)

# A question, and the articles that answer it.
IN_THE_ARTICLES = {
    "how long until my parcel comes": {"shipping-times"},
    "When will I get my money back?": {"refunds"},
    "my zipper is broken": {"repairs", "warranty"},
    "can I wash the jacket in the machine": {"care-jackets"},
    "I want to change the address of my order": {"change-order"},
    "is there a warranty": {"warranty"},
    "where are your shops": {"stores"},
    "do you have student discount": {"discounts"},
    "parcel arrived damaged": {"missing-damaged"},
    "退款多久到账": {"refunds"},
    "可以寄到加拿大吗": {"shipping-abroad"},
    "拉链坏了怎么办": {"repairs", "warranty", "care-jackets"},
    "怎么洗冲锋衣": {"care-jackets"},
    "能换个尺码吗": {"exchange"},
    "支持花呗吗": {"payment"},
    "礼品卡怎么用": {"gift-cards"},
}
NOT_IN_THEM = (
    "What is the capital of Peru?",
    "Who won the world cup in 2018?",
    "Write me a poem about the sea",
    "Do you sell laptops?",
    "Can you recommend a dentist?",
    "How many calories are in a banana?",
    "explain quantum entanglement",
    "法国首都是哪里",
    "你们卖笔记本电脑吗",
    "怎么重装系统",
    "推荐一部电影",
    "hello",
    "你好",
)


@pytest.fixture
def demo(chroma: services.Chroma, admin: Viewer) -> dict[int, str]:
    """The demo shop's articles, indexed; their short names by id."""
    actions.seed_articles()
    catch_up()
    return dict(Article.objects.values_list("pk", "source_name"))


def found_by(question: str) -> Found:
    """Search as for a customer, in a process that has all the time in the world."""
    return search.find(question, ANYONE, k=4)


def test_questions_in_other_words_find_their_article(demo: dict[int, str], settings: Any) -> None:
    settings.KNOWLEDGE_BUDGET_S = 10.0
    wrong = []
    for question, wanted in IN_THE_ARTICLES.items():
        found = found_by(question)
        assert found.by_meaning
        first = {demo[passage.article_id] for passage in found.passages[:2]}
        if found.outcome != Outcome.SUPPORTED or not first & wanted:
            wrong.append((question, found.outcome, first))
    assert not wrong


def test_questions_about_something_else_are_not_supported(
    demo: dict[int, str], settings: Any
) -> None:
    settings.KNOWLEDGE_BUDGET_S = 10.0
    assert [q for q in NOT_IN_THEM if found_by(q).outcome == Outcome.SUPPORTED] == []


def test_words_alone_find_what_shares_them(returns: Article, refunds: Article) -> None:
    found = found_by("How can I return unworn things?")
    assert (found.outcome, found.by_meaning) == (Outcome.SUPPORTED, False)
    assert found.passages[0].article_id == returns.pk


def test_chinese_words_are_found_without_spaces(publish: Publish) -> None:
    article = publish("退款多久到账？", "我们会在收到退货后三个工作日内退款。", language="zh-hans")
    found = found_by("请问退款要多久？")
    assert found.passages[0].article_id == article.pk


def test_nothing_is_found_where_nothing_is(db: None) -> None:
    assert found_by("How do I return this?").outcome == Outcome.NOTHING


def test_what_is_no_longer_published_is_not_found_although_the_index_has_it(
    chroma: services.Chroma, admin: Viewer, returns: Article
) -> None:
    catch_up()
    assert found_by("send something back").passages
    actions.archive_article(viewer=admin, article_id=returns.pk)
    assert vectors.index.count(vectors.CHUNK) == 1  # its job has not been done
    assert found_by("send something back").passages == []


def test_customers_never_find_internal_articles(
    chroma: services.Chroma, publish: Publish, admin: Viewer
) -> None:
    publish("Refunds above 500", "Ask the floor manager before refunding.", audience="internal")
    catch_up()
    assert found_by("refund above 500").passages == []
    assert search.find("refund above 500", Scope.of_staff(admin), k=4).passages


def test_another_teams_articles_are_not_found(chroma: services.Chroma, publish: Publish) -> None:
    sales, support = kernel.team("sales", cast.bea()), kernel.team("support", cast.ben())
    publish("Discounts for schools", "Schools get ten percent.", team_id=sales.pk)
    catch_up()
    assert search.find("discount for schools", Scope.of_customer(sales.pk), k=4).passages
    assert search.find("discount for schools", Scope.of_customer(support.pk), k=4).passages == []
    assert search.find("discount for schools", ANYONE, k=4).passages == []


def test_without_an_index_words_go_on(returns: Article, settings: Any) -> None:
    settings.CHROMA_URL = "http://127.0.0.1:9"
    vectors.index.close()
    found = found_by("return unworn things")
    assert found.passages
    assert not found.by_meaning
    vectors.index.close()
    vectors.forgive()


@pytest.mark.parametrize(
    "question", ["", "?", "\u200b", "' OR 1=1 --", '{"$ne": ""}', "%_" * 300, "x" * 5000, "\ud800"]
)
def test_odd_questions_are_answered_with_nothing(returns: Article, question: str) -> None:
    assert found_by(question).outcome in (Outcome.NOTHING, Outcome.WEAK)


def test_no_raw_scores_are_told(chroma: services.Chroma, returns: Article) -> None:
    from llm.knowledge import payloads

    catch_up()
    told = json.dumps(payloads.found(found_by("send something back")))
    assert not re.search(r"\d\.\d", told)

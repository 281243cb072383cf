"""What the page of the knowledge lays out, and for whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.test import Client
from rest_framework.test import APIClient

from chatsite.lib.ids import uuid7
from llm.knowledge import actions
from llm.knowledge.models import Article, Question
from tests import cast, kernel
from tests.accounts.helpers import log_in, problem
from tests.llm.knowledge.conftest import catch_up

PANEL = "/api/v1/knowledge/panel"


@pytest.fixture
def boss(db: None) -> APIClient:
    """Ada's client."""
    return log_in(cast.ada())[0]


@pytest.fixture
def agent(db: None) -> APIClient:
    """Ben's client."""
    return log_in(cast.ben())[0]


@pytest.fixture
def question(db: None) -> Question:
    """Somebody asked for something that is not there."""
    session = kernel.chat(cast.vic())
    noted = actions.note_unanswered(
        text="Do you rent tents?", session_id=session.pk, answer_id=uuid7(), reason="nothing"
    )
    assert noted is not None
    return noted


def laid_out(client: APIClient, **query: Any) -> str:
    """The HTML of an address of the page."""
    answer = client.get(PANEL, query)
    assert answer.status_code == 200, answer.content
    return str(answer.json()["html"])


def test_the_shell_is_the_same_for_everybody(db: None) -> None:
    answer = Client().get("/console/knowledge/")
    assert answer.status_code == 200
    assert b'id="panel"' in answer.content


def test_articles_are_listed_searched_and_filtered(boss: APIClient, returns: Article) -> None:
    assert returns.title in laid_out(boss)
    assert returns.title in laid_out(boss, q="unworn", status="published", audience="public")
    assert "No article is like that" in laid_out(boss, q="nowhere")
    assert "No article is like that" in laid_out(boss, audience="internal")


def titles(page: str) -> list[str]:
    """Titles and headings of the list, in order."""
    return [
        re.sub(r"<[^>]+>", "", unescape(found)).strip()
        for found in re.findall(r'<li class="group">.*?</li>|<h2[^>]*>.*?</h2>', page, re.DOTALL)
    ]


def in_two_languages(publish: Callable[..., Article]) -> None:
    publish("Returns", "Send it back.", language="en")
    publish("Boots", "They are waterproof.", language="en-gb")
    publish("退货", "寄回即可。", language="zh-hans")
    publish("Schuhe", "Sie sind dicht.", language="de")


def test_articles_in_the_readers_language_come_first(
    boss: APIClient, publish: Callable[..., Article]
) -> None:
    in_two_languages(publish)
    assert titles(laid_out(boss)) == [
        "English", "Boots", "Returns", "Other languages", "Schuhe", "退货",
    ]  # fmt: skip
    boss.cookies["django_language"] = "zh-hans"
    assert titles(laid_out(boss)) == [
        "简体中文", "退货", "其他语言", "Schuhe", "Boots", "Returns",
    ]  # fmt: skip
    # One language needs no headings.
    assert titles(laid_out(boss, language="de")) == ["Schuhe"]


def test_more_articles_follow_in_the_same_order(
    boss: APIClient, publish: Callable[..., Article]
) -> None:
    in_two_languages(publish)
    seen: list[str] = []
    query: dict[str, str] = {}
    while True:
        page = laid_out(boss, limit=1, **query)
        seen += titles(page)
        following = re.search(r'href="\?([^"]*cursor=[^"]*)"', page)
        if following is None:
            break
        query = dict(parse_qsl(unescape(following[1])))
    assert [title for title in seen if title not in ("English", "Other languages")] == [
        "Boots", "Returns", "Schuhe", "退货",
    ]  # fmt: skip


def test_a_new_article_begins_in_the_readers_language(boss: APIClient) -> None:
    assert 'list="languages" value="en"' in laid_out(boss, view="article")
    boss.cookies["django_language"] = "zh-hans"
    assert 'list="languages" value="zh-hans"' in laid_out(boss, view="article")


def test_an_empty_library_says_what_to_do(boss: APIClient) -> None:
    assert "There are no articles yet" in laid_out(boss)
    assert "No question is open" in laid_out(boss, view="questions")


def test_an_agent_may_write_and_sees_why_not_publish(
    boss: APIClient, agent: APIClient, returns: Article
) -> None:
    page = laid_out(agent, view="article", article=returns.pk)
    assert "Only administrators publish" in page
    assert "data-publish" not in page
    page = laid_out(boss, view="article", article=returns.pk)
    assert "data-publish" in page
    assert "Only administrators publish" not in page
    assert "Version 1" in page


def test_what_articles_hold_is_never_markup_of_ours(boss: APIClient) -> None:
    body = (
        "<script>bad()</script> <img src=x onerror=bad()> [go](javascript:bad()) "
        "![p](https://spy.example/p.png)\n\n</textarea><b>out</b>"
    )
    made = boss.post(
        "/api/v1/knowledge/articles",
        {"title": "<i>Title</i>", "body": body},
        format="json",
    ).json()
    page = laid_out(boss, view="article", article=made["id"])
    for bad in ("<script", "<img", 'href="javascript', "</textarea><b>", "<i>Title"):
        assert bad not in page
    shown = boss.post("/api/v1/knowledge/preview", {"body": body}, format="json").json()["html"]
    assert "<script" not in shown
    assert "<img" not in shown


def test_a_tried_question_is_judged_in_words(boss: APIClient, returns: Article) -> None:
    assert "A reply would be given" in laid_out(boss, view="try", asked="return unworn delivery")
    assert "Nothing was found" in laid_out(boss, view="try", asked="zzz qqq")


def test_an_article_written_for_a_question_closes_it_when_published(
    boss: APIClient, question: Question
) -> None:
    page = laid_out(boss, view="questions")
    assert "Do you rent tents?" in page
    assert f"/console/#/open/{question.askings.get().session_id}" in page
    assert "Do you rent tents?" in laid_out(boss, view="article", question=question.pk)
    wanted = {"title": "Tents", "body": "We rent tents.", "question_id": question.pk}
    made = boss.post("/api/v1/knowledge/articles", wanted, format="json").json()
    question.refresh_from_db()
    assert (question.status, question.article_id) == ("open", made["id"])
    boss.post(f"/api/v1/knowledge/articles/{made['id']}/publish", {}, format="json")
    question.refresh_from_db()
    assert (question.status, question.closed_by) == ("answered", cast.ada())


def test_a_question_of_another_team_is_not_there_to_be_answered(question: Question) -> None:
    Question.objects.update(team=kernel.team("sales", cast.bea()))
    client = log_in(cast.ben())[0]
    wanted = {"title": "Tents", "body": "We rent tents.", "question_id": question.pk}
    answer = client.post("/api/v1/knowledge/articles", wanted, format="json")
    assert problem(answer) == (404, "NOT_FOUND")
    assert problem(client.get(PANEL, {"view": "article", "question": str(question.pk)}))[0] == 404
    assert "tents" not in laid_out(client, view="questions")
    assert not Article.objects.exists()


@pytest.mark.parametrize("query", [{"view": "odd"}, {"state": "odd"}, {"cursor": "x"}])
def test_odd_addresses_are_named(boss: APIClient, query: dict[str, str]) -> None:
    assert problem(boss.get(PANEL, query)) == (400, "VALIDATION_FAILED")


def test_the_page_is_for_staff(db: None) -> None:
    customer = log_in(cast.vic())[0]
    for client, wanted in ((APIClient(), 401), (customer, 403)):
        assert problem(client.get(PANEL))[0] == wanted
        preview = client.post("/api/v1/knowledge/preview", {"body": "x"}, format="json")
        assert problem(preview)[0] == wanted


def test_every_question_is_reached_page_by_page(boss: APIClient, question: Question) -> None:
    Question.objects.bulk_create(Question(text=f"Why {n}?", count=n % 3) for n in range(7))
    seen, query = [], "view=questions&limit=3"
    while query:
        html = str(boss.get(f"{PANEL}?{query}&limit=3").json()["html"])
        seen += re.findall(r'id="question-(\d+)"', html)
        more = re.search(r'href="\?([^"]*cursor=[^"]*)"', html)
        query = unescape(more[1]) if more else ""
    assert len(seen) == len(set(seen)) == 8


def test_articles_to_answer_with_are_found_by_their_titles(
    boss: APIClient, agent: APIClient, returns: Article, refunds: Article
) -> None:
    path = "/api/v1/knowledge/choices"
    found = agent.get(path, {"q": "REFUND"}).json()["results"]
    assert found == [{"id": refunds.pk, "title": refunds.title}]
    assert len(agent.get(path).json()["results"]) == 2
    boss.post(f"/api/v1/knowledge/articles/{refunds.pk}/archive")
    assert agent.get(path, {"q": "refund"}).json()["results"] == []
    assert problem(APIClient().get(path)) == (401, "AUTH_TOKEN_INVALID")
    assert problem(log_in(cast.vic())[0].get(path)) == (403, "PERMISSION_DENIED")


def test_the_page_says_when_only_words_are_compared(boss: APIClient, returns: Article) -> None:
    assert "by words only: no index of meanings is set up" in laid_out(boss)
    assert "by words only" in laid_out(boss, view="try")


@pytest.mark.usefixtures("chroma")
def test_the_page_says_how_far_the_index_is(boss: APIClient, publish: Any) -> None:
    path = "/api/v1/knowledge/standing"
    assert "Nothing is published yet" in boss.get(path).json()["text"]
    publish("How do I return something?", "You can return anything unworn.")
    publish("When do I get my refund?", "We refund within 3 working days.")
    waiting = boss.get(path).json()
    assert waiting["text"].startswith("2 of 2 passages are being read.")
    assert (waiting["is_whole"], waiting["is_changing"]) == (False, True)
    catch_up()
    whole = boss.get(path).json()
    assert whole["text"] == "2 passages are compared by words and by meaning."
    assert (whole["is_whole"], whole["is_changing"]) == (True, False)
    assert problem(log_in(cast.vic())[0].get(path)) == (403, "PERMISSION_DENIED")


def test_an_index_that_is_away_is_named(boss: APIClient, returns: Article, settings: Any) -> None:
    settings.CHROMA_URL = "http://127.0.0.1:1"
    standing = boss.get("/api/v1/knowledge/standing").json()
    assert "the index of meanings does not answer now" in standing["text"]
    assert standing["is_changing"]


def test_what_is_archived_is_taken_back(boss: APIClient, agent: APIClient) -> None:
    made = boss.post("/api/v1/knowledge/articles", {"title": "T", "body": "x"}, format="json")
    path = f"/api/v1/knowledge/articles/{made.json()['id']}"
    assert boss.post(f"{path}/archive").json()["status"] == "archived"
    assert problem(agent.post(f"{path}/unarchive")) == (403, "PERMISSION_DENIED")
    assert boss.post(f"{path}/unarchive").json()["status"] == "draft"
    boss.post(f"{path}/publish", {}, format="json")
    assert boss.post(f"{path}/unarchive").json()["status"] == "published", "it was in use"
    assert problem(boss.post("/api/v1/knowledge/articles/999999/unarchive")) == (404, "NOT_FOUND")
    assert problem(APIClient().post(f"{path}/unarchive")) == (401, "AUTH_TOKEN_INVALID")
    assert problem(log_in(cast.vic())[0].post(f"{path}/unarchive")) == (404, "NOT_FOUND")


def test_only_admins_are_offered_to_archive_and_delete(
    boss: APIClient, agent: APIClient, returns: Article
) -> None:
    shown = laid_out(boss, view="article", article=returns.pk)
    assert f'data-delete="/knowledge/articles/{returns.pk}"' in shown
    assert f'data-undo="/knowledge/articles/{returns.pk}/publish"' in shown
    assert "data-delete" not in laid_out(agent, view="article", article=returns.pk)

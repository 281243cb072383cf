"""The knowledge over REST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from chatsite.lib.ids import uuid7
from llm.knowledge import actions
from llm.knowledge.models import Article, Question
from tests import cast, kernel
from tests.accounts.helpers import log_in, problem

Publish = Callable[..., Article]
ARTICLES = "/api/v1/knowledge/articles"
SEARCH = "/api/v1/knowledge/search"
QUESTIONS = "/api/v1/knowledge/questions"

READS = [
    ("get", ARTICLES),
    ("get", f"{ARTICLES}/{{article}}"),
    ("get", f"{ARTICLES}/{{article}}/versions"),
    ("post", SEARCH),
    ("get", QUESTIONS),
    ("get", f"{QUESTIONS}/{{question}}"),
]
WRITES = [
    ("post", ARTICLES),
    ("patch", f"{ARTICLES}/{{article}}"),
    ("post", f"{ARTICLES}/{{article}}/publish"),
    ("post", f"{ARTICLES}/{{article}}/archive"),
    ("delete", f"{ARTICLES}/{{article}}"),
    ("post", f"{QUESTIONS}/{{question}}/answer"),
    ("post", f"{QUESTIONS}/{{question}}/dismiss"),
    ("post", f"{QUESTIONS}/{{question}}/reopen"),
]


@pytest.fixture
def question(db: None) -> Question:
    """Somebody asked for something that is not there."""
    session = kernel.chat(cast.vic())
    noted = actions.note_unanswered(
        text="Do you rent tents?", session_id=session.pk, answer_id=uuid7(), reason="nothing"
    )
    assert noted is not None
    return noted


@pytest.fixture
def boss(db: None) -> APIClient:
    """Ada's client."""
    return log_in(cast.ada())[0]


@pytest.fixture
def agent(db: None) -> APIClient:
    """Ben's client."""
    return log_in(cast.ben())[0]


def call(client: APIClient, method: str, path: str, body: Any = None) -> Any:
    """One request with a JSON body."""
    return getattr(client, method)(path, body, format="json")


def test_an_article_is_written_published_changed_and_found(boss: APIClient) -> None:
    made = call(boss, "post", ARTICLES, {"title": "Refunds", "body": "Refunds take 3 days."})
    assert (made.status_code, made.json()["status"]) == (201, "draft")
    path = f"{ARTICLES}/{made.json()['id']}"
    assert call(boss, "post", SEARCH, {"query": "refunds days"}).json()["results"] == []
    assert call(boss, "post", f"{path}/publish").json()["published_version"] == 1
    changed = call(boss, "patch", path, {"body": "Refunds take 5 days."})
    assert changed.json()["has_changes"] is True
    found = call(boss, "post", SEARCH, {"query": "refunds days", "k": 1}).json()
    assert found["outcome"] == "supported"
    assert found["results"][0]["text"] == "Refunds take 3 days."
    assert call(boss, "post", f"{path}/archive").json()["status"] == "archived"
    assert call(boss, "delete", path).status_code == 204
    assert problem(boss.get(path)) == (404, "NOT_FOUND")


def test_versions_are_listed_and_can_be_used_again(boss: APIClient, returns: Article) -> None:
    path = f"{ARTICLES}/{returns.pk}"
    call(boss, "patch", path, {"body": "Never."})
    call(boss, "post", f"{path}/publish")
    numbers = [one["number"] for one in boss.get(f"{path}/versions").json()["results"]]
    assert numbers == [2, 1]
    assert call(boss, "post", f"{path}/publish", {"version": 1}).json()["published_version"] == 1
    assert problem(call(boss, "post", f"{path}/publish", {"version": 9})) == (404, "NOT_FOUND")


def test_lists_are_paged_and_filtered(boss: APIClient, publish: Publish) -> None:
    for number in range(5):
        publish(f"Article {number}", "Text.")
    seen: list[int] = []
    cursor = ""
    while True:
        page = boss.get(f"{ARTICLES}?limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [row["id"] for row in page["results"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5
    assert len(boss.get(ARTICLES, {"q": "article 3"}).json()["results"]) == 1
    assert boss.get(ARTICLES, {"status": "draft"}).json()["results"] == []


def test_questions_are_listed_and_closed(
    boss: APIClient, question: Question, returns: Article
) -> None:
    (row,) = boss.get(QUESTIONS, {"status": "open"}).json()["results"]
    assert (row["text"], row["count"]) == ("Do you rent tents?", 1)
    path = f"{QUESTIONS}/{row['id']}"
    assert boss.get(path).json()["askings"][0]["reason"] == "nothing"
    answered = call(boss, "post", f"{path}/answer", {"article_id": returns.pk}).json()
    assert (answered["status"], answered["article"]["id"]) == ("answered", returns.pk)
    assert call(boss, "post", f"{path}/reopen").json()["status"] == "open"
    assert call(boss, "post", f"{path}/dismiss").json()["status"] == "dismissed"


@pytest.mark.parametrize(("method", "path"), READS + WRITES)
def test_nobody_is_told_anything(
    method: str, path: str, returns: Article, question: Question
) -> None:
    where = path.format(article=returns.pk, question=question.pk)
    assert problem(call(APIClient(), method, where)) == (401, "AUTH_TOKEN_INVALID")


@pytest.mark.parametrize(("method", "path"), READS + WRITES)
def test_a_customer_gets_nowhere(
    method: str, path: str, returns: Article, question: Question
) -> None:
    where = path.format(article=returns.pk, question=question.pk)
    body = {"title": "x", "body": "x", "query": "x", "article_id": returns.pk}
    answer = call(log_in(cast.vic())[0], method, where, body if method != "get" else None)
    wanted = (404, "NOT_FOUND") if "{" in path else (403, "PERMISSION_DENIED")
    assert problem(answer) == wanted
    assert Article.objects.get().title == returns.title


@pytest.mark.parametrize("deed", ["publish", "archive", ""])
def test_an_agent_does_not_decide_what_replies_use(
    agent: APIClient, returns: Article, deed: str
) -> None:
    path = f"{ARTICLES}/{returns.pk}" + (f"/{deed}" if deed else "")
    answer = call(agent, "post" if deed else "delete", path)
    assert problem(answer) == (403, "PERMISSION_DENIED")


def test_an_agent_does_not_see_other_teams_articles_and_questions(
    publish: Publish, question: Question
) -> None:
    team = kernel.team("sales", cast.bea())
    article = publish("Prices", "For sales only.", team_id=team.pk)
    Question.objects.update(team=team)
    stranger: User = cast.ben()
    client = log_in(stranger)[0]
    assert client.get(ARTICLES).json()["results"] == []
    assert client.get(QUESTIONS).json()["results"] == []
    for path in (f"{ARTICLES}/{article.pk}", f"{QUESTIONS}/{question.pk}"):
        assert problem(client.get(path)) == (404, "NOT_FOUND")
    found = call(client, "post", SEARCH, {"query": "prices for sales"}).json()
    assert found["results"] == []


@pytest.mark.parametrize("bad", ["0", "-1", "x", "9" * 40, "1.5", "%00", "١"])
def test_an_id_that_is_none_is_not_found(boss: APIClient, bad: str) -> None:
    assert problem(boss.get(f"{ARTICLES}/{bad}")) == (404, "NOT_FOUND")
    assert problem(boss.get(f"{QUESTIONS}/{bad}")) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ARTICLES, {}),
        (ARTICLES, {"title": "", "body": "x"}),
        (ARTICLES, {"title": "x", "body": "x", "audience": "all"}),
        (ARTICLES, {"title": "x", "body": "x", "tags": "one"}),
        (ARTICLES, {"title": "x", "body": "x", "team_id": 9}),
        (ARTICLES, {"title": "x", "body": "x" * 200_001}),
        (SEARCH, {}),
        (SEARCH, {"query": ""}),
        (SEARCH, {"query": "x", "k": 0}),
        (SEARCH, {"query": "x", "k": "many"}),
        (SEARCH, {"query": ["x"]}),
        (SEARCH, []),
    ],
)
def test_bad_input_is_named(boss: APIClient, path: str, body: Any) -> None:
    assert problem(call(boss, "post", path, body)) == (400, "VALIDATION_FAILED")


@pytest.mark.parametrize("query", [{"cursor": "x"}, {"limit": 0}, {"status": "odd"}, {"team": "x"}])
def test_bad_filters_are_named(boss: APIClient, query: dict[str, Any]) -> None:
    assert problem(boss.get(ARTICLES, query)) == (400, "VALIDATION_FAILED")

"""The admin pages of the knowledge change rows through the actions."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from llm.knowledge.models import Article, Chunk, IndexJob
from tests import cast


@pytest.fixture
def pages(db: None) -> Client:
    """Ada at the admin pages."""
    client = Client()
    client.force_login(cast.ada(), backend="accounts.backends.GuardedBackend")
    return client


FORM = {
    "title": "Refunds",
    "body": "Refunds take 3 days.",
    "language": "en",
    "audience": "public",
    "team": "",
    "tags": "[]",
    "source_url": "",
    "versions-TOTAL_FORMS": 0,
    "versions-INITIAL_FORMS": 0,
}


def test_an_article_is_written_published_and_deleted(pages: Client) -> None:
    path = reverse("admin:knowledge_article_add")
    answer = pages.post(path, FORM)
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    article = Article.objects.get()
    assert (article.status, article.author) == ("draft", cast.ada())
    pages.post(
        reverse("admin:knowledge_article_changelist"),
        {"action": "publish", "_selected_action": article.pk},
    )
    assert Chunk.objects.get().article == article
    pages.post(reverse("admin:knowledge_article_delete", args=[article.pk]), {"post": "yes"})
    assert not Article.objects.exists()
    assert IndexJob.objects.exists()


@pytest.mark.parametrize("model", ["article", "question", "memory", "indexjob"])
def test_every_list_opens(pages: Client, model: str, returns: Article) -> None:
    answer = pages.get(reverse(f"admin:knowledge_{model}_changelist"))
    assert answer.status_code == 200


def test_an_article_opens(pages: Client, returns: Article) -> None:
    path = reverse("admin:knowledge_article_change", args=[returns.pk])
    assert pages.get(path).status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("language", "Klingon!", "a language tag such as"),
        ("tags", '{"a": 1}', "a list of at most"),
        ("source_url", "javascript:alert(1)", "an http or https address is needed"),
        ("source_url", "https://shop.example/help", "Another article was imported from this page"),
    ],
)
def test_what_an_action_would_refuse_stands_beside_its_field(
    pages: Client, field: str, value: str, said: str
) -> None:
    page = {"source_kind": "url", "title": "T", "body": "x"}
    Article.objects.create(**page, source_url="https://shop.example/help")
    other = Article.objects.create(**page, source_url="https://shop.example/other")
    path = reverse("admin:knowledge_article_change", args=[other.pk])
    answer = pages.post(path, {**FORM, field: value})
    assert answer.status_code == 200
    assert said in answer.context["adminform"].form.errors[field][0]
    other.refresh_from_db()
    assert (other.title, other.source_url) == ("T", "https://shop.example/other")


def test_the_admin_leads_to_the_page_of_the_knowledge(pages: Client) -> None:
    assert 'href="/console/knowledge/"' in pages.get(reverse("admin:index")).content.decode()

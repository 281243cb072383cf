"""The demo shop's help articles, published like any others."""

from __future__ import annotations

from django.db import transaction

from accounts.models import Role, User
from accounts.viewer import Viewer
from llm.demo.search import index
from llm.knowledge.actions.articles import create_article, publish_article
from llm.knowledge.models import Article

LANGUAGES = {"en": "en", "zh": "zh-hans"}


def seed_articles() -> int:
    """Put in what is missing, all of it or nothing; returns how many articles that were.

    They are published in the name of the first admin; without one, nothing happens.
    """
    admin = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk").first()
    if admin is None:
        return 0
    viewer = Viewer.of(admin)
    there = Article.objects.filter(source_kind=Article.Source.DEMO)
    known = set(there.values_list("language", "source_name"))
    made = 0
    with transaction.atomic():
        for name, language in LANGUAGES.items():
            for article in index(name).articles:
                if (language, article.slug) in known:
                    continue
                fresh = create_article(
                    viewer=viewer,
                    title=article.title,
                    body=article.text,
                    language=language,
                    source_kind=Article.Source.DEMO,
                    source_name=article.slug,
                )
                publish_article(viewer=viewer, article_id=fresh.pk)
                made += 1
    return made

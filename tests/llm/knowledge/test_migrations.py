"""What migrations do to articles that are there already."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE = [("knowledge", "0001_articles_memory_and_questions")]
AFTER = [("knowledge", "0003_one_article_of_a_page")]


@pytest.mark.django_db(transaction=True)
def test_doubles_of_a_page_stand_alone_and_lose_nothing() -> None:
    try:
        MigrationExecutor(connection).migrate(BEFORE)
        old = MigrationExecutor(connection).loader.project_state(BEFORE).apps
        team = old.get_model("accounts", "Team").objects.create(name="Sales", slug="sales-doubles")
        make = old.get_model("knowledge", "Article").objects.create
        page = {"source_kind": "url", "source_url": "https://shop.example/help", "title": "T"}
        rows = [
            make(**page, body=f"{n}", team=whose).pk
            for n, whose in enumerate([None, None, team, team])
        ]
        other = make(**{**page, "source_url": "https://shop.example/other"}, body="4").pk
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    new = MigrationExecutor(connection).loader.project_state(AFTER).apps
    found = new.get_model("knowledge", "Article").objects.in_bulk([*rows, other])
    assert [found[pk].source_kind for pk in [*rows, other]] == [
        "url",
        "written",
        "url",
        "written",
        "url",
    ]
    assert [found[pk].body for pk in rows] == ["0", "1", "2", "3"]
    assert {found[pk].source_url for pk in rows} == {page["source_url"]}

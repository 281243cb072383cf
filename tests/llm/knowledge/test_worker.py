"""The background thread does what the database says, through outages, without being told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.viewer import Viewer
from deploy import services
from llm.knowledge import actions, outbox, vectors, worker
from llm.knowledge.models import Article, IndexJob
from llm.knowledge.worker import Indexer

PATIENCE_S = 60.0


@pytest.fixture
def indexer(
    transactional_db: None, chroma: services.Chroma, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Indexer]:
    """A running thread that tidies as often as it can."""
    monkeypatch.setattr(worker, "POLL_S", 0.05)
    monkeypatch.setattr(worker, "TIDY_S", 0.2)
    indexer = Indexer()
    indexer.start()
    yield indexer
    indexer.stop()
    indexer.join(PATIENCE_S)


def until(holds: Callable[[], Any]) -> None:
    """Wait until something is so."""
    ends_at = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends_at, "waited in vain"
        time.sleep(0.02)


def held() -> int:
    """How many passages the index holds."""
    try:
        return vectors.index.count(vectors.CHUNK)
    except vectors.IndexUnavailable:
        return -1


def test_what_is_published_is_indexed_and_what_is_deleted_leaves(
    indexer: Indexer, returns: Article, admin: Viewer
) -> None:
    indexer.wake()
    until(lambda: held() == 1)
    actions.delete_article(viewer=admin, article_id=returns.pk)
    until(lambda: held() == 0 and not outbox.pending())


def test_jobs_that_nobody_told_of_are_found(indexer: Indexer, returns: Article) -> None:
    until(lambda: held() == 1)


def test_an_index_that_comes_back_is_filled(
    indexer: Indexer, chroma: services.Chroma, returns: Article, refunds: Article
) -> None:
    until(lambda: held() == 2)
    chroma.kill()
    IndexJob.objects.create(kind="chunk", object_id=10**9)
    until(lambda: IndexJob.objects.filter(attempts__gte=1).exists())
    chroma.start()
    IndexJob.objects.update(lease_until=None)
    until(lambda: held() == 2 and not outbox.pending())


def test_rows_deleted_behind_its_back_leave_the_index(indexer: Indexer, returns: Article) -> None:
    until(lambda: held() == 1)
    Article.objects.update(published=None, status="archived")
    Article.objects.all().delete()
    until(lambda: held() == 0)

"""The vector index follows the rows, whatever happens to jobs, workers and Chroma."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.viewer import Viewer
from chatsite.lib import clock
from deploy import services
from llm.knowledge import actions, indexing, outbox, vectors
from llm.knowledge.embedding import EmbeddingUnavailable, embedder
from llm.knowledge.embedding.local import LocalEmbedder
from llm.knowledge.models import Article, Chunk, IndexJob
from llm.knowledge.scope import Scope
from tests.llm.knowledge.conftest import catch_up

Publish = Callable[..., Article]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts whose vectors were computed."""
    seen: list[str] = []
    compute = LocalEmbedder.passages

    def passages(self: Any, texts: Any) -> Any:
        seen.extend(texts)
        return compute(self, texts)

    monkeypatch.setattr(LocalEmbedder, "passages", passages)
    return seen


def held() -> set[int]:
    """Ids of the passages in the index."""
    return set(vectors.index.everything(vectors.CHUNK))


def rows() -> set[int]:
    """Ids of the passages in the database."""
    return set(Chunk.objects.values_list("pk", flat=True))


def test_published_passages_come_in_and_deleted_ones_go(
    chroma: services.Chroma, admin: Viewer, returns: Article, refunds: Article
) -> None:
    assert catch_up() == 2
    assert held() == rows()
    actions.delete_article(viewer=admin, article_id=returns.pk)
    catch_up()
    assert held() == rows()
    assert len(held()) == 1


def test_only_changed_passages_are_computed_again(
    chroma: services.Chroma, admin: Viewer, publish: Publish, counted: list[str]
) -> None:
    article = publish("Help", "# One\nFirst text.\n\n# Two\nSecond text.")
    catch_up()
    counted.clear()
    actions.edit_article(
        viewer=admin, article_id=article.pk, body="# One\nFirst text.\n\n# Two\nOther text."
    )
    actions.publish_article(viewer=admin, article_id=article.pk)
    catch_up()
    assert counted == ["Help\nTwo\nOther text."]


def test_a_new_audience_is_told_without_new_vectors(
    chroma: services.Chroma, admin: Viewer, returns: Article, counted: list[str]
) -> None:
    catch_up()
    counted.clear()
    actions.edit_article(viewer=admin, article_id=returns.pk, audience="internal")
    actions.publish_article(viewer=admin, article_id=returns.pk)
    catch_up()
    near = embedder().query("return")
    assert counted == []
    assert vectors.index.chunks_near(near, Scope.of_customer(None), 5) == []
    assert len(vectors.index.chunks_near(near, Scope.of_staff(admin), 5)) == 1


def test_a_job_of_a_dead_worker_is_done_by_another(
    chroma: services.Chroma, returns: Article
) -> None:
    assert outbox.claim(8)
    assert indexing.do_some() == 0  # it is somebody's
    IndexJob.objects.update(lease_until=clock.now() - dt.timedelta(seconds=1))
    assert indexing.do_some() == 1
    assert held() == rows()


def test_a_change_during_the_job_is_not_lost(chroma: services.Chroma, returns: Article) -> None:
    jobs = outbox.claim(8)
    outbox.touch(IndexJob.Kind.CHUNK, rows())
    outbox.finish(jobs)
    assert outbox.pending() == 1
    assert indexing.do_some() == 1


def test_jobs_wait_while_the_index_is_away(returns: Article, settings: Any) -> None:
    settings.CHROMA_URL = "http://127.0.0.1:9"
    vectors.index.close()
    with pytest.raises(vectors.IndexUnavailable):
        indexing.do_some()
    assert outbox.pending() == 1
    vectors.index.close()


def test_the_check_finds_what_differs_and_repairs_it(
    chroma: services.Chroma, returns: Article, refunds: Article, capsys: Any
) -> None:
    catch_up()
    call_command("knowledge_check")
    vectors.index.drop(vectors.CHUNK, [min(rows())])
    vectors.index.put(vectors.CHUNK, [(10**9, [0.1] * 384, {"hash": "x"})])
    with pytest.raises(SystemExit) as ended:
        call_command("knowledge_check")
    assert ended.value.code == 1
    assert "1 missing, 0 stale, 1 surplus" in capsys.readouterr().out
    call_command("knowledge_check", repair=True)
    catch_up()
    call_command("knowledge_check")


def test_the_check_says_when_there_is_no_index(db: None, settings: Any) -> None:
    settings.CHROMA_URL, settings.EMBEDDED = "", False
    vectors.index.close()
    with pytest.raises(CommandError, match="CHROMA_URL is not set") as ended:
        call_command("knowledge_check")
    assert ended.value.returncode == 2


def test_a_rebuild_gives_the_same_answers(
    chroma: services.Chroma, admin: Viewer, returns: Article, refunds: Article, counted: list[str]
) -> None:
    catch_up()
    asked = embedder().query("When is my money back?")
    before = vectors.index.chunks_near(asked, Scope.of_staff(admin), 5)
    counted.clear()
    call_command("knowledge_rebuild")
    assert len(counted) == 2
    after = vectors.index.chunks_near(asked, Scope.of_staff(admin), 5)
    assert [pk for pk, _ in after] == [pk for pk, _ in before]


def test_a_rebuild_removes_what_no_row_stands_for(
    chroma: services.Chroma, returns: Article
) -> None:
    vectors.index.put(vectors.CHUNK, [(10**9, [0.1] * 384, {"hash": "x"})])
    call_command("knowledge_rebuild")
    assert held() == rows()


def test_two_clients_see_each_others_writes(chroma: services.Chroma, returns: Article) -> None:
    other = vectors.VectorIndex()
    other.ping()
    catch_up()
    near = embedder().query("return")
    assert len(other.chunks_near(near, Scope.of_customer(None), 5)) == 1
    other.drop(vectors.CHUNK, list(rows()))
    assert vectors.index.chunks_near(near, Scope.of_customer(None), 5) == []


def test_a_server_that_lost_everything_is_filled_again(
    chroma: services.Chroma, returns: Article
) -> None:
    catch_up()
    client = vectors.index._opened()
    for collection in client.list_collections():
        client.delete_collection(collection.name)
    with pytest.raises(vectors.IndexUnavailable):
        vectors.index.count(vectors.CHUNK)
    assert not indexing.seems_complete(vectors.CHUNK)
    indexing.repair(vectors.CHUNK)
    catch_up()
    assert held() == rows()


def test_vectors_of_two_models_never_meet(
    chroma: services.Chroma, returns: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    catch_up()
    monkeypatch.setattr(LocalEmbedder, "model_id", "another-model")
    assert held() == set()
    indexing.repair(vectors.CHUNK)
    catch_up()
    assert held() == rows()
    assert len(vectors.index.drop_other_models()) == 2


def test_a_processor_that_cannot_is_said_in_plain_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from llm.knowledge.embedding import local

    monkeypatch.setattr(local, "can_run", lambda: False)
    with pytest.raises(EmbeddingUnavailable, match="AVX2"):
        LocalEmbedder().query("hello")


def test_filters_are_never_made_of_text() -> None:
    where = vectors._where(Scope(internal=False, teams=frozenset({7})))
    assert where == {"$and": [{"audience": "public"}, {"team": {"$in": [0, 7]}}]}
    assert vectors._where(Scope(internal=True, teams=None)) is None

"""Articles: written by staff, published by admins, kept in every version."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.viewer import Viewer
from chatsite.lib.errors import Conflict, NotFound, PermissionDenied, ValidationFailed
from llm.knowledge import actions, outbox
from llm.knowledge.models import Article, Chunk, IndexJob, Posting
from tests import cast
from tests.llm.knowledge.conftest import viewer

Publish = Callable[..., Article]


def test_a_draft_has_no_passages(admin: Viewer) -> None:
    draft = actions.create_article(viewer=admin, title="Returns", body="Send it back.")
    assert draft.status == "draft"
    assert not Chunk.objects.exists()


def test_publishing_cuts_passages_and_asks_for_their_vectors(returns: Article) -> None:
    chunk = Chunk.objects.get()
    assert (returns.status, returns.version, chunk.version) == ("published", 1, 1)
    assert IndexJob.objects.get().object_id == chunk.pk
    assert Posting.objects.filter(chunk=chunk, term="return").exists()


def test_an_edit_changes_nothing_until_it_is_published(admin: Viewer, returns: Article) -> None:
    edited = actions.edit_article(viewer=admin, article_id=returns.pk, body="Never send it back.")
    assert edited.has_changes
    assert "60 days" in Chunk.objects.get().text
    published = actions.publish_article(viewer=admin, article_id=returns.pk)
    assert (published.version, Chunk.objects.get().text) == (2, "Never send it back.")


def test_publishing_twice_changes_nothing(admin: Viewer, returns: Article) -> None:
    again = actions.publish_article(viewer=admin, article_id=returns.pk)
    assert (again.version, again.versions.count()) == (1, 1)


def test_a_passage_that_stays_the_same_keeps_its_row(admin: Viewer, publish: Publish) -> None:
    article = publish("Help", "# One\nFirst text.\n\n# Two\nSecond text.")
    one, two = Chunk.objects.order_by("position")
    actions.edit_article(
        viewer=admin, article_id=article.pk, body="# One\nFirst text.\n\n# Two\nOther text."
    )
    actions.publish_article(viewer=admin, article_id=article.pk)
    kept, fresh = Chunk.objects.order_by("position")
    assert kept.pk == one.pk
    assert fresh.pk != two.pk


def test_going_back_to_a_version_brings_its_words_back(admin: Viewer, returns: Article) -> None:
    actions.edit_article(viewer=admin, article_id=returns.pk, body="Never.")
    actions.publish_article(viewer=admin, article_id=returns.pk)
    back = actions.publish_article(viewer=admin, article_id=returns.pk, version=1)
    assert back.published is not None
    assert back.published.number == 1
    assert "60 days" in Chunk.objects.get().text


def test_an_archived_article_is_out_of_use(admin: Viewer, returns: Article) -> None:
    archived = actions.archive_article(viewer=admin, article_id=returns.pk)
    assert archived.status == "archived"
    assert not Chunk.objects.exists()
    assert outbox.pending() == 1  # the index still has to forget it


def test_a_deleted_article_leaves_a_job_that_forgets_it(admin: Viewer, returns: Article) -> None:
    chunk = Chunk.objects.get()
    actions.delete_article(viewer=admin, article_id=returns.pk)
    assert not Article.objects.exists()
    assert IndexJob.objects.get().object_id == chunk.pk


def test_a_state_of_the_knowledge_can_be_restored(
    admin: Viewer, returns: Article, publish: Publish
) -> None:
    state = actions.knowledge_state()
    actions.edit_article(viewer=admin, article_id=returns.pk, body="Never.")
    actions.publish_article(viewer=admin, article_id=returns.pk)
    later = publish("Later", "Something new.")
    actions.restore_state(viewer=admin, state=state)
    assert actions.knowledge_state() == {returns.pk: 1}
    assert Article.objects.get(pk=later.pk).status == "archived"


def test_a_state_with_a_deleted_article_is_refused(admin: Viewer, returns: Article) -> None:
    state = actions.knowledge_state()
    actions.delete_article(viewer=admin, article_id=returns.pk)
    with pytest.raises(Conflict):
        actions.restore_state(viewer=admin, state=state)


def test_agents_write_but_do_not_publish(db: None) -> None:
    agent = viewer(cast.ben())
    draft = actions.create_article(viewer=agent, title="Returns", body="Send it back.")
    for deed in (actions.publish_article, actions.archive_article, actions.delete_article):
        with pytest.raises(PermissionDenied):
            deed(viewer=agent, article_id=draft.pk)


def test_customers_do_not_write(db: None) -> None:
    with pytest.raises(PermissionDenied):
        actions.create_article(viewer=viewer(cast.vic()), title="Returns", body="Mine.")


def test_another_teams_article_does_not_exist(admin: Viewer, publish: Publish) -> None:
    from tests import kernel

    team = kernel.team("sales", cast.bea())
    article = publish("Prices", "For sales.", team_id=team.pk)
    with pytest.raises(NotFound):
        actions.edit_article(viewer=viewer(cast.ben()), article_id=article.pk, title="Mine")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("title", "x" * 201),
        ("body", ""),
        ("body", "a\0b"),
        ("language", "english please"),
        ("audience", "everyone"),
        ("tags", ["x"] * 21),
        ("tags", "refund"),
        ("team_id", 999_999),
        ("source_url", "javascript:alert(1)"),
        ("source_url", "https://user:secret@example.com/"),
    ],
)
def test_bad_fields_are_named(admin: Viewer, field: str, value: object) -> None:
    with pytest.raises(ValidationFailed) as caught:
        actions.create_article(viewer=admin, **{"title": "T", "body": "B", field: value})
    assert caught.value.errors[0].field == field


def test_the_demo_articles_are_put_in_once(admin: Viewer) -> None:
    assert actions.seed_articles() > 40
    assert actions.seed_articles() == 0

"""Changes to articles. Staff write; admins alone decide what replies may use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import Conflict, NotFound
from llm.knowledge import outbox
from llm.knowledge.access import article_for, require_admin, require_staff
from llm.knowledge.actions.checking import checked
from llm.knowledge.models import (
    Article,
    ArticleVersion,
    Chunk,
    IndexJob,
    Posting,
    Question,
)
from llm.knowledge.splitting import Piece, split
from llm.knowledge.terms import counted

TITLE_WEIGHT = 2


def create_article(*, viewer: Viewer, **fields: Any) -> Article:
    """Store a draft: title and body, and what else ``checking`` knows.

    Raises Conflict for an import of a page that has its article already.
    """
    require_staff(viewer)
    content = checked(viewer, {"title": "", "body": "", **fields})
    article = Article(author_id=viewer.user_id, **content)
    with _the_only_one_of_its_page(article):
        article.save()
    return article


def edit_article(*, viewer: Viewer, article_id: object, **fields: Any) -> Article:
    """Change what authors see; what was published stays in use until it is published again.

    Raises Conflict when another article was imported from the page it would stand for now.
    """
    with transaction.atomic():
        article = _locked(viewer, article_id)
        for name, value in checked(viewer, fields).items():
            setattr(article, name, value)
        article.updated_at = clock.now()
        with _the_only_one_of_its_page(article):
            article.save()
    return article_for(viewer, article.pk)


def publish_article(*, viewer: Viewer, article_id: object, version: int | None = None) -> Article:
    """Let replies use the article as it is now, or as it was in a kept ``version``.

    Publishing what is published already changes nothing.
    """
    with transaction.atomic():
        article = _locked_for_admin(viewer, article_id)
        if version is None:
            kept = article.published
            if kept is None or article.has_changes:
                kept = _keep(article, viewer)
        else:
            found = article.versions.filter(number=version).first()
            if found is None:
                raise NotFound(_("No such version"))
            kept = found
        _use(article, kept)
        # What it was written for is answered now.
        article.questions.filter(status=Question.Status.OPEN).update(
            status=Question.Status.ANSWERED, closed_at=clock.now(), closed_by_id=viewer.user_id
        )
    return article_for(viewer, article.pk)


def archive_article(*, viewer: Viewer, article_id: object) -> Article:
    """Take the article out of use; it can be published again. Twice changes nothing."""
    with transaction.atomic():
        _put_away(_locked_for_admin(viewer, article_id))
    return article_for(viewer, article_id)


def unarchive_article(*, viewer: Viewer, article_id: object) -> Article:
    """Make a draft of an archived article again; one that is not archived stays as it is."""
    with transaction.atomic():
        article = _locked_for_admin(viewer, article_id)
        if article.status == Article.Status.ARCHIVED:
            article.status = Article.Status.DRAFT
            article.updated_at = clock.now()
            article.save(update_fields=["status", "updated_at"])
    return article_for(viewer, article_id)


def delete_article(*, viewer: Viewer, article_id: object) -> None:
    """Delete the article with all its versions."""
    with transaction.atomic():
        article = _locked_for_admin(viewer, article_id)
        outbox.touch(IndexJob.Kind.CHUNK, article.chunks.values_list("pk", flat=True))
        article.published = None
        article.status = Article.Status.ARCHIVED
        article.save(update_fields=["published", "status"])
        article.delete()


def knowledge_state() -> dict[int, int]:
    """Return what replies use now: the version of each published article by its id."""
    published = Article.objects.filter(status=Article.Status.PUBLISHED)
    return dict(published.values_list("pk", "published__number"))


def restore_state(*, viewer: Viewer, state: Mapping[int, int]) -> None:
    """Let replies use exactly what ``state`` names, as :func:`knowledge_state` returned it.

    Raises Conflict, and changes nothing, when one of its versions was deleted.
    """
    require_admin(viewer)
    with transaction.atomic():
        articles = {one.pk: one for one in Article.objects.select_for_update().order_by("pk")}
        versions = {
            (one.article_id, one.number): one
            for one in ArticleVersion.objects.filter(article_id__in=state)
        }
        for pk, number in state.items():
            kept = versions.get((pk, number))
            if kept is None:
                raise Conflict(
                    _("Version %(number)s of article %(pk)s does not exist any more")
                    % {"number": number, "pk": pk}
                )
            article = articles[pk]
            if article.status != Article.Status.PUBLISHED or article.published_id != kept.pk:
                _use(article, kept)
        for pk, article in articles.items():
            if pk not in state and article.status == Article.Status.PUBLISHED:
                _put_away(article)


@contextmanager
def _the_only_one_of_its_page(article: Article) -> Iterator[None]:
    """Write the article inside; a constraint says whether another one has its page."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if has_double(article):
            raise Conflict(_("Another article was imported from this page")) from error
        raise


def has_double(article: Article) -> bool:
    """Say whether another article was imported from the page this one stands for."""
    if article.source_kind != Article.Source.URL:
        return False
    page = {"source_kind": article.source_kind, "source_url": article.source_url}
    others = Article.objects.filter(**page, team=article.team_id)
    return others.exclude(pk=article.pk).exists()


def _locked(viewer: Viewer, article_id: object) -> Article:
    found = article_for(viewer, article_id)
    return Article.objects.select_for_update(of=("self",)).get(pk=found.pk)


def _locked_for_admin(viewer: Viewer, article_id: object) -> Article:
    """The article, which somebody who may not even see it is not told of."""
    article = _locked(viewer, article_id)
    require_admin(viewer)
    return article


def _keep(article: Article, viewer: Viewer) -> ArticleVersion:
    article.version += 1
    return ArticleVersion.objects.create(
        article=article,
        number=article.version,
        created_by_id=viewer.user_id,
        **{name: getattr(article, name) for name in ArticleVersion.CONTENT},
    )


def _use(article: Article, kept: ArticleVersion) -> None:
    article.published = kept
    article.status = Article.Status.PUBLISHED
    article.published_at = article.updated_at = clock.now()
    article.save()
    _cut(article, kept)


def _put_away(article: Article) -> None:
    outbox.touch(IndexJob.Kind.CHUNK, article.chunks.values_list("pk", flat=True))
    article.chunks.all().delete()
    article.published = None
    article.status = Article.Status.ARCHIVED
    article.updated_at = clock.now()
    article.save()


def _cut(article: Article, kept: ArticleVersion) -> None:
    """Replace the passages; one that is the same keeps its row, and so its vector."""
    had = {chunk.hash: chunk for chunk in article.chunks.all()}
    pieces = split(kept.body)
    wanted = {piece.hash for piece in pieces}
    gone = [chunk.pk for digest, chunk in had.items() if digest not in wanted]
    Chunk.objects.filter(pk__in=gone).delete()
    chunks = []
    for position, piece in enumerate(pieces):
        chunk = had.get(piece.hash) or Chunk(
            article=article, hash=piece.hash, heading=piece.heading, text=piece.text
        )
        chunk.position, chunk.version = position, kept.number
        chunk.length = sum(_terms(kept, piece).values())
        chunk.save()
        chunks.append(chunk)
    # By their chunks' ids: a join here becomes a nested scan of both tables while PostgreSQL's
    # statistics still say that they are small, as in the middle of a long import.
    Posting.objects.filter(chunk_id__in=[chunk.pk for chunk in had.values()]).delete()
    Posting.objects.bulk_create(
        [
            Posting(chunk=chunk, term=term, count=count)
            for chunk, piece in zip(chunks, pieces, strict=True)
            for term, count in _terms(kept, piece).items()
        ],
        batch_size=1000,
    )
    outbox.touch(IndexJob.Kind.CHUNK, [*gone, *(chunk.pk for chunk in chunks)])


def _terms(kept: ArticleVersion, piece: Piece) -> dict[str, int]:
    found = counted(f"{piece.heading}\n{piece.text}")
    for term in (*counted(kept.title), *counted(" ".join(kept.tags))):
        found[term] += TITLE_WEIGHT
    return found

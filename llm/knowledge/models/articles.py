"""Articles as they are written, as they were published, and cut into passages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chatsite.lib import clock

if TYPE_CHECKING:
    from accounts.viewer import Viewer


class Audience(models.TextChoices):
    """Who may read what an article says."""

    PUBLIC = "public", _("Customers")
    INTERNAL = "internal", _("Staff only")


class ArticleQuerySet(models.QuerySet["Article"]):
    """Articles."""

    def visible_to(self, viewer: Viewer) -> ArticleQuerySet:
        """Return what a member of staff may see: agents leave out other teams' articles."""
        if viewer.is_admin:
            return self
        if viewer.is_agent:
            return self.filter(Q(team__isnull=True) | Q(team_id__in=viewer.team_ids))
        return self.none()


class Article(models.Model):
    """An article as its authors see it. Replies know only its published version."""

    class Status(models.TextChoices):
        """Whether replies may use it."""

        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        ARCHIVED = "archived", _("Archived")

    class Source(models.TextChoices):
        """Where its text came from."""

        WRITTEN = "written", _("Written here")
        URL = "url", _("Web page")
        FILE = "file", _("File")
        DEMO = "demo", _("Demo")

    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"), help_text=_("Markdown."))
    language = models.CharField(_("language"), max_length=16, default="en")
    source_kind = models.CharField(
        _("source"), max_length=8, choices=Source.choices, default=Source.WRITTEN
    )
    source_url = models.CharField(_("address of the source"), max_length=500, blank=True)
    source_name = models.CharField(_("name of the source"), max_length=200, blank=True)
    imported_at = models.DateTimeField(_("imported"), null=True, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.DRAFT
    )
    audience = models.CharField(
        _("readers"), max_length=8, choices=Audience.choices, default=Audience.PUBLIC
    )
    team = models.ForeignKey(
        "accounts.Team",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="articles",
        verbose_name=_("team"),
        help_text=_("Only for this team's chats; empty means for all."),
    )
    tags = models.JSONField(_("tags"), default=list, blank=True)
    version = models.PositiveIntegerField(
        _("version"), default=0, help_text=_("How often it was published.")
    )
    published = models.ForeignKey(
        "knowledge.ArticleVersion",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("published version"),
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="articles",
        verbose_name=_("author"),
    )
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)
    updated_at = models.DateTimeField(_("last change"), default=clock.now)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        ordering = ["-updated_at", "-id"]
        indexes = [
            models.Index(fields=["-updated_at", "-id"], name="knowledge_article_recent"),
        ]
        constraints = [
            models.CheckConstraint(
                name="knowledge_article_status_known",
                condition=Q(status__in=["draft", "published", "archived"]),
            ),
            models.CheckConstraint(
                name="knowledge_article_audience_known",
                condition=Q(audience__in=["public", "internal"]),
            ),
            models.CheckConstraint(
                name="knowledge_article_has_title", condition=~Q(title="") & ~Q(body="")
            ),
            models.CheckConstraint(
                name="knowledge_article_published_has_version",
                condition=~Q(status="published") | Q(published__isnull=False),
            ),
            # A page is imported into one article, and into one of each team's that keeps its own.
            models.UniqueConstraint(
                name="knowledge_article_of_page_once",
                fields=["source_url"],
                condition=Q(source_kind="url", team__isnull=True),
            ),
            models.UniqueConstraint(
                name="knowledge_article_of_page_once_a_team",
                fields=["source_url", "team"],
                condition=Q(source_kind="url", team__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def has_changes(self) -> bool:
        """Say whether something was changed since it was last published."""
        kept = self.published
        return kept is None or any(
            getattr(self, name) != getattr(kept, name) for name in ArticleVersion.CONTENT
        )


class ArticleVersion(models.Model):
    """An article as it was once published; never changed afterwards."""

    CONTENT = ("title", "body", "language", "audience", "team_id", "tags", "source_url")

    article = models.ForeignKey(
        Article,
        on_delete=models.CASCADE,
        related_name="versions",
        verbose_name=_("article"),
        db_index=False,  # knowledge_version_once begins with it
    )
    number = models.PositiveIntegerField(_("version"))
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=16)
    audience = models.CharField(_("readers"), max_length=8, choices=Audience.choices)
    team = models.ForeignKey(
        "accounts.Team",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("team"),
    )
    tags = models.JSONField(_("tags"), default=list, blank=True)
    source_url = models.CharField(_("address of the source"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("published at"), default=clock.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("published by"),
    )

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ["article_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["article", "number"], name="knowledge_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"


class Chunk(models.Model):
    """A passage of a published version: what is searched for and cited.

    A passage that stays the same when its article is published again keeps its row, and with it
    its vector.
    """

    article = models.ForeignKey(
        Article,
        on_delete=models.CASCADE,
        related_name="chunks",
        verbose_name=_("article"),
        db_index=False,  # knowledge_chunk_once begins with it
    )
    version = models.PositiveIntegerField(_("version"))
    position = models.PositiveIntegerField(_("position"))
    heading = models.CharField(_("headings above"), max_length=400, blank=True)
    text = models.TextField(_("text"))
    hash = models.CharField(_("digest"), max_length=32)
    length = models.PositiveIntegerField(_("words"), default=0)

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        ordering = ["article_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["article", "hash"], name="knowledge_chunk_once"),
        ]

    def __str__(self) -> str:
        return f"{self.heading or self.article_id} #{self.position}"


class Posting(models.Model):
    """How often a term stands in a passage: the keyword index, in the database itself."""

    chunk = models.ForeignKey(
        Chunk,
        on_delete=models.CASCADE,
        related_name="postings",
        verbose_name=_("passage"),
        db_index=False,  # knowledge_posting_once begins with it
    )
    term = models.CharField(_("term"), max_length=48)
    count = models.PositiveIntegerField(_("count"))

    class Meta:
        verbose_name = _("term of a passage")
        verbose_name_plural = _("terms of passages")
        constraints = [
            models.UniqueConstraint(fields=["chunk", "term"], name="knowledge_posting_once"),
        ]
        indexes = [models.Index(fields=["term", "chunk"], name="knowledge_posting_term")]

    def __str__(self) -> str:
        return self.term

"""The admin pages of the knowledge; changes go through the actions, as everywhere."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline

from accounts.viewer import Viewer
from chatsite.lib.errors import DomainError
from llm.knowledge import actions
from llm.knowledge.forms import ArticleForm
from llm.knowledge.models import Article, ArticleVersion, Asking, IndexJob, Memory, Question


def _viewer(request: HttpRequest) -> Viewer:
    assert request.user.is_authenticated  # the admin site lets nobody else in
    return Viewer.of(request.user)


class VersionInline(TabularInline):  # type: ignore[misc]
    """What was published, to look at."""

    model = ArticleVersion
    fk_name = "article"
    fields = ["number", "title", "audience", "created_at", "created_by"]
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Publishing makes them."""
        return False


@admin.register(Article)
class ArticleAdmin(ModelAdmin):  # type: ignore[misc]
    """Articles."""

    list_display = ["title", "status", "audience", "language", "team", "version", "updated_at"]
    list_filter = ["status", "audience", "language", "source_kind", "team"]
    search_fields = ["title", "body"]
    readonly_fields = ["status", "version", "published_at", "created_at", "updated_at", "author"]
    form = ArticleForm
    inlines = [VersionInline]
    actions = ["publish", "archive"]
    fieldsets = [
        (None, {"fields": ["title", "body", "status"]}),
        (_("Readers"), {"fields": ["audience", "team", "language", "tags", "source_url"]}),
        (
            _("More"),
            {"fields": ["version", "published_at", "author", "created_at", "updated_at"]},
        ),
    ]

    def get_form(self, request: HttpRequest, *given: Any, **options: Any) -> Any:
        """Let the form judge with the eyes of who fills it in."""
        form = super().get_form(request, *given, **options)
        form.viewer = _viewer(request)
        return form

    def save_model(
        self, request: HttpRequest, obj: Article, form: ModelForm[Article], change: bool
    ) -> None:
        """Write through the action, which checks and tidies; the page shows what was stored."""
        assert isinstance(form, ArticleForm)
        viewer, fields = _viewer(request), form.changes()
        if change:
            stored = actions.edit_article(viewer=viewer, article_id=obj.pk, **fields)
        else:
            stored = actions.create_article(viewer=viewer, **fields)
        obj.__dict__.update(stored.__dict__)

    def delete_model(self, request: HttpRequest, obj: Article) -> None:
        """Delete through the action, which tells the index."""
        actions.delete_article(viewer=_viewer(request), article_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        """The same for several."""
        for article in queryset:
            self.delete_model(request, article)

    @admin.action(description=_("Publish"))
    def publish(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        """Let replies use them."""
        self._each(request, queryset, actions.publish_article)

    @admin.action(description=_("Archive"))
    def archive(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        """Take them out of use."""
        self._each(request, queryset, actions.archive_article)

    def _each(self, request: HttpRequest, queryset: QuerySet[Article], deed: Any) -> None:
        done = 0
        for article in queryset:
            try:
                deed(viewer=_viewer(request), article_id=article.pk)
                done += 1
            except DomainError as error:
                self.message_user(request, f"{article}: {error.detail}", level="error")
        text = ngettext("%d article was changed.", "%d articles were changed.", done) % done
        self.message_user(request, text)


class _LookedAt(ModelAdmin):  # type: ignore[misc]
    """Rows that replies and workers write, to look at only."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody makes them by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes what happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Deleting has its own ways, which tell the index."""
        return False


class AskingInline(TabularInline):  # type: ignore[misc]
    """When it was asked."""

    model = Asking
    fields = ["text", "reason", "session", "asked_at"]
    readonly_fields = fields
    extra = 0
    can_delete = False


@admin.register(Question)
class QuestionAdmin(_LookedAt):
    """Unanswered questions; they are closed in the console or over the API."""

    list_display = ["text", "status", "count", "language", "team", "last_asked_at", "article"]
    list_filter = ["status", "language", "team"]
    search_fields = ["text"]
    inlines = [AskingInline]


@admin.register(Memory)
class MemoryAdmin(_LookedAt):
    """What is remembered of customers; it can be forgotten, for one customer at a time."""

    list_display = ["customer", "text", "created_at"]
    search_fields = ["=customer__username", "customer__display_name"]
    list_select_related = ["customer"]
    actions = ["forget"]

    @admin.action(description=_("Forget everything of these customers"))
    def forget(self, request: HttpRequest, queryset: QuerySet[Memory]) -> None:
        """Forget through the action, which tells the index."""
        customers = set(queryset.values_list("customer_id", flat=True))
        gone = sum(actions.forget_customer(customer_id=customer) for customer in customers)
        text = ngettext("%d memory was forgotten.", "%d memories were forgotten.", gone) % gone
        self.message_user(request, text)


@admin.register(IndexJob)
class IndexJobAdmin(_LookedAt):
    """What the vector index still has to learn."""

    list_display = ["kind", "object_id", "created_at", "attempts", "lease_until"]
    list_filter = ["kind"]

"""The admin pages of what happened and of what the engine keeps: to look at only."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from chatsite.lib import clock
from llm.models import Answer, Breaker, Spending


class Record(ModelAdmin):  # type: ignore[misc]
    """Rows to look at only: what happened, or what the engine keeps."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody makes them by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes what happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """They go with what they belong to."""
        return False


@admin.register(Answer)
class AnswerAdmin(Record):
    """Answers."""

    list_display = ["created_at", "purpose", "status", "model_label", "attempt", "ttft_ms", "cost"]
    list_filter = ["purpose", "status", "model", "error_code"]
    search_fields = ["=id", "=session__id", "=turn__id", "error_reason"]
    date_hierarchy = "created_at"


@admin.register(Breaker)
class BreakerAdmin(Record):
    """Models at their endpoints that failed: whether they are asked, and since when not."""

    list_display = ["endpoint", "stands", "open_until", "resting_until", "openings"]
    search_fields = ["endpoint"]

    @admin.display(description=_("state"))
    def stands(self, breaker: Breaker) -> str:
        """The state in words."""
        words = {
            "closed": _("closed: it is asked"),
            "half-open": _("half-open: one answer tries it"),
            "open": _("open: it is left alone"),
            "resting": _("resting: it asked for a pause"),
        }
        return str(words[breaker.state(clock.now())])

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Deleting one closes it: the model is asked again at once."""
        return super(Record, self).has_delete_permission(request, obj)  # type: ignore[no-any-return]


@admin.register(Spending)
class SpendingAdmin(Record):
    """What models with a budget have cost, by day."""

    list_display = ["day", "model", "spent", "reserved"]
    list_filter = ["model"]
    date_hierarchy = "day"

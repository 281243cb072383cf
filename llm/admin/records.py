"""The admin pages of what happened and of what the engine keeps: to look at only."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from chatsite.lib import clock
from llm.models import Answer, Breaker, Spending
from llm.stats.rows import HIDDEN
from llm.turns.payloads import hides_names

# What of an answer names its model, or gives it away.
TELLING = ("model", "model_label", "prices", "cost", "params", "reserved")


def is_hidden(answer: Answer) -> bool:
    """Say whether its model must not be told yet."""
    return answer.turn is not None and hides_names(answer.turn)


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


class OfModel(admin.RelatedFieldListFilter):
    """Answers of a model, but those of which nobody may know yet that they are its."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """Leave them out once a model is chosen."""
        seen = queryset.exclude(HIDDEN) if self.used_parameters else queryset
        return super().queryset(request, seen)


@admin.register(Answer)
class AnswerAdmin(Record):
    """Answers. Whoever asked blindly does not learn here who was who, before one is picked."""

    list_display = ["created_at", "purpose", "status", "answered", "attempt", "ttft_ms", "paid"]
    list_filter = ["purpose", "status", ("model", OfModel), "error_code"]
    list_select_related = ["turn"]
    search_fields = ["=id", "=session__id", "=turn__id", "error_reason"]
    date_hierarchy = "created_at"

    @admin.display(description=_("model"))
    def answered(self, answer: Answer) -> str:
        """Who answered, if that may be told."""
        return str(_("hidden until one is picked")) if is_hidden(answer) else answer.model_label

    @admin.display(description=_("cost"))
    def paid(self, answer: Answer) -> Decimal | None:
        """What it cost; a price may give a name away."""
        return None if is_hidden(answer) else answer.cost

    def get_exclude(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """On its own page, say nothing that names its model either."""
        return [*TELLING] if isinstance(obj, Answer) and is_hidden(obj) else []


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

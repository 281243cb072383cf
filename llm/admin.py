"""The admin pages of models and answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from chatsite.lib import clock
from llm.models import Answer, Breaker, ModelConfig, Spending
from llm.providers import ProviderFailure
from llm.providers.openai_compatible import completions_url


class ModelConfigForm(forms.ModelForm):  # type: ignore[type-arg]
    """A model, with its key as a field that can be written and never read."""

    api_key = forms.CharField(
        required=False,
        label=_("API key"),
        help_text=_("Leave empty to keep the stored key. It is stored encrypted, never shown."),
        widget=UnfoldAdminPasswordWidget(
            render_value=False, attrs={"autocomplete": "new-password"}
        ),
    )
    forget_api_key = forms.BooleanField(required=False, label=_("Delete the stored key"))

    class Meta:
        model = ModelConfig
        fields = [
            "name",
            "provider_name",
            "base_url",
            "model",
            "enabled",
            "is_default",
            "system_prompt",
            "default_params",
            "prices",
            "notes",
        ]
        widgets = {"base_url": UnfoldAdminTextInputWidget}

    def clean_base_url(self) -> str:
        """Refuse what the provider would refuse to call."""
        base_url: str = self.cleaned_data["base_url"].strip()
        try:
            completions_url(base_url)
        except ProviderFailure as failure:
            raise forms.ValidationError(_("Enter an http or https address.")) from failure
        return base_url

    def clean(self) -> dict[str, Any]:
        """Make room for a new default, before the constraint is looked at."""
        data = super().clean() or {}
        others = ModelConfig.objects.filter(is_default=True).exclude(pk=self.instance.pk)
        if data.get("is_default") and others.exists():
            self.add_error("is_default", _("Another model is the default; unset it there first."))
        return data

    def save(self, commit: bool = True) -> ModelConfig:
        """Keep the key; a new host does not get the old one's."""
        key = self.cleaned_data["api_key"]
        moved = "base_url" in self.changed_data and self.instance.pk is not None
        if key:
            self.instance.set_api_key(key)
        elif self.cleaned_data["forget_api_key"] or moved:
            self.instance.set_api_key("")
        saved: ModelConfig = super().save(commit)
        return saved


@admin.register(ModelConfig)
class ModelConfigAdmin(ModelAdmin):  # type: ignore[misc]
    """Models."""

    form = ModelConfigForm
    list_display = ["name", "model", "base_url", "enabled", "is_default", "is_demo"]
    list_filter = ["enabled", "is_demo"]
    search_fields = ["name", "model", "base_url", "notes"]
    readonly_fields = ["api_key_hint", "capabilities", "is_demo", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["name", "provider_name", "enabled", "is_default", "is_demo"]}),
        (
            _("Endpoint"),
            {
                "fields": [
                    "base_url",
                    "model",
                    "api_key",
                    "api_key_hint",
                    "forget_api_key",
                    "capabilities",
                ],
                "description": _("Changing the address deletes the stored key."),
            },
        ),
        (_("Answers"), {"fields": ["system_prompt", "default_params"]}),
        (_("More"), {"fields": ["prices", "notes", "created_at", "updated_at"]}),
    ]


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
    """Endpoints that failed: whether they are asked, and since when not."""

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
        """Deleting one closes it: the endpoint is asked again at once."""
        return super(Record, self).has_delete_permission(request, obj)  # type: ignore[no-any-return]


@admin.register(Spending)
class SpendingAdmin(Record):
    """What models with a budget have cost, by day."""

    list_display = ["day", "model", "spent", "reserved"]
    list_filter = ["model"]
    date_hierarchy = "day"

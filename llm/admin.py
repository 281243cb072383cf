"""The admin pages of models and answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from llm.models import Answer, ModelConfig
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


@admin.register(Answer)
class TurnAdmin(ModelAdmin):  # type: ignore[misc]
    """Answers, to look at only: they are the record of what happened."""

    list_display = ["created_at", "status", "session", "model_label", "attempt", "ttft_ms"]
    list_filter = ["status", "model", "error_code"]
    search_fields = ["=id", "=session__id", "error_reason"]
    list_select_related = ["session"]
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody makes answers by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Answer | None = None) -> bool:
        """Nobody changes what happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Answer | None = None) -> bool:
        """Answers go with their session."""
        return False

"""The form of a model: parameters and prices as fields, a key that is written and never read."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from chatsite.lib.errors import DomainError
from llm.actions.models import checked
from llm.models import ModelConfig
from llm.providers.registry import OPENAI_COMPATIBLE, REGISTRY

#: Field of the form, and its place in a JSON column.
PARAMS: Final = ("temperature", "top_p", "max_tokens", "timeout_ms")
PRICES: Final = {"price_prompt": "prompt", "price_completion": "completion"}
CURRENCY: Final = "price_currency"
#: Fields that are columns as they are.
PLAIN: Final = (
    "name",
    "provider_name",
    "base_url",
    "model",
    "enabled",
    "system_prompt",
    "daily_budget",
    "max_parallel",
    "draft_weight",
    "notes",
)


def _number(label: Any, step: str, help_text: Any = "") -> forms.FloatField:
    widget = UnfoldAdminDecimalFieldWidget(attrs={"step": step})
    return forms.FloatField(required=False, label=label, help_text=help_text, widget=widget)


def _whole(label: Any, help_text: Any = "") -> forms.IntegerField:
    widget = UnfoldAdminIntegerFieldWidget()
    return forms.IntegerField(required=False, label=label, help_text=help_text, widget=widget)


class ModelConfigForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an administrator sets up of a model; :meth:`changes` is what an action is given."""

    provider_name = forms.ChoiceField(
        label=_("Provider"), initial=OPENAI_COMPATIBLE, widget=UnfoldAdminSelectWidget
    )
    answers_customers = forms.BooleanField(
        required=False,
        label=_("Answers customers"),
        help_text=_("The default model. It takes the place of the one that is now."),
        widget=UnfoldBooleanSwitchWidget,
    )
    api_key = forms.CharField(
        required=False,
        label=_("API key"),
        help_text=_("Leave empty to keep the stored key. It is stored encrypted, never shown."),
        widget=UnfoldAdminPasswordWidget(
            render_value=False, attrs={"autocomplete": "new-password"}
        ),
    )
    forget_api_key = forms.BooleanField(
        required=False, label=_("Delete the stored key"), widget=UnfoldBooleanSwitchWidget
    )
    temperature = _number(_("Temperature"), "0.1", _("0 to 2; empty: the endpoint decides."))
    top_p = _number(_("Top P"), "0.05", _("0 to 1."))
    max_tokens = _whole(_("Longest answer (tokens)"))
    timeout_ms = _whole(_("Time limit (ms)"), _("100 to 600,000; it can only shorten ours."))
    price_prompt = _number(_("Price of a million prompt tokens"), "any")
    price_completion = _number(_("Price of a million completion tokens"), "any")
    price_currency = forms.CharField(
        required=False,
        max_length=3,
        label=_("Currency"),
        help_text=_("ISO 4217, such as USD."),
        widget=UnfoldAdminTextInputWidget,
    )

    class Meta:
        model = ModelConfig
        fields = PLAIN
        widgets = {"base_url": UnfoldAdminTextInputWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Spread the JSON columns over their fields."""
        model: ModelConfig | None = kwargs.get("instance")
        if model is not None:
            spread: dict[str, Any] = {name: model.default_params.get(name) for name in PARAMS}
            spread |= {field: model.prices.get(name) for field, name in PRICES.items()}
            spread |= {CURRENCY: model.prices.get("currency", "")}
            spread |= {"answers_customers": model.is_default}
            kwargs["initial"] = {**spread, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        choices = {name: label for name, (label, _make) in REGISTRY.items()}
        if model is not None and model.provider_name:
            choices.setdefault(model.provider_name, model.provider_name)
        self.fields["provider_name"].choices = list(choices.items())  # type: ignore[attr-defined]
        if model is not None and model.is_demo:
            self.fields["base_url"].disabled = self.fields["provider_name"].disabled = True

    def clean(self) -> dict[str, Any]:
        """Ask the action's own checks, and put what they say beside the fields."""
        data = super().clean() or {}
        if not self.errors:
            try:
                checked(self.changes(), self.instance if self.instance.pk else None)
            except DomainError as error:
                for wrong in error.errors:
                    self.add_error(_field_of(wrong.field), wrong.detail)
        return data

    def changes(self) -> dict[str, Any]:
        """Return what the form says, as the action takes it."""
        data = self.cleaned_data
        found = {name: data[name] for name in PLAIN}
        found["is_default"] = data["answers_customers"]
        found["default_params"] = {name: data[name] for name in PARAMS}
        prices = {name: data[field] for field, name in PRICES.items()}
        if any(price is not None for price in prices.values()) or data[CURRENCY]:
            prices["currency"] = data[CURRENCY] or None
        found["prices"] = prices
        if data["api_key"]:
            found["api_key"] = data["api_key"]
        elif data["forget_api_key"]:
            found["api_key"] = ""
        return found


def _field_of(name: str) -> str | None:
    column, _, inner = name.partition(".")
    if column == "prices":
        return f"price_{inner}" if inner else None
    if column == "default_params":
        return inner if inner in PARAMS else None
    return column if column in ModelConfigForm.base_fields else None

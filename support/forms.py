"""The form behind a widget's admin page: plain fields instead of raw JSON."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from chatsite.lib.errors import ValidationFailed
from support.actions.widgets import check_widget
from support.models import Widget

HOURS_HELP = _(
    'Empty means always open. Otherwise: {"timezone": "Europe/Berlin", "weekly": {"mon": '
    '[["09:00", "12:30"], ["13:15", "18:00"]]}, "holidays": [{"date": "2026-12-25"}]}'
)


def _area(rows: int) -> Any:
    return UnfoldAdminTextareaWidget(attrs={"rows": rows})


def by_language(name: str, code: str) -> str:
    """The form's name for one language's text: greeting_zh_hans."""
    return f"{name}_{code.replace('-', '_')}"


class WidgetForm(forms.ModelForm):  # type: ignore[type-arg]
    """Origins and questions one a line, one greeting for each language."""

    allowed_origins = forms.CharField(
        label=_("Sites"),
        required=False,
        widget=_area(3),
        help_text=_(
            "Where the widget may stand, one address a line, such as https://shop.example. This "
            "site itself may always show it."
        ),
    )
    business_hours = forms.CharField(
        label=_("Business hours"), required=False, widget=_area(6), help_text=HOURS_HELP
    )

    class Meta:
        model = Widget
        fields = (
            "name",
            "team",
            "allowed_origins",
            "color",
            "position",
            "business_hours",
            "assistant_enabled",
            "enabled",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        widget = self.instance
        for code, language in settings.LANGUAGES:
            self.fields[by_language("greeting", code)] = forms.CharField(
                label=format_lazy("{} ({})", _("Greeting"), language),
                required=False,
                widget=UnfoldAdminTextInputWidget(),
            )
            self.fields[by_language("suggestions", code)] = forms.CharField(
                label=format_lazy("{} ({})", _("Suggested questions"), language),
                required=False,
                widget=_area(3),
                help_text=_("One a line."),
            )
            self.initial[by_language("greeting", code)] = widget.greeting.get(code, "")
            self.initial[by_language("suggestions", code)] = "\n".join(
                widget.suggestions.get(code, [])
            )
        self.initial["allowed_origins"] = "\n".join(widget.allowed_origins)
        hours = widget.business_hours
        self.initial["business_hours"] = json.dumps(hours, indent=2) if hours else ""

    def clean(self) -> dict[str, Any]:
        """Bring what was typed into the widget's own shape, by the rules of its actions."""
        typed = super().clean() or {}
        cleaned = {name: typed[name] for name in self.Meta.fields if name in typed}
        cleaned["allowed_origins"] = _lines(typed.get("allowed_origins", ""))
        cleaned["greeting"] = self._texts(typed, "greeting")
        questions = self._texts(typed, "suggestions")
        cleaned["suggestions"] = {code: _lines(text) for code, text in questions.items()}
        cleaned["business_hours"] = self._hours(typed.get("business_hours", ""))
        for name in list(cleaned):
            try:
                cleaned[name] = check_widget(name, cleaned[name])
            except ValidationFailed as error:
                shown = name if name in self.fields else by_language(name, settings.LANGUAGE_CODE)
                self.add_error(shown, error.errors[0].detail)
        return cleaned

    def _texts(self, typed: dict[str, Any], name: str) -> dict[str, str]:
        texts = {
            code: typed.get(by_language(name, code), "") for code, _language in settings.LANGUAGES
        }
        return {code: text.strip() for code, text in texts.items() if text.strip()}

    def _hours(self, text: str) -> object:
        try:
            return json.loads(text) if text.strip() else {}
        except ValueError:
            return text


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]

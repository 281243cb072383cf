"""The form behind a widget's admin page: plain fields instead of raw JSON."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.dates import WEEKDAYS
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from chatsite.lib.errors import ValidationFailed
from support import opening
from support.actions.widgets import check_widget
from support.hours import DAYS
from support.models import Widget

#: The form's names for business hours, in their order.
HOURS_FIELDS = (
    "hours_always",
    "hours_timezone",
    *(f"hours_{day}" for day in DAYS),
    "hours_holidays",
)
_EXAMPLE = "09:00-12:30, 13:15-18:00"


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
    hours_always = forms.BooleanField(
        label=_("Always open"), required=False, widget=UnfoldBooleanSwitchWidget()
    )
    hours_timezone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        widget=UnfoldAdminSelectWidget(),
        choices=[(name, name) for name in sorted(available_timezones())],
    )
    hours_holidays = forms.CharField(
        label=_("Holidays"),
        required=False,
        widget=_area(3),
        help_text=_(
            "One a line, closed unless hours are given: 2026-12-25 Christmas, "
            "or 2026-12-24 09:00-12:00 Christmas Eve."
        ),
    )

    class Meta:
        model = Widget
        fields = (
            "name",
            "team",
            "allowed_origins",
            "color",
            "position",
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
        self._show_hours(widget.business_hours)

    def _show_hours(self, schedule: dict[str, Any]) -> None:
        self.initial["hours_always"] = not schedule
        self.initial["hours_timezone"] = schedule.get("timezone", "UTC")
        self.initial["hours_holidays"] = opening.write_holidays(schedule.get("holidays", []))
        for number, day in enumerate(DAYS):
            self.fields[f"hours_{day}"] = forms.CharField(
                label=WEEKDAYS[number],
                required=False,
                widget=UnfoldAdminTextInputWidget(attrs={"placeholder": _EXAMPLE}),
                help_text="" if number else _("Nothing means closed on that day."),
            )
            spans = schedule.get("weekly", {}).get(day, [])
            self.initial[f"hours_{day}"] = opening.write_day(spans)

    def clean(self) -> dict[str, Any]:
        """Bring what was typed into the widget's own shape, by the rules of its actions."""
        typed = super().clean() or {}
        cleaned = {name: typed[name] for name in self.Meta.fields if name in typed}
        cleaned["allowed_origins"] = _lines(typed.get("allowed_origins", ""))
        cleaned["greeting"] = self._texts(typed, "greeting")
        questions = self._texts(typed, "suggestions")
        cleaned["suggestions"] = {code: _lines(text) for code, text in questions.items()}
        cleaned["business_hours"] = self._hours(typed)
        for name in list(cleaned):
            try:
                cleaned[name] = check_widget(name, cleaned[name])
            except ValidationFailed as error:
                self.add_error(self._place_of(name, error), error.errors[0].detail)
        return cleaned

    def _texts(self, typed: dict[str, Any], name: str) -> dict[str, str]:
        texts = {
            code: typed.get(by_language(name, code), "") for code, _language in settings.LANGUAGES
        }
        return {code: text.strip() for code, text in texts.items() if text.strip()}

    def _place_of(self, name: str, error: ValidationFailed) -> str:
        if name in self.fields:
            return name
        if name != "business_hours":
            return by_language(name, settings.LANGUAGE_CODE)
        day = error.errors[0].detail.partition(":")[0]  # each complaint begins with its day
        return f"hours_{day}" if day in DAYS else "hours_holidays"

    def _hours(self, typed: dict[str, Any]) -> dict[str, Any]:
        weekly = {day: self._read(f"hours_{day}", opening.read_day, typed) for day in DAYS}
        holidays = self._read("hours_holidays", opening.read_holidays, typed)
        weekly = {day: spans for day, spans in weekly.items() if spans}
        if typed.get("hours_always"):
            if weekly or holidays:
                self.add_error("hours_always", _("Switch this off, or leave the hours empty."))
            return {}
        schedule = {"timezone": typed.get("hours_timezone") or "UTC", "weekly": weekly}
        return {**schedule, "holidays": holidays} if holidays else schedule

    def _read(self, name: str, read: Any, typed: dict[str, Any]) -> Any:
        try:
            return read(typed.get(name, ""))
        except opening.Unreadable as error:
            wrong = format_lazy(
                _("Not readable: {text}. Write it like {example}."),
                text=str(error),
                example=_EXAMPLE,
            )
            self.add_error(name, wrong)
            return []


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]

"""Forms of the admin pages: lines of text instead of JSON."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from chatsite.lib.errors import ValidationFailed
from llm.gate.actions.cases import SPEAKERS, checked_phrases, checked_talk
from llm.gate.actions.releases import checked_params
from llm.gate.models import Case, Release

_SPEAKER = re.compile(rf"^({'|'.join(SPEAKERS)})\s*[:：]\s*", re.IGNORECASE)


class TalkField(forms.CharField):
    """A talk as text: a line begins with ``customer:``, ``assistant:`` or ``agent:``."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        """Show the stored list as lines."""
        if isinstance(value, list):
            return "\n".join(f"{said['role']}: {said['text']}" for said in value)
        return value

    def clean(self, value: Any) -> list[dict[str, str]]:
        """Read lines; one without a speaker goes on with what was said before it."""
        talk: list[dict[str, str]] = []
        for line in super().clean(value).splitlines():
            if found := _SPEAKER.match(line):
                talk.append({"role": found[1].lower(), "text": line[found.end() :]})
            elif talk:
                talk[-1]["text"] += f"\n{line}"
            elif line.strip():
                talk.append({"role": "customer", "text": line})
        try:
            return checked_talk(talk)
        except ValidationFailed as error:
            raise forms.ValidationError(
                _("Write lines such as “customer: Where is my parcel?”; the last one is theirs.")
            ) from error


class LinesField(forms.CharField):
    """A list of phrases, one to a line."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        """Show the stored list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        """Read lines."""
        try:
            return checked_phrases("lines", super().clean(value).splitlines())
        except ValidationFailed as error:
            raise forms.ValidationError(error.errors[0].detail) from error


class CaseForm(forms.ModelForm):  # type: ignore[type-arg]
    """A case."""

    talk = TalkField(
        label=_("Talk"),
        help_text=_(
            "A line begins with customer:, assistant: or agent:. The customer has the last."
        ),
    )
    must_say = LinesField(
        label=_("Must say"),
        required=False,
        help_text=_("One phrase to a line; “60 days | sixty days” is met by either."),
    )
    must_not_say = LinesField(
        label=_("Must not say"), required=False, help_text=_("One phrase to a line.")
    )

    class Meta:
        model = Case
        fields = (
            "name",
            "enabled",
            "is_red_team",
            "talk",
            "cites",
            "must_say",
            "must_not_say",
            "handoff",
        )


class ReleaseForm(forms.ModelForm):  # type: ignore[type-arg]
    """A release."""

    class Meta:
        model = Release
        fields = ("name", "model", "system_prompt", "params", "articles", "notes")
        widgets: ClassVar[dict[str, Any]] = {
            "params": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
            "notes": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }

    def clean_params(self) -> dict[str, float]:
        """Refuse what no model is asked with."""
        try:
            return checked_params(self.cleaned_data["params"] or {})
        except ValidationFailed as error:
            raise forms.ValidationError(
                [f"{one.field.partition('.')[2]}: {one.detail}" for one in error.errors]
            ) from error

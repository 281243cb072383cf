"""The admin's form of an article: what an action would refuse stands beside its field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _

from chatsite.lib.errors import ValidationFailed
from llm.knowledge.actions.articles import has_double
from llm.knowledge.actions.checking import checked
from llm.knowledge.models import Article

if TYPE_CHECKING:
    from accounts.viewer import Viewer

WRITTEN = ("title", "body", "language", "audience", "team", "tags", "source_url")


class ArticleForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an admin writes."""

    viewer: Viewer

    class Meta:
        model = Article
        fields = WRITTEN

    def changes(self) -> dict[str, Any]:
        """Return what the form says, as the actions take it."""
        data = self.cleaned_data
        found = {name: data[name] for name in WRITTEN if name != "team"}
        team = data["team"]
        return {**found, "team_id": team.pk if team else None, "tags": data["tags"] or []}

    def clean(self) -> dict[str, Any]:
        """Ask the action's own checks."""
        data = super().clean() or {}
        if not self.errors:
            try:
                checked(self.viewer, self.changes())
            except ValidationFailed as error:
                for wrong in error.errors:
                    name = wrong.field.removesuffix("_id")
                    self.add_error(name if name in self.fields else None, wrong.detail)
        return data

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors and has_double(self.instance):
            self.add_error("source_url", _("Another article was imported from this page"))

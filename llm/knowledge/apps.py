"""What replies are grounded on: articles, their index, and what customers said before."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KnowledgeConfig(AppConfig):
    """Articles, search, memory and unanswered questions."""

    name = "llm.knowledge"
    label = "knowledge"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = _("Knowledge")

    def ready(self) -> None:
        """Listen to what sessions and the worker announce."""
        from llm.knowledge import receivers, worker  # noqa: F401 - connecting is their import

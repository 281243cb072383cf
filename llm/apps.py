"""Models, answers and providers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LlmConfig(AppConfig):
    """The assistant and everything that talks to models."""

    name = "llm"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = _("Assistant")

    def ready(self) -> None:
        """Listen to what sessions announce."""
        from llm import receivers, worker  # noqa: F401 - connecting is their import
        from llm.limits import metrics
        from llm.turns import live  # noqa: F401

        metrics.register()

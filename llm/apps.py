"""Models, turns and providers."""

from django.apps import AppConfig


class LlmConfig(AppConfig):
    """The assistant and everything that talks to models."""

    name = "llm"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Assistant"

    def ready(self) -> None:
        """Listen to what sessions announce."""
        from llm import receivers, worker  # noqa: F401 - connecting is their import

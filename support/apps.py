"""Start-up of the support app."""

from django.apps import AppConfig


class SupportConfig(AppConfig):
    """Widgets, the console, assignment and the demo shop."""

    name = "support"
    verbose_name = "Support"
    default_auto_field = "django.db.models.BigAutoField"

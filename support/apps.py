"""Start-up of the support app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SupportConfig(AppConfig):
    """Widgets, the console, assignment and the demo shop."""

    name = "support"
    verbose_name = _("Support")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Answer for widget keys when a chat is opened."""
        from sessions_app.origins import register_widget_resolver
        from support.resolver import widget_origin

        register_widget_resolver(widget_origin)

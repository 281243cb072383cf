"""Start-up of the support app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SupportConfig(AppConfig):
    """Widgets, the console, assignment and the demo shop."""

    name = "support"
    verbose_name = _("Support")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Answer for widget keys when a chat is opened, and for whom host sites vouched."""
        from django.db.models import Q

        from accounts.identity import register_proof
        from sessions_app.origins import register_widget_resolver
        from support.resolver import widget_origin

        register_widget_resolver(widget_origin)
        register_proof(Q(visitor_identity__isnull=False))

"""The messaging kernel: sessions, participants, messages and the socket."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SessionsConfig(AppConfig):
    """App configuration."""

    name = "sessions_app"
    verbose_name = _("Chat sessions")

    def ready(self) -> None:
        """Connect the receivers."""
        from sessions_app import receivers  # noqa: F401 - connecting is their import

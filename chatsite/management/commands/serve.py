"""`manage.py serve`: one web process of the full topology."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chatsite import server
from chatsite.lib import env


class Command(BaseCommand):
    """Serves HTTP and WebSockets on HOST (default: every address) and PORT until SIGTERM."""

    help = "Serve HTTP and WebSockets on HOST and PORT (one web process)."
    requires_system_checks: list[str] = []

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        from django.conf import settings

        try:
            listeners = server.bind(env.text("HOST", "0.0.0.0"), settings.PORT)  # noqa: S104
        except server.PortTaken as error:
            raise CommandError(str(error)) from error
        server.serve(listeners)

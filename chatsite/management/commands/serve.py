"""`manage.py serve`: one web process of the full topology."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

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
        self.make_model()
        server.serve(listeners)

    def make_model(self) -> None:
        """The default model of LLM_API_URL; a database that is away is no reason not to start."""
        from llm.actions import ensure_default_model

        try:
            ensure_default_model()
        except DatabaseError as error:
            self.stderr.write(f"The default model was not checked: {type(error).__name__}")

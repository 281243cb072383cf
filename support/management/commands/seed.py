"""`manage.py seed`: the demo shop with its people and conversations."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from support import demo
from support.actions.seed import seed_demo


class Command(BaseCommand):
    """Idempotent: what is there stays as it is."""

    help = "Put in the demo shop: people, teams, a widget and a few conversations."

    def add_arguments(self, parser: CommandParser) -> None:
        """One switch, for those who really want known passwords in production."""
        parser.add_argument(
            "--even-in-production", action="store_true", help="Accept well-known passwords."
        )

    def handle(self, *_arguments: Any, even_in_production: bool = False, **_options: Any) -> None:
        """Seed, and say with which logins."""
        if settings.PRODUCTION and not even_in_production:
            raise CommandError("The demo has well-known passwords: not in production.")
        fresh = seed_demo()
        self.stdout.write("The demo is in." if fresh else "The demo was there already.")
        for login in demo.logins():
            self.stdout.write(f"  {login['role']:6} {login['email']:18} {login['password']}")

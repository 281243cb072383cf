"""`manage.py knowledge_seed`: the demo shop's help articles."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from llm.knowledge.actions import seed_articles


class Command(BaseCommand):
    """Idempotent: what is there stays as it is."""

    help = "Put in the help articles of the demo shop, published."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """Seed, and say how many were missing."""
        if settings.PRODUCTION:
            raise CommandError("These articles are about a shop that does not exist.")
        self.stdout.write(f"{seed_articles()} help articles were put in.")

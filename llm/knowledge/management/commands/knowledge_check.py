"""`manage.py knowledge_check`: is the vector index what the rows say?"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from llm.knowledge import indexing, outbox, vectors
from llm.knowledge.embedding import EmbeddingUnavailable


class Command(BaseCommand):
    """Ends with status 1 when something differs, 2 when the index cannot be read."""

    help = "Compare the vector index with the database."

    def add_arguments(self, parser: CommandParser) -> None:
        """One switch."""
        parser.add_argument(
            "--repair", action="store_true", help="Write jobs for whatever differs."
        )

    def handle(self, *_arguments: Any, repair: bool = False, **_options: Any) -> None:
        """Compare both kinds, and print what differs."""
        differs = False
        try:
            for kind in (vectors.CHUNK, vectors.MEMORY):
                found = indexing.repair(kind) if repair else indexing.compare(kind)
                differs = differs or bool(found)
                self.stdout.write(
                    f"{kind}: {len(found.missing)} missing, {len(found.stale)} stale, "
                    f"{len(found.surplus)} surplus"
                )
        except (vectors.IndexUnavailable, EmbeddingUnavailable) as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{outbox.pending()} jobs wait.")
        if differs and not repair:
            sys.exit(1)

"""`manage.py knowledge_rebuild`: make the vector index anew from the rows."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from llm.knowledge import indexing, outbox, vectors
from llm.knowledge.embedding import EmbeddingUnavailable
from llm.knowledge.models import Chunk, Memory

WIDTH = 40
POLL_S = 0.5


class Command(BaseCommand):
    """Search goes on meanwhile: each vector is replaced by its new one."""

    help = "Compute every vector anew, with a progress bar."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """Write a job for everything, then do the jobs, or watch the worker that does."""
        mine = self._is_mine()
        with transaction.atomic():
            outbox.touch(vectors.CHUNK, Chunk.objects.values_list("pk", flat=True), again=True)
            outbox.touch(vectors.MEMORY, Memory.objects.values_list("pk", flat=True), again=True)
        total = outbox.pending()
        while left := outbox.pending():
            self._draw(total - left, total)
            if not (mine and self._do_some()):
                time.sleep(POLL_S)  # a worker has the rest
        self._draw(total, total)
        if mine:
            for name in vectors.index.drop_other_models():
                self.stdout.write(f"\nDeleted {name}: no model uses it any more.", ending="")
        self.stdout.write(f"\n{total} vectors are up to date.")

    def _is_mine(self) -> bool:
        """Whether this process may write the index; first what no row stands for is taken out."""
        try:
            for kind in (vectors.CHUNK, vectors.MEMORY):
                indexing.repair(kind)
        except vectors.IndexElsewhere:
            self.stdout.write("The running server does the work:")
            return False
        except (vectors.IndexUnavailable, EmbeddingUnavailable) as error:
            raise CommandError(str(error)) from error
        return True

    def _do_some(self) -> int:
        try:
            return indexing.do_some()
        except (vectors.IndexUnavailable, EmbeddingUnavailable) as error:
            raise CommandError(str(error)) from error

    def _draw(self, done: int, total: int) -> None:
        share = done / total if total else 1.0
        bar = "#" * round(share * WIDTH)
        self.stdout.write(f"\r[{bar:<{WIDTH}}] {max(0, done)}/{total}", ending="")
        self.stdout.flush()

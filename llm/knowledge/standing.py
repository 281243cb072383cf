"""How far the published passages can be compared by meaning, for those who write articles."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from llm.knowledge import health
from llm.knowledge.embedding import local
from llm.knowledge.models import Chunk, IndexJob


@dataclass(frozen=True, slots=True)
class Standing:
    """What to tell of the index: a sentence, and whether it will be another one soon."""

    text: str
    is_whole: bool = False
    is_changing: bool = False


def waiting() -> int:
    """How many passages of published articles have no vector yet, or one of an older text."""
    jobs = IndexJob.objects.filter(kind=IndexJob.Kind.CHUNK)
    return Chunk.objects.filter(pk__in=jobs.values("object_id")).count()


def standing() -> Standing:
    """Say whether questions are compared with passages by meaning; blocks, at most a second."""
    if not health.has_index():
        return Standing(
            _("Questions are compared by words only: no index of meanings is set up (CHROMA_URL).")
        )
    if not settings.KNOWLEDGE_EMBEDDINGS_URL and not local.can_run():
        return Standing(
            _("Questions are compared by words only: this processor cannot run the built-in model.")
        )
    if not health.report()["ok"]:
        return Standing(
            _("Questions are compared by words only: the index of meanings does not answer now."),
            is_changing=True,
        )
    passages, left = Chunk.objects.count(), waiting()
    if not passages:
        return Standing(_("Nothing is published yet, so replies have nothing to rest on."))
    if left:
        text = ngettext(
            "%(left)d of %(count)d passage is being read. Until then it is found by its words "
            "only.",
            "%(left)d of %(count)d passages are being read. Until then they are found by their "
            "words only.",
            passages,
        )
        return Standing(text % {"left": left, "count": passages}, is_changing=True)
    text = ngettext(
        "%(count)d passage is compared by words and by meaning.",
        "%(count)d passages are compared by words and by meaning.",
        passages,
    )
    return Standing(text % {"count": passages}, is_whole=True)

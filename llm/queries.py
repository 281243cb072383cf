"""Reads of models."""

from __future__ import annotations

from django.db.models import Q

from chatsite.lib.errors import ValidationFailed
from llm.access import BIGGEST_ID
from llm.models import ModelConfig


def model_page(
    *, limit: int, cursor: str = "", enabled: bool | None = None, q: str = ""
) -> tuple[list[ModelConfig], str | None]:
    """Return models by id, and the cursor of the next page if there is one."""
    models = ModelConfig.objects.order_by("pk")
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and int(cursor) <= BIGGEST_ID):
            raise ValidationFailed.of("cursor", "not a cursor of this list")
        models = models.filter(pk__gt=int(cursor))
    if enabled is not None:
        models = models.filter(enabled=enabled)
    if q:
        models = models.filter(
            Q(name__icontains=q) | Q(model__icontains=q) | Q(base_url__icontains=q)
        )
    found = list(models[: limit + 1])
    return found[:limit], str(found[limit - 1].pk) if len(found) > limit else None

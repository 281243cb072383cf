"""What the vector index still has to learn."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chatsite.lib import clock


class IndexJob(models.Model):
    """ "Look at this object again", written in the transaction that changed or deleted it.

    Whoever does the job reads the object as it is then: there it is put into the index, gone it
    is taken out. So jobs may be done twice and in any order.
    """

    class Kind(models.TextChoices):
        """What is indexed."""

        CHUNK = "chunk", _("Passage")
        MEMORY = "memory", _("Memory")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    object_id = models.BigIntegerField(_("object"))
    touched = models.UUIDField(
        _("change"),
        default=uuid.uuid4,
        help_text=_("New with each change: a job done for an older change is not done."),
    )
    again = models.BooleanField(
        _("anew"), default=False, help_text=_("Compute the vector even if the text is the same.")
    )
    created_at = models.DateTimeField(_("created"), default=clock.now)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)

    class Meta:
        verbose_name = _("index job")
        verbose_name_plural = _("index jobs")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id"], name="knowledge_job_once"),
            models.CheckConstraint(
                name="knowledge_job_kind_known", condition=Q(kind__in=["chunk", "memory"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"

"""What the answers of an hour came to, counted once."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Tally(models.Model):
    """A count of what was asked in one hour (UTC), so that a month need not be read again.

    The answers are the truth; see :mod:`llm.stats.hours` for how a tally is known to agree.
    """

    hour = models.DateTimeField(_("hour"), primary_key=True)
    answers = models.PositiveIntegerField(
        _("answers"), help_text=_("How many rows the hour had when they were counted.")
    )
    turns = models.TextField(
        _("turns"),
        default="",
        db_default="",
        help_text=_("What of its turns may change later, as it was when they were counted."),
    )
    cells = models.TextField(
        _("cells"),
        help_text=_(
            "JSON: model's id, its label, purpose, counts, cost by currency, latencies, times to "
            "first text; of sent drafts edit distances, waits, ratings."
        ),
    )

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:00}"

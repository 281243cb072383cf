"""What keeps models from being asked: failures, a budget that is spent."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from llm.models.config import ModelConfig


class Breaker(models.Model):
    """A circuit breaker, shared by all processes: one model at one endpoint that has failed.

    There is no row for one that never failed. It is open until ``open_until``; from then on one
    probe at a time, by a lease, may find out whether it is well. ``endpoint`` is the address and,
    after a space, the endpoint's own name of the model.
    """

    endpoint = models.CharField(_("endpoint"), max_length=500, primary_key=True)
    failures = models.JSONField(
        _("failures"),
        default=list,
        blank=True,
        help_text=_("The last ones: seconds since 1970, and the reason."),
    )
    openings = models.PositiveSmallIntegerField(
        _("openings"), default=0, help_text=_("How often in a row it was opened.")
    )
    open_until = models.DateTimeField(_("open until"), null=True, blank=True)
    resting_until = models.DateTimeField(
        _("rests until"), null=True, blank=True, help_text=_("As the endpoint itself asked.")
    )
    probe = models.UUIDField(_("probe"), null=True, blank=True)
    probe_until = models.DateTimeField(_("probe leased until"), null=True, blank=True)

    class Meta:
        verbose_name = _("circuit breaker")
        verbose_name_plural = _("circuit breakers")
        ordering = ["endpoint"]

    def __str__(self) -> str:
        return self.endpoint

    def state(self, now: dt.datetime) -> str:
        """``closed``, ``open``, ``half-open`` or ``resting``."""
        if self.resting_until is not None and self.resting_until > now:
            return "resting"
        if self.open_until is None:
            return "closed"
        return "open" if self.open_until > now else "half-open"


class Spending(models.Model):
    """What a model with a budget has cost on one day (UTC), and what running answers may cost."""

    model = models.ForeignKey(
        ModelConfig, on_delete=models.CASCADE, related_name="spending", verbose_name=_("model")
    )
    day = models.DateField(_("day"))
    spent = models.DecimalField(_("spent"), max_digits=16, decimal_places=8, default=0)
    reserved = models.DecimalField(_("reserved"), max_digits=16, decimal_places=8, default=0)

    class Meta:
        verbose_name = _("spending")
        verbose_name_plural = _("spending")
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["model", "day"], name="llm_one_spending_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} {self.day}"

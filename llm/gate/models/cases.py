"""Cases: talks with a customer, frozen, and what an answer to them must be like."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chatsite.lib import clock


class Case(models.Model):
    """One talk up to a customer's message, and what can be checked of the answer to it."""

    class Handoff(models.TextChoices):
        """Whether the answer must hand over to a person."""

        ANY = "any", _("Does not matter")
        YES = "yes", _("Must hand over")
        NO = "no", _("Must not hand over")

    name = models.CharField(_("name"), max_length=120, unique=True)
    talk = models.JSONField(
        _("talk"),
        help_text=_('[{"role": "customer" | "assistant" | "agent", "text": "…"}], oldest first.'),
    )
    cites = models.ManyToManyField(
        "knowledge.Article",
        blank=True,
        related_name="cases",
        verbose_name=_("must cite"),
        help_text=_("Articles that the answer has to name as its sources."),
    )
    must_say = models.JSONField(
        _("must say"),
        default=list,
        blank=True,
        help_text=_("Each entry has to stand in the answer; “a | b” is met by either."),
    )
    must_not_say = models.JSONField(
        _("must not say"), default=list, blank=True, help_text=_("None of these may stand in it.")
    )
    handoff = models.CharField(
        _("handover"), max_length=4, choices=Handoff.choices, default=Handoff.ANY
    )
    is_red_team = models.BooleanField(
        _("attack"), default=False, help_text=_("Somebody tries to make the assistant misbehave.")
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    session = models.ForeignKey(
        "sessions_app.ChatSession",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="cases",
        verbose_name=_("kept from"),
        editable=False,
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
        editable=False,
    )
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ["is_red_team", "name"]
        constraints = [
            models.CheckConstraint(
                name="gate_case_handoff_known", condition=Q(handoff__in=["any", "yes", "no"])
            ),
        ]

    def __str__(self) -> str:
        return self.name

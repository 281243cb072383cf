"""Replays: a release, and what is in use, asked the same cases."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chatsite.lib import clock
from chatsite.lib.ids import uuid7
from llm.gate.models.cases import Case
from llm.gate.models.releases import Release


class Replay(models.Model):
    """One run over all enabled cases. Its answers are jobs like any others."""

    class Status(models.TextChoices):
        """Where a replay stands; it is open while it runs."""

        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    release = models.ForeignKey(
        Release, on_delete=models.CASCADE, related_name="replays", verbose_name=_("release")
    )
    against = models.ForeignKey(
        Release,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("compared with"),
        help_text=_("The release in use at the start; none: the default model as it stood."),
    )
    digest = models.CharField(
        _("digest"),
        max_length=32,
        help_text=_(
            "Of release and cases as they were: what has changed since must be tried anew."
        ),
    )
    status = models.CharField(
        _("status"), max_length=8, choices=Status.choices, default=Status.RUNNING
    )
    passed = models.BooleanField(_("passed"), null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    created_at = models.DateTimeField(_("created"), default=clock.now)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("replay")
        verbose_name_plural = _("replays")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["release"],
                condition=Q(status="running"),
                name="gate_one_running_replay",
            ),
            models.CheckConstraint(
                name="gate_replay_status_known",
                condition=Q(status__in=["running", "done", "stopped"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.release} {self.created_at:%Y-%m-%d %H:%M}"


class CaseResult(models.Model):
    """What one side of a replay answered to one case. Open until ``passed`` is known."""

    class Side(models.TextChoices):
        """Who answered."""

        CANDIDATE = "candidate", _("The release")
        IN_USE = "in_use", _("What is in use")

    replay = models.ForeignKey(
        Replay, on_delete=models.CASCADE, related_name="results", verbose_name=_("replay")
    )
    case = models.ForeignKey(
        Case, on_delete=models.CASCADE, related_name="results", verbose_name=_("case")
    )
    side = models.CharField(_("side"), max_length=9, choices=Side.choices)
    answer = models.OneToOneField(
        "llm.Answer",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="case_result",
        verbose_name=_("answer"),
        help_text=_("None where the rules decide without a model."),
    )
    text = models.TextField(_("text"), blank=True)
    cited = models.JSONField(
        _("cited"), default=list, help_text=_('[{"article_id", "title"}] in order of the marks.')
    )
    handed_over = models.BooleanField(_("handed over"), default=False)
    error = models.CharField(_("error"), max_length=60, blank=True)
    checks = models.JSONField(
        _("checks"),
        default=list,
        help_text=_('[{"check", "wanted", "ok"}], one to an expectation.'),
    )
    passed = models.BooleanField(_("passed"), null=True, blank=True)

    class Meta:
        verbose_name = _("result")
        verbose_name_plural = _("results")
        ordering = ["case__is_red_team", "case__name", "side"]
        constraints = [
            models.UniqueConstraint(fields=["replay", "case", "side"], name="gate_result_once"),
            models.CheckConstraint(
                name="gate_result_side_known", condition=Q(side__in=["candidate", "in_use"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case} ({self.side})"

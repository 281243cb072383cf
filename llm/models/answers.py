"""Answers: one model asked once, as a job and as the record of what came of it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from llm.models.config import ModelConfig
from llm.models.turns import Turn


class Answer(models.Model):
    """One job of asking one model once. This row, not a queue, is the truth about the job.

    A reply to a customer has a session, an epoch, and no turn: its own id is the turn's id in live
    frames. An answer that stands beside others is a numbered slot of a :class:`Turn`; retrying a
    slot adds a row and keeps the old one for the record.
    """

    class Purpose(models.TextChoices):
        """What the answer is for."""

        REPLY = "reply", _("Reply to a customer")
        COMPARE = "compare", _("Comparison")
        DRAFT = "draft", _("Draft")
        ASSIST = "assist", _("Help for an agent")
        REPLAY = "replay", _("Replay")

    class Status(models.TextChoices):
        """Where an answer stands; the first two are open, the others final."""

        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        STOPPED = "stopped", _("Stopped")
        SUPERSEDED = "superseded", _("Superseded")
        HANDOFF = "handoff", _("Handed over")

    class UsageSource(models.TextChoices):
        """Who counted the tokens."""

        PROVIDER = "provider", _("The provider")
        ESTIMATED = "estimated", _("Estimated")
        NONE = "none", _("Not counted")

    class Support(models.TextChoices):
        """Whether the knowledge supports what a question was answered with."""

        UNASKED = "", _("Nothing was looked for")
        CITED = "cited", _("Names a passage")
        UNCITED = "uncited", _("Names no passage")
        NOTHING = "nothing", _("Nothing was found")

    OPEN = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, editable=False)
    purpose = models.CharField(
        _("purpose"), max_length=8, choices=Purpose.choices, default=Purpose.REPLY
    )
    session = models.ForeignKey(
        "sessions_app.ChatSession",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="answers",
        verbose_name=_("conversation"),
        db_index=False,  # llm_answer_of_session begins with it
    )
    turn = models.ForeignKey(
        Turn,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="answers",
        verbose_name=_("turn"),
        db_index=False,  # llm_answer_of_turn begins with it
    )
    slot = models.PositiveSmallIntegerField(_("slot"), null=True, blank=True)
    is_current = models.BooleanField(
        _("current"), default=True, help_text=_("False once the slot was tried again.")
    )
    model = models.ForeignKey(
        ModelConfig,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="answers",
        verbose_name=_("model"),
        db_index=False,  # llm_answer_of_model begins with it
    )
    model_label = models.CharField(_("model's name"), max_length=300, blank=True, default="")
    watermark = models.PositiveIntegerField(
        _("newest message known"),
        default=0,
        help_text=_("The newest message this answer knows of."),
    )
    epoch = models.PositiveIntegerField(_("epoch"), default=0)
    status = models.CharField(
        _("status"), max_length=12, choices=Status.choices, default=Status.QUEUED
    )
    attempt = models.PositiveSmallIntegerField(
        _("attempt"),
        default=0,
        help_text=_("Fencing number: writes of an older attempt are refused."),
    )
    supersedes = models.PositiveSmallIntegerField(
        _("replaced answers"),
        default=0,
        help_text=_("How many unfinished answers this one replaces."),
    )
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    worker = models.CharField(_("worker"), max_length=80, blank=True, default="")
    cancel_requested_at = models.DateTimeField(_("stop asked for"), null=True, blank=True)
    text = models.TextField(_("text"), blank=True, default="")
    error_code = models.CharField(_("error"), max_length=40, blank=True, default="")
    error_reason = models.CharField(_("reason"), max_length=60, blank=True, default="")
    finish_reason = models.CharField(_("why it ended"), max_length=40, blank=True, default="")
    prompt_tokens = models.PositiveIntegerField(_("prompt tokens"), null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(_("completion tokens"), null=True, blank=True)
    total_tokens = models.PositiveIntegerField(_("total tokens"), null=True, blank=True)
    usage_source = models.CharField(
        _("counted by"), max_length=10, choices=UsageSource.choices, default=UsageSource.NONE
    )
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=8, null=True, blank=True)
    reserved = models.DecimalField(
        _("reserved"),
        max_digits=14,
        decimal_places=8,
        null=True,
        blank=True,
        help_text=_("Part of the day's budget that is kept for it while it is open."),
    )
    prices = models.JSONField(
        _("prices"), default=dict, blank=True, help_text=_("The model's prices when it was asked.")
    )
    params = models.JSONField(
        _("parameters"), default=dict, blank=True, help_text=_("What it was asked with.")
    )
    sources = models.JSONField(
        _("sources"),
        default=list,
        blank=True,
        help_text=_("Passages of the knowledge that the model was given."),
    )
    support = models.CharField(
        _("support"),
        max_length=8,
        choices=Support.choices,
        blank=True,
        default="",
        help_text=_("Whether it rests on passages of the knowledge."),
    )
    ttft_ms = models.PositiveIntegerField(_("first text after (ms)"), null=True, blank=True)
    latency_ms = models.PositiveIntegerField(_("finished after (ms)"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"],
                condition=Q(status__in=["queued", "running"], purpose="reply"),
                name="llm_one_open_reply_per_session",
            ),
            models.UniqueConstraint(
                fields=["turn", "slot"],
                condition=Q(is_current=True),
                name="llm_one_current_answer_per_slot",
            ),
            models.CheckConstraint(
                name="llm_answer_purpose_known",
                condition=Q(purpose__in=["reply", "compare", "draft", "assist", "replay"]),
            ),
            models.CheckConstraint(
                name="llm_answer_support_known",
                condition=Q(support__in=["", "cited", "uncited", "nothing"]),
            ),
            models.CheckConstraint(
                name="llm_answer_slot_in_turn",
                condition=Q(turn__isnull=True, slot__isnull=True)
                | Q(turn__isnull=False, slot__isnull=False),
            ),
            models.CheckConstraint(
                name="llm_answer_has_its_place",
                condition=Q(purpose="reply", turn__isnull=True, session__isnull=False)
                | Q(purpose__in=["compare", "draft", "assist"], turn__isnull=False)
                | Q(purpose="replay", turn__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                fields=["lease_until"],
                condition=Q(status__in=["queued", "running"]),
                name="llm_answer_open_lease",
            ),
            models.Index(fields=["session", "-created_at"], name="llm_answer_of_session"),
            models.Index(fields=["turn", "slot"], name="llm_answer_of_turn"),
            models.Index(fields=["model", "created_at"], name="llm_answer_of_model"),
            models.Index(fields=["-created_at", "-id"], name="llm_answer_recent"),
        ]

    def __str__(self) -> str:
        return f"answer {self.id} ({self.status})"

    @property
    def shown(self) -> bool:
        """Whether a viewer may have seen some of the answer."""
        return self.ttft_ms is not None

    def usage(self) -> dict[str, Any]:
        """Token counts as the API shows them."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.total_tokens,
        }

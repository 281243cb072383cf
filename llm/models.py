"""Model endpoints, and the turns in which they answer."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chatsite.lib import crypto


class ModelConfig(models.Model):
    """One model behind one OpenAI-compatible endpoint, as an administrator set it up."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    provider_name = models.CharField(_("provider"), max_length=80, default="openai-compatible")
    base_url = models.CharField(_("address"), max_length=500)
    model = models.CharField(_("model"), max_length=200)
    api_key_encrypted = models.TextField(
        _("encrypted API key"), blank=True, default="", editable=False
    )
    api_key_hint = models.CharField(
        _("end of the API key"), max_length=8, blank=True, default="", editable=False
    )
    default_params = models.JSONField(
        _("parameters"),
        default=dict,
        blank=True,
        help_text=_("temperature, top_p, max_tokens, timeout_ms"),
    )
    capabilities = models.JSONField(
        _("capabilities"),
        default=dict,
        blank=True,
        help_text=_('What the endpoint was seen to refuse, such as {"refused": ["tools"]}.'),
    )
    system_prompt = models.TextField(_("system prompt"), blank=True, default="")
    enabled = models.BooleanField(_("enabled"), default=True)
    is_default = models.BooleanField(_("default"), default=False)
    is_demo = models.BooleanField(_("demo"), default=False)
    notes = models.TextField(_("remarks"), blank=True, default="")
    prices = models.JSONField(
        _("prices"),
        default=dict,
        blank=True,
        help_text=_("per million tokens: prompt, completion, currency"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="llm_one_default_model",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def set_api_key(self, key: str) -> None:
        """Keep ``key`` encrypted; of a long one, the last four characters stay readable."""
        self.api_key_encrypted = crypto.encrypt(key) if key else ""
        self.api_key_hint = key[-4:] if len(key) >= 12 else ""

    def read_api_key(self) -> str:
        """The key in plain text, for the moment of a call only; never log or return it."""
        return crypto.decrypt(self.api_key_encrypted) if self.api_key_encrypted else ""


class Turn(models.Model):
    """One job of answering one session. This row, not a queue, is the truth about the job."""

    class Status(models.TextChoices):
        """Where a turn stands; the first two are open, the others final."""

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

    OPEN = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, editable=False)
    session = models.ForeignKey(
        "sessions_app.ChatSession",
        on_delete=models.CASCADE,
        related_name="turns",
        verbose_name=_("conversation"),
    )
    model = models.ForeignKey(
        ModelConfig,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="turns",
        verbose_name=_("model"),
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
                condition=Q(status__in=["queued", "running"]),
                name="llm_one_open_turn_per_session",
            ),
        ]
        indexes = [
            models.Index(
                fields=["lease_until"],
                condition=Q(status__in=["queued", "running"]),
                name="llm_turn_open_lease",
            ),
            models.Index(fields=["session", "-created_at"], name="llm_turn_of_session"),
            models.Index(fields=["model", "created_at"], name="llm_turn_of_model"),
        ]

    def __str__(self) -> str:
        return f"turn {self.id} ({self.status})"

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

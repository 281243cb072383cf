"""Model endpoints, and the turns in which they answer."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from chatsite.lib import crypto


class ModelConfig(models.Model):
    """One model behind one OpenAI-compatible endpoint, as an administrator set it up."""

    name = models.CharField(max_length=80, unique=True)
    provider_name = models.CharField(max_length=80, default="openai-compatible")
    base_url = models.CharField(max_length=500)
    model = models.CharField(max_length=200)
    api_key_encrypted = models.TextField(blank=True, default="", editable=False)
    api_key_hint = models.CharField(max_length=8, blank=True, default="", editable=False)
    default_params = models.JSONField(
        default=dict, blank=True, help_text="temperature, top_p, max_tokens, timeout_ms"
    )
    capabilities = models.JSONField(
        default=dict,
        blank=True,
        help_text='What the endpoint was seen to refuse, such as {"refused": ["tools"]}.',
    )
    system_prompt = models.TextField(blank=True, default="")
    enabled = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    notes = models.TextField(blank=True, default="")
    prices = models.JSONField(
        default=dict, blank=True, help_text="per million tokens: prompt, completion, currency"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
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

        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        STOPPED = "stopped"
        SUPERSEDED = "superseded"
        HANDOFF = "handoff"

    class UsageSource(models.TextChoices):
        """Who counted the tokens."""

        PROVIDER = "provider"
        ESTIMATED = "estimated"
        NONE = "none"

    OPEN = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, editable=False)
    session = models.ForeignKey(
        "sessions_app.ChatSession", on_delete=models.CASCADE, related_name="turns"
    )
    model = models.ForeignKey(
        ModelConfig, on_delete=models.SET_NULL, null=True, blank=True, related_name="turns"
    )
    model_label = models.CharField(max_length=300, blank=True, default="")
    watermark = models.PositiveIntegerField(
        default=0, help_text="The newest message this answer knows of."
    )
    epoch = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(
        default=0, help_text="Fencing number: writes of an older attempt are refused."
    )
    supersedes = models.PositiveSmallIntegerField(
        default=0, help_text="How many unfinished answers this one replaces."
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=80, blank=True, default="")
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    text = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=40, blank=True, default="")
    error_reason = models.CharField(max_length=60, blank=True, default="")
    finish_reason = models.CharField(max_length=40, blank=True, default="")
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    total_tokens = models.PositiveIntegerField(null=True, blank=True)
    usage_source = models.CharField(
        max_length=10, choices=UsageSource.choices, default=UsageSource.NONE
    )
    ttft_ms = models.PositiveIntegerField(null=True, blank=True)
    latency_ms = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
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

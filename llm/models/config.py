"""Model endpoints as administrators set them up."""

from __future__ import annotations

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
    draft_weight = models.PositiveSmallIntegerField(
        _("share of drafts"),
        default=1,
        help_text=_("How often this model is chosen for an agent's draft, beside the others."),
    )
    max_parallel = models.PositiveSmallIntegerField(
        _("answers at once"),
        null=True,
        blank=True,
        help_text=_("At most this many at the same time, over all processes; empty is no limit."),
    )
    daily_budget = models.DecimalField(
        _("budget a day"),
        max_digits=12,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("In the currency of the prices; empty is no limit."),
    )
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
        self.api_key_hint = key[-4:] if len(key) >= 8 else ""

    def read_api_key(self) -> str:
        """The key in plain text, for the moment of a call only; never log or return it."""
        return crypto.decrypt(self.api_key_encrypted) if self.api_key_encrypted else ""

    def api_key_state(self) -> str:
        """Say ``none``, ``stored``, or ``enter_again`` for a key that can no longer be read."""
        try:
            return "stored" if self.read_api_key() else "none"
        except crypto.UndecryptableError:
            return "enter_again"

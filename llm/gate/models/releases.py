"""Releases: what the assistant is, as one thing that is tried, published and taken back."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chatsite.lib import clock


class Release(models.Model):
    """A model with its prompt and parameters, and the articles that go live with them.

    It can be changed until it is published for the first time; then it stays as it was.
    """

    name = models.CharField(
        _("name"), max_length=120, help_text=_("What changes, such as “shorter answers”.")
    )
    model = models.ForeignKey(
        "llm.ModelConfig",
        on_delete=models.PROTECT,
        related_name="releases",
        verbose_name=_("model"),
    )
    system_prompt = models.TextField(
        _("system prompt"), blank=True, help_text=_("Empty: the built-in one.")
    )
    params = models.JSONField(
        _("parameters"),
        default=dict,
        blank=True,
        help_text=_("temperature, top_p, max_tokens, timeout_ms; others are the model's own."),
    )
    articles = models.ManyToManyField(
        "knowledge.Article",
        blank=True,
        related_name="releases",
        verbose_name=_("articles"),
        help_text=_("Their newest text is tried, and published with the release."),
    )
    notes = models.TextField(_("remarks"), blank=True)
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
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class Publication(models.Model):
    """One time a release went live; the current one is what customers are answered by."""

    release = models.ForeignKey(
        Release,
        on_delete=models.PROTECT,
        related_name="publications",
        verbose_name=_("release"),
    )
    is_current = models.BooleanField(_("current"), default=True)
    replay = models.ForeignKey(
        "gate.Replay",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("replay"),
        help_text=_("The replay that let it pass; none when it was let through by hand."),
    )
    override_reason = models.CharField(
        _("let through because"), max_length=500, blank=True, default=""
    )
    previous = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("before it"),
        help_text=_("Where one click goes back to."),
    )
    is_rollback = models.BooleanField(_("taken back to"), default=False)
    knowledge = models.JSONField(
        _("knowledge"),
        default=dict,
        help_text=_("The version of each article that replies used while it was current."),
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("published by"),
    )
    published_at = models.DateTimeField(_("published at"), default=clock.now)
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        ordering = ["-published_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_current"], condition=Q(is_current=True), name="gate_one_current"
            ),
            models.CheckConstraint(
                name="gate_publication_passed_or_named",
                condition=Q(replay__isnull=False) | ~Q(override_reason="") | Q(is_rollback=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.release} {self.published_at:%Y-%m-%d %H:%M}"

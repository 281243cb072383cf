"""Widgets, the credentials of their visitors, and visitors vouched for by a host site."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Team


class WidgetQuerySet(models.QuerySet["Widget"]):
    """Narrowings that callers would otherwise repeat."""

    def live(self) -> WidgetQuerySet:
        """Widgets that may be shown to the public."""
        return self.filter(enabled=True)


class Widget(models.Model):
    """One embeddable chat launcher: where it may stand, what it says, who answers."""

    class Position(models.TextChoices):
        """Which corner of the page the launcher takes (in reading direction)."""

        RIGHT = "right", _("Right")
        LEFT = "left", _("Left")

    key = models.CharField(_("key"), max_length=40, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=80)
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, related_name="widgets", verbose_name=_("team")
    )
    allowed_origins = models.JSONField(_("sites"), default=list, blank=True)
    secret_encrypted = models.TextField(_("encrypted secret"), editable=False)
    color = models.CharField(_("color"), max_length=7, default="#4f46e5")
    position = models.CharField(
        _("corner"), max_length=5, choices=Position.choices, default=Position.RIGHT
    )
    greeting = models.JSONField(_("greeting"), default=dict, blank=True)
    suggestions = models.JSONField(_("suggested questions"), default=dict, blank=True)
    business_hours = models.JSONField(_("business hours"), default=dict, blank=True)
    assistant_enabled = models.BooleanField(_("the assistant answers"), default=True)
    enabled = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = WidgetQuerySet.as_manager()

    class Meta:
        verbose_name = _("widget")
        verbose_name_plural = _("widgets")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class VisitorIdentity(models.Model):
    """A person a host site vouched for: its own id for them, and our user.

    The e-mail is what the host said; it is shown to agents and never used to look anyone up.
    """

    widget = models.ForeignKey(
        Widget, on_delete=models.CASCADE, related_name="identities", verbose_name=_("widget")
    )
    external_id = models.CharField(_("id on the host site"), max_length=200)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="visitor_identity",
        verbose_name=_("person"),
    )
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("identified visitor")
        verbose_name_plural = _("identified visitors")
        constraints = [
            models.UniqueConstraint(
                fields=["widget", "external_id"], name="identity_once_per_widget"
            )
        ]

    def __str__(self) -> str:
        return self.external_id


class VisitorCredentialQuerySet(models.QuerySet["VisitorCredential"]):
    """Narrowings that callers would otherwise repeat."""

    def usable(self, *, at: datetime) -> VisitorCredentialQuerySet:
        """Credentials that still open their visitor's history at the moment `at`."""
        return self.filter(revoked_at=None, expires_at__gt=at, user__is_active=True)


class VisitorCredential(models.Model):
    """What a browser keeps to come back as the same visitor. Only a hash is stored."""

    widget = models.ForeignKey(
        Widget, on_delete=models.CASCADE, related_name="credentials", verbose_name=_("widget")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="visitor_credentials",
        verbose_name=_("person"),
    )
    token_hash = models.CharField(_("digest of the token"), max_length=64, unique=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    used_at = models.DateTimeField(_("last used"))
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = VisitorCredentialQuerySet.as_manager()

    class Meta:
        verbose_name = _("visitor's browser")
        verbose_name_plural = _("visitors' browsers")

    def __str__(self) -> str:
        return f"credential {self.pk}"

"""Widgets, the credentials of their visitors, and visitors vouched for by a host site."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models

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

        RIGHT = "right", "Right"
        LEFT = "left", "Left"

    key = models.CharField(max_length=40, unique=True, editable=False)
    name = models.CharField(max_length=80)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="widgets")
    allowed_origins = models.JSONField(default=list, blank=True)
    secret_encrypted = models.TextField(editable=False)
    color = models.CharField(max_length=7, default="#4f46e5")
    position = models.CharField(max_length=5, choices=Position.choices, default=Position.RIGHT)
    greeting = models.JSONField(default=dict, blank=True)
    suggestions = models.JSONField(default=dict, blank=True)
    business_hours = models.JSONField(default=dict, blank=True)
    assistant_enabled = models.BooleanField(default=True)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WidgetQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class VisitorIdentity(models.Model):
    """A person a host site vouched for: its own id for them, and our user.

    The e-mail is what the host said; it is shown to agents and never used to look anyone up.
    """

    widget = models.ForeignKey(Widget, on_delete=models.CASCADE, related_name="identities")
    external_id = models.CharField(max_length=200)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="visitor_identity"
    )
    email = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "visitor identities"
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

    widget = models.ForeignKey(Widget, on_delete=models.CASCADE, related_name="credentials")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="visitor_credentials",
    )
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = VisitorCredentialQuerySet.as_manager()

    def __str__(self) -> str:
        return f"credential {self.pk}"

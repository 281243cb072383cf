"""Who is in a session, and who is there at all."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chatsite.lib import clock
from sessions_app.models.kinds import ParticipantRole, PresenceStatus


class ParticipantQuerySet(models.QuerySet["Participant"]):
    """Participants."""

    def present(self) -> "ParticipantQuerySet":
        """Return those who belong to their session now (an observer never does)."""
        return self.filter(left_at__isnull=True).exclude(role=ParticipantRole.OBSERVER)


class Participant(models.Model):
    """Someone's place in a session, with the mark up to which they have read."""

    session = models.ForeignKey(
        "sessions_app.ChatSession",
        on_delete=models.CASCADE,
        related_name="participants",
        verbose_name=_("conversation"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="participations",
        verbose_name=_("person"),
    )
    role = models.CharField(_("role"), max_length=12, choices=ParticipantRole)
    read_seq = models.PositiveIntegerField(_("read up to"), default=0)
    joined_at = models.DateTimeField(_("joined"), default=clock.now)
    left_at = models.DateTimeField(_("left"), null=True, blank=True)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        indexes = [models.Index(fields=["user", "session"], name="participant_user")]
        constraints = [
            models.UniqueConstraint(fields=["session", "user"], name="participant_once"),
            models.CheckConstraint(
                name="participant_role_known", condition=Q(role__in=ParticipantRole.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.session}"


class Presence(models.Model):
    """When someone's socket was last alive; renewed by each process once a heartbeat."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="presence",
        verbose_name=_("person"),
    )
    status = models.CharField(
        _("status"), max_length=8, choices=PresenceStatus, default=PresenceStatus.ONLINE
    )
    seen_at = models.DateTimeField(_("seen at"), default=clock.now)

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")

    def __str__(self) -> str:
        return f"{self.user}: {self.status}"

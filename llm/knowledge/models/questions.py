"""Questions that the knowledge does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chatsite.lib import clock

if TYPE_CHECKING:
    from accounts.viewer import Viewer


class QuestionQuerySet(models.QuerySet["Question"]):
    """Questions."""

    def visible_to(self, viewer: Viewer) -> QuestionQuerySet:
        """Return what a member of staff may see: agents, what was asked in their teams' chats."""
        if viewer.is_admin:
            return self
        if viewer.is_agent:
            return self.filter(Q(team__isnull=True) | Q(team_id__in=viewer.team_ids))
        return self.none()


class Question(models.Model):
    """A question nobody wrote an article for, with how often it, or one like it, was asked."""

    class Status(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("Open")
        ANSWERED = "answered", _("Answered")
        DISMISSED = "dismissed", _("Dismissed")

    text = models.CharField(_("question"), max_length=1000)
    language = models.CharField(_("language"), max_length=16, default="en")
    team = models.ForeignKey(
        "accounts.Team",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("team"),
        help_text=_("In whose chats it was asked."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.OPEN
    )
    article = models.ForeignKey(
        "knowledge.Article",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="questions",
        verbose_name=_("answered by"),
    )
    count = models.PositiveIntegerField(_("asked"), default=0)
    first_asked_at = models.DateTimeField(_("first asked"), default=clock.now)
    last_asked_at = models.DateTimeField(_("last asked"), default=clock.now)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("closed by"),
    )

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("unanswered question")
        verbose_name_plural = _("unanswered questions")
        ordering = ["-count", "-last_asked_at"]
        indexes = [
            models.Index(fields=["status", "-count", "-id"], name="knowledge_question_open"),
        ]
        constraints = [
            models.CheckConstraint(
                name="knowledge_question_status_known",
                condition=Q(status__in=["open", "answered", "dismissed"]),
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Asking(models.Model):
    """One time a question was asked."""

    class Reason(models.TextChoices):
        """How it became clear that the knowledge lacks it."""

        NOTHING = "nothing", _("Nothing found")
        WEAK = "weak", _("Nothing that fits")
        UNCITED = "uncited", _("Passages did not help")
        HANDOFF = "handoff", _("Handed over")

    question = models.ForeignKey(
        Question,
        on_delete=models.CASCADE,
        related_name="askings",
        verbose_name=_("question"),
    )
    session = models.ForeignKey(
        "sessions_app.ChatSession",
        on_delete=models.CASCADE,
        related_name="unanswered",
        verbose_name=_("conversation"),
    )
    answer_id = models.UUIDField(
        _("answer"), unique=True, help_text=_("The reply that could not answer it.")
    )
    text = models.CharField(_("question"), max_length=1000)
    reason = models.CharField(_("reason"), max_length=8, choices=Reason.choices)
    asked_at = models.DateTimeField(_("asked at"), default=clock.now)

    class Meta:
        verbose_name = _("time asked")
        verbose_name_plural = _("times asked")
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return self.text

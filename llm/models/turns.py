"""Questions put to models outside the customer's own chat, and the conversations they stand in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from chatsite.lib import clock
from chatsite.lib.ids import uuid7


class Conversation(models.Model):
    """A talk with several models at once.

    Title, tags, metadata, messages and participants are those of its session in the kernel; here
    is only what the kernel does not know.
    """

    session = models.OneToOneField(
        "sessions_app.ChatSession",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="conversation",
        verbose_name=_("conversation"),
    )
    model_ids = models.JSONField(
        _("models"),
        default=list,
        help_text=_("Ids of the models asked by default; one may stand twice."),
    )
    system_prompt = models.TextField(_("system prompt"), blank=True, default="")
    send_key = models.UUIDField(
        _("digest of the sending"),
        unique=True,
        null=True,
        blank=True,
        help_text=_("Digest of opener and client id: opened twice, it is one conversation."),
    )
    fingerprint = models.CharField(
        _("digest of the content"),
        max_length=32,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Digest of what was first sent: the same client id with another body is refused."
        ),
    )

    class Meta:
        verbose_name = _("comparison")
        verbose_name_plural = _("comparisons")

    def __str__(self) -> str:
        return str(self.session)


class Turn(models.Model):
    """One question to one or several models. Its answers are its slots, numbered from 0."""

    class Kind(models.TextChoices):
        """What is asked for."""

        COMPARE = "compare", _("Comparison")
        DRAFT = "draft", _("Draft")
        SUMMARY = "summary", _("Summary")
        REWRITE = "rewrite", _("Rewriting")
        TAGS = "tags", _("Tags")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    session = models.ForeignKey(
        "sessions_app.ChatSession",
        on_delete=models.CASCADE,
        related_name="turns",
        verbose_name=_("conversation"),
        db_index=False,  # llm_turn_of_session begins with it
    )
    question = models.OneToOneField(
        "sessions_app.Message",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="turn",
        verbose_name=_("question"),
        help_text=_("The message that asks; help for an agent has none."),
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="turns",
        verbose_name=_("asked by"),
    )
    watermark = models.PositiveIntegerField(
        _("newest message known"),
        default=0,
        help_text=_("The newest message of the session that the answers know of."),
    )
    input = models.JSONField(
        _("input"),
        default=dict,
        blank=True,
        help_text=_("What is asked beside the messages, such as the text to rewrite."),
    )
    blind = models.BooleanField(
        _("blind"), default=False, help_text=_("The models' names stay hidden until one is picked.")
    )
    picked_slot = models.PositiveSmallIntegerField(_("picked"), null=True, blank=True)
    picked_at = models.DateTimeField(_("picked at"), null=True, blank=True)
    sent_message = models.ForeignKey(
        "sessions_app.Message",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="drafted_by",
        verbose_name=_("sent message"),
        help_text=_("What the agent made of the draft."),
    )
    edit_distance = models.PositiveIntegerField(
        _("edit distance"),
        null=True,
        blank=True,
        help_text=_("Characters inserted, deleted or replaced between draft and sent message."),
    )
    created_at = models.DateTimeField(_("created"), default=clock.now)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="llm_turn_kind_known",
                condition=Q(kind__in=["compare", "draft", "summary", "rewrite", "tags"]),
            ),
            models.CheckConstraint(
                name="llm_turn_comparison_has_question",
                condition=Q(kind="compare", question__isnull=False)
                | ~Q(kind="compare") & Q(question__isnull=True),
            ),
            models.CheckConstraint(
                name="llm_turn_picked_together",
                condition=Q(picked_slot__isnull=True, picked_at__isnull=True)
                | Q(picked_slot__isnull=False, picked_at__isnull=False),
            ),
            models.CheckConstraint(
                name="llm_turn_ends_after_begin",
                condition=Q(finished_at__isnull=True) | Q(finished_at__gte=F("created_at")),
            ),
        ]
        indexes = [
            models.Index(fields=["session", "-created_at"], name="llm_turn_of_session"),
            models.Index(fields=["kind", "created_at"], name="llm_turn_of_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

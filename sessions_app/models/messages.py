"""Messages and the files that hang on them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from chatsite.lib import clock
from chatsite.lib.ids import uuid7
from sessions_app.models.kinds import MessageKind, SenderKind
from sessions_app.models.sessions import ChatSession


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages."""

    def visible_to(self, *, staff: bool) -> "MessageQuerySet":
        """Leave out the notes for everyone but staff: the only such filter in the product."""
        return self if staff else self.exclude(kind=MessageKind.NOTE)


class Message(models.Model):
    """One message.  ``seq`` never changes; an edit or deletion moves ``version`` forward."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    session = models.ForeignKey(
        ChatSession,
        on_delete=models.CASCADE,
        related_name="messages",
        verbose_name=_("conversation"),
        db_index=False,  # message_seq_once begins with it
    )
    seq = models.PositiveIntegerField(_("number"))
    prev_public_seq = models.PositiveIntegerField(
        _("public message before"),
        help_text=_("The number of the message before this one that customers can see."),
    )
    version = models.PositiveIntegerField(
        _("version"), help_text=_("The session's version at its last change.")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=MessageKind, default=MessageKind.TEXT)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name=_("sender"),
    )
    sender_kind = models.CharField(_("kind of sender"), max_length=12, choices=SenderKind)
    sender_name = models.CharField(_("name of the sender"), max_length=120, blank=True)
    sender_avatar = models.CharField(_("picture of the sender"), max_length=300, blank=True)
    content = models.TextField(_("content"), blank=True)
    client_msg_id = models.CharField(_("the sender's id"), max_length=64, null=True, blank=True)
    send_key = models.UUIDField(
        _("digest of the sending"),
        unique=True,
        null=True,
        blank=True,
        help_text=_("Digest of session, sender and client id: one send is one row, for ever."),
    )
    fingerprint = models.CharField(
        _("digest of the content"),
        max_length=32,
        blank=True,
        help_text=_(
            "Digest of what was first sent: the same client id with another body is refused."
        ),
    )
    reply_to = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("in reply to")
    )
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    created_at = models.DateTimeField(_("sent at"), default=clock.now)
    edited_at = models.DateTimeField(_("edited at"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["session_id", "seq"]
        indexes = [models.Index(fields=["session", "version"], name="message_version")]
        constraints = [
            models.UniqueConstraint(fields=["session", "seq"], name="message_seq_once"),
            models.CheckConstraint(
                name="message_kind_known", condition=Q(kind__in=MessageKind.values)
            ),
            models.CheckConstraint(
                name="message_sender_known", condition=Q(sender_kind__in=SenderKind.values)
            ),
            models.CheckConstraint(
                name="message_note_by_staff",
                condition=~Q(kind=MessageKind.NOTE) | ~Q(sender_kind=SenderKind.CUSTOMER),
            ),
            models.CheckConstraint(
                name="message_prev_before", condition=Q(prev_public_seq__lt=F("seq"))
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.seq} by {self.sender_kind}"

    @property
    def is_note(self) -> bool:
        """Say whether only staff may see this message."""
        return self.kind == MessageKind.NOTE


class Attachment(models.Model):
    """An uploaded file; it belongs to nobody's conversation until a message takes it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    uploader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="uploads",
        verbose_name=_("uploaded by"),
    )
    message = models.ForeignKey(
        Message,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="attachments",
        verbose_name=_("message"),
    )
    position = models.PositiveSmallIntegerField(
        _("position"),
        default=0,
        db_default=0,
        help_text=_("Its place among the files of its message, as the sender put them."),
    )
    kind = models.CharField(
        _("kind"),
        max_length=8,
        choices=[(MessageKind.IMAGE, _("Image")), (MessageKind.FILE, _("File"))],
    )
    file = models.FileField(_("file"), upload_to="attachments/%Y/%m/")
    name = models.CharField(_("name"), max_length=200)
    mime = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size"))
    width = models.PositiveIntegerField(_("width"), null=True, blank=True)
    height = models.PositiveIntegerField(_("height"), null=True, blank=True)
    created_at = models.DateTimeField(_("uploaded at"), default=clock.now)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["message_id", "position", "id"]

    def __str__(self) -> str:
        return self.name

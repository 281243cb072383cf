"""Sessions, participants and messages.

A session is one ordered, replayable truth.  Two numbers order it: ``seq`` counts its messages
without holes, ``version`` counts every visible change.  Internal notes share both, so each is
kept a second time as it looks to customers (``last_public_seq``, ``public_version``).
"""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from chatsite.lib import clock
from chatsite.lib.ids import uuid7
from chatsite.lib.spans import Span

if TYPE_CHECKING:
    from accounts.viewer import Viewer


class SessionKind(models.TextChoices):
    """What a session is for; the policy differs, the kernel does not."""

    SUPPORT = "support", _("Support")
    DIRECT = "direct", _("Direct")
    GROUP = "group", _("Group")
    ASSISTANT = "assistant", _("Assistant")


class SessionStatus(models.TextChoices):
    """Where a session stands."""

    BOT = "bot", _("With the assistant")
    QUEUED = "queued", _("Waiting")
    ASSIGNED = "assigned", _("With an agent")
    CLOSED = "closed", _("Closed")


class Floor(models.TextChoices):
    """Who may speak to the customer: at most one at a time."""

    ASSISTANT = "assistant", _("Assistant")
    AGENT = "agent", _("Agent")
    NOBODY = "nobody", _("Nobody")


class MessageKind(models.TextChoices):
    """What a message is.  A note is seen by staff only, on every surface."""

    TEXT = "text", _("Text")
    IMAGE = "image", _("Image")
    FILE = "file", _("File")
    NOTE = "note", _("Note")
    EVENT = "event", _("Event")


class SenderKind(models.TextChoices):
    """Who speaks."""

    CUSTOMER = "customer", _("Customer")
    AGENT = "agent", _("Agent")
    ASSISTANT = "assistant", _("Assistant")
    SYSTEM = "system", _("The system")


class ParticipantRole(models.TextChoices):
    """Why someone has a row in a session; an observer only keeps a read mark."""

    CUSTOMER = "customer", _("Customer")
    AGENT = "agent", _("Agent")
    MEMBER = "member", _("Member")
    OBSERVER = "observer", _("Observer")


class Tag(models.Model):
    """A label on sessions."""

    name = models.CharField(_("name"), max_length=40, unique=True)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


#: What agents work on: support chats, and customers' own talks with the assistant. A talk with
#: models, which has no customer, and a room are their members' business.
SERVED = Q(kind=SessionKind.SUPPORT) | Q(kind=SessionKind.ASSISTANT, customer__isnull=False)


class SessionQuerySet(models.QuerySet["ChatSession"]):
    """Sessions."""

    def served(self) -> "SessionQuerySet":
        """Return those that agents work on."""
        return self.filter(SERVED)

    def own_chats(self, user_id: int) -> "SessionQuerySet":
        """Return the user's own talk with the assistant, if there is one: at most one."""
        return self.filter(
            kind=SessionKind.ASSISTANT, customer_id=user_id, archived_at__isnull=True
        )

    def visible_to(self, viewer: "Viewer") -> "SessionQuerySet":
        """Return the sessions ``viewer`` may see: the only rule of this kind in the product."""
        if viewer.is_admin:
            return self
        # An agent's place says that they took part; what they see follows the team, also after
        # the chat was handed to another one or they have left theirs.
        places = (
            Participant.objects.present()
            .filter(user_id=viewer.user_id)
            .exclude(role=ParticipantRole.AGENT)
        )
        mine = Q(pk__in=places.values("session"))
        if viewer.is_agent:
            return self.filter(Q(team_id__in=viewer.team_ids) & SERVED | mine)
        return self.filter(mine)


class ChatSession(models.Model):
    """One conversation: a support chat, a direct or group room, or a talk with the assistant."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(
        _("kind"), max_length=12, choices=SessionKind, default=SessionKind.SUPPORT
    )
    status = models.CharField(
        _("status"), max_length=12, choices=SessionStatus, default=SessionStatus.QUEUED
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    source = models.CharField(
        _("source"), max_length=80, blank=True, help_text=_("Where it was opened.")
    )
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="customer_sessions",
        verbose_name=_("customer"),
    )
    team = models.ForeignKey(
        "accounts.Team",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sessions",
        verbose_name=_("team"),
        db_index=False,  # session_by_team begins with it
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="assigned_sessions",
        verbose_name=_("agent"),
        db_index=False,  # session_by_assignee begins with it
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="sessions", verbose_name=_("tags"))

    floor = models.CharField(
        _("who may answer"), max_length=12, choices=Floor, default=Floor.NOBODY
    )
    epoch = models.PositiveIntegerField(
        _("epoch"),
        default=1,
        help_text=_("Counts changes of who may speak; a late answer has an old one."),
    )
    reply_due_at = models.DateTimeField(
        _("answer due"),
        null=True,
        blank=True,
        help_text=_("The assistant owes an answer from this moment on."),
    )
    live_turn = models.UUIDField(
        _("running answer"), null=True, blank=True, help_text=_("The reply being written.")
    )
    live_attempt = models.PositiveSmallIntegerField(_("attempt of the answer"), default=0)

    last_seq = models.PositiveIntegerField(_("last message"), default=0)
    last_public_seq = models.PositiveIntegerField(_("last public message"), default=0)
    version = models.PositiveIntegerField(_("version"), default=0)
    public_version = models.PositiveIntegerField(_("public version"), default=0)
    last_customer_seq = models.PositiveIntegerField(_("last message of the customer"), default=0)
    staff_unread = models.PositiveIntegerField(_("unread by staff"), default=0)
    customer_unread = models.PositiveIntegerField(_("unread by the customer"), default=0)
    waiting_since = models.DateTimeField(
        _("waiting since"),
        null=True,
        blank=True,
        help_text=_("The customer's first message that nobody answered."),
    )

    rating_score = models.PositiveSmallIntegerField(_("rating"), null=True, blank=True)
    rating_comment = models.TextField(_("comment on the rating"), blank=True)
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)
    updated_at = models.DateTimeField(_("last change"), default=clock.now)
    #: What lists are found by: an index on the moment itself would change with every message.
    recency = models.GeneratedField(
        expression=Span("updated_at"),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ["-recency", "-updated_at", "-id"]
        # None of what every message changes: PostgreSQL then leaves the indexes as they are.
        indexes = [
            models.Index(fields=["-recency"], name="session_by_recency"),
            models.Index(fields=["team", "status", "-recency"], name="session_by_team"),
            models.Index(fields=["assignee", "status", "-recency"], name="session_by_assignee"),
            models.Index(
                fields=["status"],
                name="session_open",
                condition=~Q(status=SessionStatus.CLOSED),
            ),
            models.Index(
                fields=["reply_due_at"],
                name="session_reply_due",
                condition=Q(reply_due_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(kind=SessionKind.ASSISTANT, archived_at__isnull=True),
                name="session_one_own_chat",
            ),
            models.CheckConstraint(
                name="session_kind_known", condition=Q(kind__in=SessionKind.values)
            ),
            models.CheckConstraint(
                name="session_status_known", condition=Q(status__in=SessionStatus.values)
            ),
            models.CheckConstraint(name="session_floor_known", condition=Q(floor__in=Floor.values)),
            models.CheckConstraint(
                name="session_assigned_has_assignee",
                condition=~Q(status=SessionStatus.ASSIGNED) | Q(assignee__isnull=False),
            ),
            models.CheckConstraint(
                name="session_assistant_speaks_only_to_bot_status",
                condition=~Q(floor=Floor.ASSISTANT) | Q(status=SessionStatus.BOT),
            ),
            models.CheckConstraint(
                name="session_reply_needs_floor",
                condition=Q(floor=Floor.ASSISTANT)
                | Q(reply_due_at__isnull=True, live_turn__isnull=True),
            ),
            models.CheckConstraint(
                name="session_public_not_ahead",
                condition=Q(last_public_seq__lte=F("last_seq"))
                & Q(public_version__lte=F("version")),
            ),
            models.CheckConstraint(
                name="session_rating_1_to_5",
                condition=Q(rating_score__isnull=True) | Q(rating_score__range=(1, 5)),
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"Session {str(self.id)[-12:]}"

    @property
    def is_served(self) -> bool:
        """Say whether agents work on it; the same rule as SERVED."""
        return self.kind == SessionKind.SUPPORT or (
            self.kind == SessionKind.ASSISTANT and self.customer_id is not None
        )

    @property
    def is_closed(self) -> bool:
        """Say whether nobody may write here any more."""
        return self.status == SessionStatus.CLOSED

    def head_for(self, *, staff: bool) -> tuple[int, int]:
        """Return ``(last seq, version)`` as staff or a customer sees them."""
        if staff:
            return self.last_seq, self.version
        return self.last_public_seq, self.public_version


class ParticipantQuerySet(models.QuerySet["Participant"]):
    """Participants."""

    def present(self) -> "ParticipantQuerySet":
        """Return those who belong to their session now (an observer never does)."""
        return self.filter(left_at__isnull=True).exclude(role=ParticipantRole.OBSERVER)


class Participant(models.Model):
    """Someone's place in a session, with the mark up to which they have read."""

    session = models.ForeignKey(
        ChatSession,
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


class PresenceStatus(models.TextChoices):
    """What someone says of themselves while connected."""

    ONLINE = "online", _("Online")
    AWAY = "away", _("Away")
    OFFLINE = "offline", _("Offline")


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

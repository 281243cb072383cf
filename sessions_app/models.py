"""Sessions, participants and messages.

A session is one ordered, replayable truth.  Two numbers order it: ``seq`` counts its messages
without holes, ``version`` counts every visible change.  Internal notes share both, so each is
kept a second time as it looks to customers (``last_public_seq``, ``public_version``).
"""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from chatsite.lib import clock
from chatsite.lib.ids import uuid7

if TYPE_CHECKING:
    from accounts.viewer import Viewer


class SessionKind(models.TextChoices):
    """What a session is for; the policy differs, the kernel does not."""

    SUPPORT = "support"
    DIRECT = "direct"
    GROUP = "group"
    ASSISTANT = "assistant"


class SessionStatus(models.TextChoices):
    """Where a session stands."""

    BOT = "bot"
    QUEUED = "queued"
    ASSIGNED = "assigned"
    CLOSED = "closed"


class Floor(models.TextChoices):
    """Who may speak to the customer: at most one at a time."""

    ASSISTANT = "assistant"
    AGENT = "agent"
    NOBODY = "nobody"


class MessageKind(models.TextChoices):
    """What a message is.  A note is seen by staff only, on every surface."""

    TEXT = "text"
    IMAGE = "image"
    FILE = "file"
    NOTE = "note"
    EVENT = "event"


class SenderKind(models.TextChoices):
    """Who speaks."""

    CUSTOMER = "customer"
    AGENT = "agent"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class ParticipantRole(models.TextChoices):
    """Why someone has a row in a session; an observer only keeps a read mark."""

    CUSTOMER = "customer"
    AGENT = "agent"
    MEMBER = "member"
    OBSERVER = "observer"


class Tag(models.Model):
    """A label on sessions."""

    name = models.CharField(max_length=40, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SessionQuerySet(models.QuerySet["ChatSession"]):
    """Sessions."""

    def visible_to(self, viewer: "Viewer") -> "SessionQuerySet":
        """Return the sessions ``viewer`` may see: the only rule of this kind in the product."""
        if viewer.is_admin:
            return self
        places = Participant.objects.present().filter(user_id=viewer.user_id)
        mine = Q(pk__in=places.values("session"))
        if viewer.is_agent:
            return self.filter(Q(team_id__in=viewer.team_ids, kind=SessionKind.SUPPORT) | mine)
        return self.filter(mine)


class ChatSession(models.Model):
    """One conversation: a support chat, a direct or group room, or a talk with the assistant."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=12, choices=SessionKind, default=SessionKind.SUPPORT)
    status = models.CharField(max_length=12, choices=SessionStatus, default=SessionStatus.QUEUED)
    title = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=80, blank=True, help_text="Where it was opened.")
    metadata = models.JSONField(default=dict, blank=True)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="customer_sessions",
    )
    team = models.ForeignKey(
        "accounts.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="sessions"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="assigned_sessions",
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="sessions")

    floor = models.CharField(max_length=12, choices=Floor, default=Floor.NOBODY)
    epoch = models.PositiveIntegerField(
        default=1, help_text="Counts changes of who may speak; a late answer has an old one."
    )
    reply_due_at = models.DateTimeField(
        null=True, blank=True, help_text="The assistant owes an answer from this moment on."
    )
    live_turn = models.UUIDField(null=True, blank=True, help_text="The reply being written.")
    live_attempt = models.PositiveSmallIntegerField(default=0)

    last_seq = models.PositiveIntegerField(default=0)
    last_public_seq = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)
    public_version = models.PositiveIntegerField(default=0)
    last_customer_seq = models.PositiveIntegerField(default=0)
    staff_unread = models.PositiveIntegerField(default=0)
    customer_unread = models.PositiveIntegerField(default=0)
    waiting_since = models.DateTimeField(
        null=True, blank=True, help_text="The customer's first message that nobody answered."
    )

    rating_score = models.PositiveSmallIntegerField(null=True, blank=True)
    rating_comment = models.TextField(blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "-id"]
        indexes = [
            models.Index(fields=["-updated_at", "-id"], name="session_recent"),
            models.Index(fields=["team", "status", "-updated_at"], name="session_team_status"),
            models.Index(fields=["assignee", "status", "-updated_at"], name="session_assignee"),
            models.Index(
                fields=["reply_due_at"],
                name="session_reply_due",
                condition=Q(reply_due_at__isnull=False),
            ),
            models.Index(
                fields=["waiting_since"],
                name="session_waiting",
                condition=Q(waiting_since__isnull=False),
            ),
        ]
        constraints = [
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

    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="participants")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="participations"
    )
    role = models.CharField(max_length=12, choices=ParticipantRole)
    read_seq = models.PositiveIntegerField(default=0)
    joined_at = models.DateTimeField(default=clock.now)
    left_at = models.DateTimeField(null=True, blank=True)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
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
    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveIntegerField()
    prev_public_seq = models.PositiveIntegerField(
        help_text="The number of the message before this one that customers can see."
    )
    version = models.PositiveIntegerField(help_text="The session's version at its last change.")
    kind = models.CharField(max_length=8, choices=MessageKind, default=MessageKind.TEXT)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
    )
    sender_kind = models.CharField(max_length=12, choices=SenderKind)
    sender_name = models.CharField(max_length=120, blank=True)
    sender_avatar = models.CharField(max_length=300, blank=True)
    content = models.TextField(blank=True)
    client_msg_id = models.CharField(max_length=64, null=True, blank=True)
    send_key = models.UUIDField(
        unique=True,
        null=True,
        blank=True,
        help_text="Digest of session, sender and client id: one send is one row, for ever.",
    )
    fingerprint = models.CharField(
        max_length=32,
        blank=True,
        help_text="Digest of what was first sent: the same client id with another body is refused.",
    )
    reply_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
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
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="uploads"
    )
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, null=True, blank=True, related_name="attachments"
    )
    kind = models.CharField(
        max_length=8, choices=[(MessageKind.IMAGE, "Image"), (MessageKind.FILE, "File")]
    )
    file = models.FileField(upload_to="attachments/%Y/%m/")
    name = models.CharField(max_length=200)
    mime = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class PresenceStatus(models.TextChoices):
    """What someone says of themselves while connected."""

    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


class Presence(models.Model):
    """When someone's socket was last alive; renewed by each process once a heartbeat."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="presence",
    )
    status = models.CharField(max_length=8, choices=PresenceStatus, default=PresenceStatus.ONLINE)
    seen_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name_plural = "presence"

    def __str__(self) -> str:
        return f"{self.user}: {self.status}"

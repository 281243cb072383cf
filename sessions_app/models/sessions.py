"""Sessions, and who may see them."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from chatsite.lib import clock
from chatsite.lib.ids import uuid7
from chatsite.lib.spans import Span
from sessions_app.models.kinds import Floor, ParticipantRole, SessionKind, SessionStatus
from sessions_app.models.people import Participant

if TYPE_CHECKING:
    from accounts.viewer import Viewer


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

"""What sessions, messages and people in them can be."""

from django.db import models
from django.utils.translation import gettext_lazy as _


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


class PresenceStatus(models.TextChoices):
    """What someone says of themselves while connected."""

    ONLINE = "online", _("Online")
    AWAY = "away", _("Away")
    OFFLINE = "offline", _("Offline")

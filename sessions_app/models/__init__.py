"""Sessions, participants and messages.

A session is one ordered, replayable truth.  Two numbers order it: ``seq`` counts its messages
without holes, ``version`` counts every visible change.  Internal notes share both, so each is
kept a second time as it looks to customers (``last_public_seq``, ``public_version``).
"""

from sessions_app.models.kinds import (
    Floor,
    MessageKind,
    ParticipantRole,
    PresenceStatus,
    SenderKind,
    SessionKind,
    SessionStatus,
)
from sessions_app.models.messages import (
    Attachment,
    Message,
    MessageQuerySet,
)
from sessions_app.models.people import (
    Participant,
    ParticipantQuerySet,
    Presence,
)
from sessions_app.models.sessions import (
    SERVED,
    ChatSession,
    SessionQuerySet,
    Tag,
)

__all__ = [
    "SERVED",
    "Attachment",
    "ChatSession",
    "Floor",
    "Message",
    "MessageKind",
    "MessageQuerySet",
    "Participant",
    "ParticipantQuerySet",
    "ParticipantRole",
    "Presence",
    "PresenceStatus",
    "SenderKind",
    "SessionKind",
    "SessionQuerySet",
    "SessionStatus",
    "Tag",
]

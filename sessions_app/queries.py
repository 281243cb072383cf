"""Reads that join, with their prefetches."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import F, Prefetch, QuerySet

from chatsite.lib import clock
from sessions_app import payloads
from sessions_app.models import (
    ChatSession,
    Floor,
    Message,
    MessageKind,
    Participant,
    Presence,
    PresenceStatus,
    SenderKind,
)

PRESENCE_ALIVE_S = 45
LATER_MESSAGES = 200


def alive_since() -> dt.datetime:
    """Return since when a presence must have been renewed to count."""
    return clock.now() - dt.timedelta(seconds=PRESENCE_ALIVE_S)


def online_ids(user_ids: Iterable[int]) -> set[int]:
    """Return which of the users have a living socket and do not say they are offline."""
    return set(
        Presence.objects.filter(user_id__in=set(user_ids), seen_at__gte=alive_since())
        .exclude(status=PresenceStatus.OFFLINE)
        .values_list("user_id", flat=True)
    )


def available_ids(user_ids: Iterable[int]) -> set[int]:
    """Return which of the users are connected and say they are online: not away."""
    return set(
        Presence.objects.filter(
            user_id__in=set(user_ids), seen_at__gte=alive_since(), status=PresenceStatus.ONLINE
        ).values_list("user_id", flat=True)
    )


def with_people(sessions: QuerySet[ChatSession]) -> QuerySet[ChatSession]:
    """Return the query with everything a session's payload shows of people and tags."""
    return sessions.select_related("team", "assignee", "customer").prefetch_related(
        "tags",
        Prefetch("participants", queryset=Participant.objects.select_related("user")),
    )


def shown(sessions: Collection[ChatSession], *, staff: bool) -> list[payloads.Payload]:
    """Return the payloads of sessions from :func:`with_people`, in their order.

    Two queries whatever their number.
    """
    head = "last_seq" if staff else "last_public_seq"
    newest = {
        message.session_id: message
        for message in Message.objects.filter(
            session_id__in=[session.id for session in sessions], seq=F(f"session__{head}")
        ).prefetch_related("attachments")
    }
    online = online_ids(
        place.user_id for session in sessions for place in session.participants.all()
    )
    return [
        payloads.session(session, staff=staff, newest=newest.get(session.id), online=online)
        for session in sessions
    ]


def shown_one(session_id: uuid.UUID, *, staff: bool) -> payloads.Payload:
    """Return the payload of one session."""
    return shown([with_people(ChatSession.objects.all()).get(pk=session_id)], staff=staff)[0]


def messages_of(session_id: uuid.UUID, *, staff: bool) -> QuerySet[Message]:
    """Return the messages of a session that this kind of viewer may see, ready for payloads."""
    return (
        Message.objects.filter(session_id=session_id)
        .visible_to(staff=staff)
        .prefetch_related("attachments")
        .order_by("seq")
    )


@dataclass(frozen=True, slots=True)
class Catchup:
    """What a subscriber missed: the rows in order, and the marks up to which was looked."""

    messages: list[Message]
    last_seq: int
    version: int
    more: bool
    live_turn: uuid.UUID | None
    live_attempt: int
    epoch: int


def catch_up(
    session_id: uuid.UUID,
    *,
    staff: bool,
    after_seq: int | None = None,
    after_version: int | None = None,
    limit: int = 500,
) -> Catchup:
    """Read what comes after a cursor.

    The head is read before the rows: a row committed in between is then sent once more by the
    live feed and dropped there by its version, whereas the other way round it could be missed.
    With ``after_version`` edited and deleted messages come too, in the order of the changes.
    """
    head = ChatSession.objects.only(
        "last_seq",
        "last_public_seq",
        "version",
        "public_version",
        "live_turn",
        "live_attempt",
        "epoch",
    ).get(pk=session_id)
    last_seq, version = head.head_for(staff=staff)
    rows = messages_of(session_id, staff=staff)
    if after_version is not None:
        rows = rows.filter(version__gt=after_version, version__lte=version).order_by("version")
    else:
        rows = rows.filter(seq__gt=after_seq or 0, seq__lte=last_seq)
    found = list(rows[: limit + 1])
    return Catchup(
        messages=found[:limit],
        last_seq=last_seq,
        version=version,
        more=len(found) > limit,
        live_turn=head.live_turn,
        live_attempt=head.live_attempt,
        epoch=head.epoch,
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation as a model reads it."""

    seq: int
    sender_kind: str
    name: str
    content: str


def transcript(*, session_id: uuid.UUID, upto_seq: int, limit: int = 40) -> list[Line]:
    """Return the last ``limit`` spoken lines up to ``upto_seq``, oldest first: never a note."""
    rows = (
        Message.objects.filter(
            session_id=session_id,
            seq__lte=upto_seq,
            kind__in=[MessageKind.TEXT, MessageKind.IMAGE, MessageKind.FILE],
            deleted_at__isnull=True,
        )
        .exclude(sender_kind=SenderKind.SYSTEM)
        .prefetch_related("attachments")
        .order_by("-seq")[:limit]
    )
    return [
        Line(row.seq, row.sender_kind, row.sender_name, _as_text(row)) for row in reversed(rows)
    ]


def _as_text(message: Message) -> str:
    files = [f"[{file.kind}: {file.name}]" for file in message.attachments.all()]
    return "\n".join(part for part in (message.content, *files) if part)


@dataclass(frozen=True, slots=True)
class ReplyState:
    """What became of something a customer said: a reply, or why there is none (yet)."""

    reply: Message | None
    status: str
    pending: bool
    """Whether the assistant still owes an answer."""
    failure: str | None = None
    """The code of the assistant's failure, if it was that."""


def reply_state(session_id: uuid.UUID, seq: int) -> ReplyState:
    """Return what became of the customer's message ``seq``.

    An answer that was begun before it and ended after it is not the reply to it.
    """
    session = ChatSession.objects.only("status", "floor", "reply_due_at", "live_turn").get(
        pk=session_id
    )
    later = list(messages_of(session_id, staff=False).filter(seq__gt=seq)[:LATER_MESSAGES])
    reply = next((item for item in later if _replies_to(item, seq)), None)
    failed = [item for item in later if item.metadata.get("event") == "reply_failed"]
    owed = session.floor == Floor.ASSISTANT and (
        session.reply_due_at is not None or session.live_turn is not None
    )
    return ReplyState(
        reply=reply,
        status=session.status,
        pending=owed and reply is None,
        failure=failed[-1].metadata.get("reason") if failed and not owed else None,
    )


def _replies_to(item: Message, seq: int) -> bool:
    if item.kind == MessageKind.EVENT or item.deleted_at is not None:
        return False
    if item.sender_kind == SenderKind.ASSISTANT:
        return int(item.metadata.get("upto_seq", seq)) >= seq
    return item.sender_kind == SenderKind.AGENT

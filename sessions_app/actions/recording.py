"""Numbering and writing messages of a locked session, and telling everyone after the commit."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction

from chatsite.lib import clock
from chatsite.lib.ids import uuid7
from chatsite.lib.metrics import MESSAGES
from sessions_app import publish, signals
from sessions_app.actions.drafts import Author, Draft
from sessions_app.models import (
    Attachment,
    ChatSession,
    Floor,
    Message,
    MessageKind,
    Participant,
    ParticipantRole,
    SenderKind,
)
from sessions_app.rows import fresh

#: What a message changes of its session, whatever it says.
NUMBERS = (
    "last_seq",
    "last_public_seq",
    "version",
    "public_version",
    "last_customer_seq",
    "staff_unread",
    "customer_unread",
    "waiting_since",
    "reply_due_at",
    "updated_at",
)
MESSAGE_COUNTS = {str(kind): MESSAGES.labels(str(kind)) for kind in SenderKind}


def locked(session_id: uuid.UUID) -> ChatSession:
    """Return the session with its row locked until the transaction ends."""
    return ChatSession.objects.select_for_update(no_key=True).get(pk=session_id)


def record(session: ChatSession, drafts: Sequence[Draft]) -> list[Message]:
    """Append drafts to a locked session and save all of it; tell everyone after the commit."""
    now = clock.now()
    messages = []
    for item in drafts:
        message = numbered(session, item, now)
        take_effect(session, message, now)
        messages.append(message)
    Message.objects.bulk_create(messages)
    session.save()
    after_commit([session], messages)
    return messages


def numbered(session: ChatSession, item: Draft, now: datetime) -> Message:
    """Return the message for ``item`` with the locked session's next ``seq`` and ``version``."""
    session.last_seq += 1
    session.version += 1
    author = item.author
    message = fresh(
        Message,
        {
            "id": uuid7(),
            "session_id": session.id,
            "seq": session.last_seq,
            "prev_public_seq": session.last_public_seq,
            "version": session.version,
            "kind": item.kind,
            "sender_id": author.user_id,
            "sender_kind": author.kind,
            "sender_name": author.name,
            "sender_avatar": author.avatar,
            "content": item.content,
            "client_msg_id": item.client_msg_id,
            "send_key": item.send_key,
            "fingerprint": item.fingerprint,
            "reply_to_id": item.reply_to,
            "metadata": item.metadata,
            "created_at": now,
            "edited_at": None,
            "deleted_at": None,
        },
    )
    if item.kind != MessageKind.NOTE:
        session.last_public_seq = session.last_seq
        session.public_version = session.version
    session.updated_at = now
    return message


def take_effect(session: ChatSession, message: Message, now: datetime) -> None:
    """Update unread counts, waiting time and the owed answer for a new message."""
    if message.kind in {MessageKind.NOTE, MessageKind.EVENT}:
        return
    if message.sender_kind == SenderKind.CUSTOMER:
        session.last_customer_seq = message.seq
        session.staff_unread += 1
        session.waiting_since = session.waiting_since or now
        if session.floor == Floor.ASSISTANT:
            session.reply_due_at = min(
                now + timedelta(seconds=settings.REPLY_DEBOUNCE_S),
                max(now, session.waiting_since + timedelta(seconds=settings.REPLY_DEBOUNCE_MAX_S)),
            )
    else:
        session.customer_unread += 1
        session.staff_unread = (
            0 if message.sender_kind == SenderKind.AGENT else session.staff_unread
        )
        session.waiting_since = None


def place_for(session: ChatSession, author: Author) -> Participant:
    role = ParticipantRole.AGENT if author.kind == SenderKind.AGENT else ParticipantRole.CUSTOMER
    assert author.user_id is not None
    return Participant(session=session, user_id=author.user_id, role=role)


def join(places: Sequence[Participant]) -> None:
    """Make people participants; who observed, or had left, takes part again."""
    once = {(place.session_id, place.user_id): place for place in places}
    Participant.objects.bulk_create(
        once.values(),
        update_conflicts=True,
        unique_fields=["session", "user"],
        update_fields=["role", "left_at"],
    )


def after_commit(
    sessions: Sequence[ChatSession],
    messages: Sequence[Message],
    files: dict[uuid.UUID, list[Attachment]] | None = None,
) -> None:
    """Arrange what follows the commit of the current transaction."""
    for step in consequences(sessions, messages, files or {}):
        transaction.on_commit(step, robust=True)


def consequences(
    sessions: Sequence[ChatSession],
    messages: Sequence[Message],
    files: dict[uuid.UUID, list[Attachment]],
    *,
    plain: bool = False,
) -> Iterator[Callable[[], object]]:
    """Give what to call once the messages are committed: the doorbell, then the announcements.

    ``plain`` says that of the sessions only numbers, and which reply runs, changed.
    """
    yield partial(publish.committed, sessions, messages, files, plain=plain)
    for session in sessions:
        if session.reply_due_at is not None:
            yield signals.announcement(
                signals.reply_wanted, session_id=session.id, due_at=session.reply_due_at
            )
            if session.live_turn is not None:
                yield partial(publish.reply_cancelled, session.id, session.live_turn, "newer")
    for message in messages:
        MESSAGE_COUNTS[message.sender_kind].inc()

"""Posting messages: the one door by which anything is said in a session.

:func:`post_batch` takes any number of drafts in one transaction, because a commit costs the same
for fifty messages as for one; :func:`post_message` is the same for a single one.  Whoever sends
and whichever way it came, the same rules hold.
"""

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import (
    Conflict,
    DomainError,
    PermissionDenied,
    SessionClosed,
    SessionNotFound,
    ValidationFailed,
)
from chatsite.lib.metrics import COMMITS, MESSAGES
from sessions_app import publish, rows, signals
from sessions_app.access import Membership, membership
from sessions_app.models import (
    Attachment,
    ChatSession,
    Floor,
    Message,
    MessageKind,
    Participant,
    ParticipantRole,
    SenderKind,
    SessionKind,
    SessionStatus,
)

_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,64}")
_SENDABLE = {MessageKind.TEXT, MessageKind.IMAGE, MessageKind.FILE, MessageKind.NOTE}
_KEY_SPACE = uuid.UUID("6f2d1f0e-5d5b-4f0a-9a53-6d8a4b0c1e77")

#: What posting changes of a session; written back in one statement.
HOT_FIELDS = (
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
    "status",
    "assignee_id",
    "floor",
    "epoch",
    "live_turn",
)


@dataclass(frozen=True, slots=True)
class Author:
    """Who says something: a user, the assistant, or the system."""

    kind: SenderKind
    user_id: int | None = None
    name: str = ""
    avatar: str = ""

    @classmethod
    def of(cls, viewer: Viewer, *, staff: bool) -> "Author":
        """Return the viewer as the author of a message."""
        kind = SenderKind.AGENT if staff else SenderKind.CUSTOMER
        return cls(kind, viewer.user_id, viewer.name, viewer.avatar)


SYSTEM = Author(SenderKind.SYSTEM)


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked message on its way to the database.  Make it with :func:`draft`."""

    session_id: uuid.UUID
    author: Author
    content: str
    kind: MessageKind = MessageKind.TEXT
    client_msg_id: str | None = None
    attachment_ids: tuple[uuid.UUID, ...] = ()
    reply_to: uuid.UUID | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    joined: bool = True

    #: Makes a repeated send the same row; None without a client id.
    send_key: uuid.UUID | None = field(init=False, default=None)
    #: Digest of what is said; empty without a client id.
    fingerprint: str = field(init=False, default="")

    def __post_init__(self) -> None:
        if self.client_msg_id is None:
            return
        name = f"{self.session_id}/{self.author.user_id or 0}/{self.client_msg_id}"
        key = uuid.UUID(bytes=hashlib.blake2b(name.encode(), digest_size=16).digest())
        said = f"{self.kind}\0{self.reply_to}\0{self.attachment_ids}\0{self.content}"
        object.__setattr__(self, "send_key", key)
        object.__setattr__(
            self, "fingerprint", hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
        )


@dataclass(frozen=True, slots=True)
class Posted:
    """A message in the database.  ``created`` is false when the same send was stored before."""

    message: Message
    created: bool


def draft(
    member: Membership,
    *,
    content: object,
    kind: object = MessageKind.TEXT,
    client_msg_id: object = None,
    attachment_ids: object = (),
    reply_to: object = None,
) -> Draft:
    """Check what a person wants to say and return it as a draft.

    Raises :class:`ValidationFailed` naming the field, or :class:`PermissionDenied` for a note by
    someone who is not staff.
    """
    if not isinstance(kind, str) or kind not in _SENDABLE:
        raise ValidationFailed.of("kind", "one of text, image, file, note", "invalid_choice")
    if kind == MessageKind.NOTE and not member.staff:
        raise PermissionDenied("Only staff may write notes")
    text = clean_text("content", content, most=settings.MESSAGE_MAX_CHARS)
    files = _ids("attachment_ids", attachment_ids)
    if not text.strip() and not files:
        raise ValidationFailed.of("content", "may not be empty", "blank")
    if client_msg_id is not None and not (
        isinstance(client_msg_id, str) and _CLIENT_ID.fullmatch(client_msg_id)
    ):
        raise ValidationFailed.of("client_msg_id", "1 to 64 printable ASCII characters")
    return Draft(
        session_id=member.session_id,
        author=Author.of(member.viewer, staff=member.staff),
        content=text,
        kind=MessageKind(kind),
        client_msg_id=client_msg_id,
        attachment_ids=files,
        reply_to=_ids("reply_to", [reply_to])[0] if reply_to is not None else None,
        joined=member.joined,
    )


def clean_text(name: str, value: object, *, most: int) -> str:
    """Return ``value`` if it is text that every database and client can hold.

    NUL is refused by PostgreSQL and a lone surrogate by UTF-8, so both are refused here.
    """
    if not isinstance(value, str):
        raise ValidationFailed.of(name, "expected text", "not_a_string")
    if len(value) > most:
        raise ValidationFailed.of(name, f"at most {most} characters", "max_length")
    if "\0" in value:
        raise ValidationFailed.of(name, "may not hold the NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValidationFailed.of(name, "not valid Unicode") from None
    return value


def _ids(name: str, value: object) -> tuple[uuid.UUID, ...]:
    if not isinstance(value, (list, tuple)) or len(value) > 10:
        raise ValidationFailed.of(name, "expected a list of at most 10 ids")
    try:
        return tuple(uuid.UUID(str(item)) for item in value)
    except ValueError:
        raise ValidationFailed.of(name, "not an id") from None


def post_message(
    *,
    viewer: Viewer,
    session_id: object,
    content: object,
    kind: object = MessageKind.TEXT,
    client_msg_id: object = None,
    attachment_ids: object = (),
    reply_to: object = None,
) -> Posted:
    """Say something in a session as a person.

    The same ``client_msg_id`` again returns the first message with ``created`` false.  Raises
    :class:`SessionNotFound`, :class:`SessionClosed`, :class:`ValidationFailed`,
    :class:`PermissionDenied`, or :class:`Conflict` for a known id with another body.
    """
    made = draft(
        membership(viewer, session_id),
        content=content,
        kind=kind,
        client_msg_id=client_msg_id,
        attachment_ids=attachment_ids,
        reply_to=reply_to,
    )
    return post_one(made)


def post_one(made: Draft) -> Posted:
    """Post a single draft; raise what was wrong with it."""
    (result,) = post_batch([made])
    if isinstance(result, DomainError):
        raise result
    return result


def post_batch(drafts: Sequence[Draft]) -> list[Posted | DomainError]:
    """Post drafts in one transaction and return, in their order, a message or a refusal for each.

    Sessions are locked in the order of their ids, so that two batches cannot wait for each other.
    """
    now = clock.now()
    with transaction.atomic():
        sessions, known = rows.lock(
            {item.session_id for item in drafts},
            {item.send_key for item in drafts if item.send_key},
        )
        batch = _Batch(now)
        results: list[Posted | DomainError] = []
        for item in drafts:
            try:
                results.append(_post(item, sessions.get(item.session_id), known, batch))
            except DomainError as error:
                results.append(error)
        batch.write()
    return results


def _post(
    item: Draft,
    session: ChatSession | None,
    known: dict[uuid.UUID, Message],
    batch: "_Batch",
) -> Posted:
    if session is None:
        raise SessionNotFound
    key = item.send_key
    if key and (first := known.get(key)):
        if first.fingerprint != item.fingerprint:
            raise Conflict("This client_msg_id was used for another message")
        return Posted(first, created=False)
    if session.is_closed:
        raise SessionClosed
    files = batch.claim_attachments(item)
    if (
        item.reply_to
        and not Message.objects.filter(pk=item.reply_to, session_id=session.id)
        .visible_to(staff=item.author.kind == SenderKind.AGENT)
        .exists()
    ):
        raise ValidationFailed.of("reply_to", "no such message here", "does_not_exist")
    if item.author.kind == SenderKind.AGENT and item.kind != MessageKind.NOTE:
        batch.let_agent_speak(session, item)
    message = batch.append(session, item, files)
    if key:
        known[key] = message
    return Posted(message, created=True)


class _Batch:
    """What one transaction adds: numbered messages, changed sessions, and what follows."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.messages: list[Message] = []
        self.files: dict[uuid.UUID, list[Attachment]] = {}
        self.changed: dict[uuid.UUID, ChatSession] = {}
        self.places: list[Participant] = []

    def append(
        self, session: ChatSession, item: Draft, files: Sequence[Attachment] = ()
    ) -> Message:
        """Give the draft the session's next numbers and let it take its effect on the session."""
        message = numbered(session, item, self.now)
        self.messages.append(message)
        self.changed[session.id] = session
        if files:
            self.files[message.id] = list(files)
        if not item.joined and item.author.user_id:
            self.places.append(place_for(session, item.author))
        take_effect(session, message, self.now)
        return message

    def claim_attachments(self, item: Draft) -> list[Attachment]:
        """Return the draft's uploads; they must be the sender's own and not yet used."""
        if not item.attachment_ids:
            return []
        taken = {file.id for files in self.files.values() for file in files}
        found = {
            file.id: file
            for file in Attachment.objects.select_for_update().filter(
                pk__in=item.attachment_ids, uploader_id=item.author.user_id, message__isnull=True
            )
            if file.id not in taken
        }
        if len(found) != len(set(item.attachment_ids)):
            raise ValidationFailed.of("attachment_ids", "no such upload", "does_not_exist")
        return [found[pk] for pk in dict.fromkeys(item.attachment_ids)]

    def let_agent_speak(self, session: ChatSession, item: Draft) -> None:
        """An agent's message takes the floor; where nobody is assigned, it is a claim."""
        if session.kind != SessionKind.SUPPORT or session.floor == Floor.AGENT:
            return
        if session.assignee_id is None:
            self.append(session, take_floor(session, item.author))
            self.places.append(place_for(session, item.author))
        else:
            take_floor(session, item.author)

    def write(self) -> None:
        """Write everything and, after the commit, tell who has to know."""
        if not self.messages:
            return
        sessions = list(self.changed.values())
        rows.store(self.messages, sessions, HOT_FIELDS)
        for message in self.messages:
            for file in self.files.get(message.id, ()):
                file.message = message
                file.save(update_fields=["message"])
        if self.places:
            join(self.places)
        COMMITS.observe(len(self.messages))
        after_commit(sessions, self.messages, self.files)


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


def numbered(session: ChatSession, item: Draft, now: datetime) -> Message:
    """Return the message for ``item`` with the locked session's next ``seq`` and ``version``."""
    session.last_seq += 1
    session.version += 1
    message = Message(
        session_id=session.id,
        seq=session.last_seq,
        prev_public_seq=session.last_public_seq,
        version=session.version,
        kind=item.kind,
        sender_id=item.author.user_id,
        sender_kind=item.author.kind,
        sender_name=item.author.name,
        sender_avatar=item.author.avatar,
        content=item.content,
        client_msg_id=item.client_msg_id,
        send_key=item.send_key,
        fingerprint=item.fingerprint,
        reply_to_id=item.reply_to,
        metadata=item.metadata,
        created_at=now,
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


def take_floor(session: ChatSession, author: Author) -> Draft:
    """Give the floor of a locked session to an agent; return the event that says so.

    From here on no answer of the assistant can be committed: the epoch has moved.
    """
    silence_assistant(session, "stopped")
    session.floor = Floor.AGENT
    session.status = SessionStatus.ASSIGNED
    if session.assignee_id is None:
        session.assignee_id = author.user_id
    return event(
        session,
        "claimed",
        f"{author.name} joined the conversation.",
        agent={"id": author.user_id, "name": author.name},
    )


def silence_assistant(session: ChatSession, status: str) -> None:
    """Move the epoch of a locked session: no answer begun before can be committed any more.

    Viewers of a running answer see it end with ``status``; its worker is told to stop.
    """
    session.epoch += 1
    if session.live_turn is not None:
        transaction.on_commit(
            partial(publish.reply_ended, session.id, session.live_turn, session.epoch, status),
            robust=True,
        )
    if session.floor == Floor.ASSISTANT:
        transaction.on_commit(
            partial(publish.reply_cancelled, session.id, None, "floor"), robust=True
        )
        signals.announce(signals.floor_taken, session_id=session.id, epoch=session.epoch)
    session.reply_due_at = None
    session.live_turn = None


def event(session: ChatSession, name: str, sentence: str, **params: object) -> Draft:
    """Return the draft of an event message; clients translate it by ``metadata.event``."""
    return Draft(
        session_id=session.id,
        author=SYSTEM,
        kind=MessageKind.EVENT,
        content=sentence,
        metadata={"event": name, **params},
    )


def after_commit(
    sessions: Sequence[ChatSession],
    messages: Sequence[Message],
    files: dict[uuid.UUID, list[Attachment]] | None = None,
) -> None:
    """Arrange what follows the commit: the doorbell, then the announcements."""
    transaction.on_commit(partial(publish.committed, sessions, messages, files or {}), robust=True)
    for session in sessions:
        if session.reply_due_at is not None:
            signals.announce(
                signals.reply_wanted, session_id=session.id, due_at=session.reply_due_at
            )
            if session.live_turn is not None:
                transaction.on_commit(
                    partial(publish.reply_cancelled, session.id, session.live_turn, "newer"),
                    robust=True,
                )
    for message in messages:
        MESSAGES.labels(message.sender_kind).inc()

"""Posting messages: the one door by which anything is said in a session.

:func:`post_batch` takes any number of drafts in one transaction, because a commit costs the same
for fifty messages as for one; :func:`post_message` is the same for a single one.  Whoever sends
and whichever way it came, the same rules hold.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import (
    Conflict,
    DomainError,
    SessionClosed,
    SessionNotFound,
    ValidationFailed,
)
from chatsite.lib.metrics import COMMITS
from sessions_app import rows
from sessions_app.access import membership
from sessions_app.actions.drafts import Draft, draft
from sessions_app.actions.floor import take_floor
from sessions_app.actions.recording import (
    NUMBERS,
    after_commit,
    join,
    numbered,
    place_for,
    take_effect,
)
from sessions_app.models import (
    Attachment,
    ChatSession,
    Floor,
    Message,
    MessageKind,
    Participant,
    SenderKind,
)

#: What posting changes of a session; written back in one statement.
HOT_FIELDS = (*NUMBERS, "status", "assignee_id", "floor", "epoch", "live_turn")


@dataclass(frozen=True, slots=True)
class Posted:
    """A message in the database.  ``created`` is false when the same send was stored before."""

    message: Message
    created: bool


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
    if takes_floor(session, item):
        batch.let_agent_speak(session, item)
    message = batch.append(session, item, files)
    if key:
        known[key] = message
    return Posted(message, created=True)


def takes_floor(session: ChatSession, item: Draft) -> bool:
    """Say whether an agent who speaks takes the floor with it."""
    return (
        session.is_served
        and session.floor != Floor.AGENT
        and item.author.kind == SenderKind.AGENT
        and item.kind != MessageKind.NOTE
    )


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
        files = [found[pk] for pk in dict.fromkeys(item.attachment_ids)]
        if item.kind == MessageKind.IMAGE and any(file.kind != "image" for file in files):
            raise ValidationFailed.of("attachment_ids", "not an image")
        return files

    def let_agent_speak(self, session: ChatSession, item: Draft) -> None:
        """An agent's message takes the floor; where nobody is assigned, it is a claim."""
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
            for position, file in enumerate(self.files.get(message.id, ())):
                file.message, file.position = message, position
                file.save(update_fields=["message", "position"])
        if self.places:
            join(self.places)
        COMMITS.observe(len(self.messages))
        after_commit(sessions, self.messages, self.files)

"""Changing and taking back one's own messages."""

import uuid
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import (
    Conflict,
    NotFound,
    PermissionDenied,
    SessionClosed,
    ValidationFailed,
)
from sessions_app import publish
from sessions_app.access import is_staff_view, session_for
from sessions_app.actions.drafts import clean_text
from sessions_app.actions.recording import locked
from sessions_app.models import Message


def edit_message(
    *, viewer: Viewer, session_id: object, message_id: object, content: object
) -> Message:
    """Change one's own message; it keeps its ``seq`` and comes again with a new version.

    Raises :class:`SessionNotFound`, :class:`NotFound` for a message that is not of this session,
    :class:`PermissionDenied`, :class:`ValidationFailed`, :class:`SessionClosed`, or
    :class:`Conflict` when it was deleted.
    """
    text = clean_text("content", content, most=settings.MESSAGE_MAX_CHARS)
    if not text.strip():
        raise ValidationFailed.of("content", "may not be empty", "blank")
    return _rewrite(viewer, session_id, message_id, content=text, edited_at=clock.now())


def delete_message(*, viewer: Viewer, session_id: object, message_id: object) -> Message:
    """Take back one's own message: its place stays, its words go.

    Raises the same as :func:`edit_message`.
    """
    return _rewrite(viewer, session_id, message_id, content="", deleted_at=clock.now())


def _rewrite(viewer: Viewer, session_id: object, message_id: object, **changes: Any) -> Message:
    try:
        pk = uuid.UUID(str(message_id))
    except ValueError:
        raise NotFound from None
    with transaction.atomic():
        seen = session_for(viewer, session_id)
        session = locked(seen.id)
        message = (
            Message.objects.filter(pk=pk, session_id=seen.id)
            .visible_to(staff=is_staff_view(viewer, seen))
            .prefetch_related("attachments")
            .first()
        )
        if message is None:
            raise NotFound("No such message")
        if message.sender_id != viewer.user_id:
            raise PermissionDenied("Only its sender may change a message")
        if session.is_closed:
            raise SessionClosed
        if message.deleted_at is not None:
            raise Conflict("The message was deleted")
        session.version += 1
        if not message.is_note:
            session.public_version = session.version
        message.version = session.version
        for name, value in changes.items():
            setattr(message, name, value)
        message.save(update_fields=["version", *changes])
        session.save(update_fields=["version", "public_version"])
        files = {message.id: list(message.attachments.all())}
        transaction.on_commit(lambda: publish.committed([session], [message], files), robust=True)
    return message

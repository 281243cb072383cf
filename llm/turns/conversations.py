"""Conversations with models: opened, changed, forgotten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.viewer import Viewer
from chatsite.lib.errors import Conflict
from llm import answers
from llm.models import Answer, Conversation, Turn
from llm.turns.access import conversation_for, require_staff
from llm.turns.asking import checked_models
from sessions_app import actions as sessions
from sessions_app.actions.drafts import clean_client_id, clean_text

SYSTEM_PROMPT_CHARS = 16_000


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation. ``created`` is false when the same opening was stored before."""

    conversation: Conversation
    created: bool


def open_conversation(
    *,
    viewer: Viewer,
    model_ids: Sequence[int],
    title: object = "",
    tags: Sequence[str] = (),
    metadata: object = None,
    system_prompt: object = "",
    client_conversation_id: object = None,
) -> Opened:
    """Open a conversation with models, for its opener alone (and admins).

    The same ``client_conversation_id`` again returns the first one. Raises
    :class:`PermissionDenied` for anybody but staff, :class:`ModelNotFound`,
    :class:`ValidationFailed`, and :class:`Conflict` for a known id with another body.
    """
    require_staff(viewer)
    client_id = clean_client_id("client_conversation_id", client_conversation_id)
    key = _digest(viewer.user_id, client_id) if client_id is not None else None
    body = (list(model_ids), title, list(tags), metadata or {}, system_prompt)
    said = _digest(*body) if key else ""
    if first := _opened_before(key, said):
        return first
    wanted = [model.pk for model in checked_models(model_ids)]
    try:
        with transaction.atomic():
            session = sessions.open_talk(viewer=viewer, title=title, metadata=metadata)
            if tags:
                sessions.set_tags(viewer=viewer, session_id=session.pk, tags=list(tags))
            made = Conversation.objects.create(
                session=session,
                model_ids=wanted,
                system_prompt=_prompt(system_prompt),
                send_key=UUID(hex=key) if key else None,
                fingerprint=said,
            )
    except IntegrityError:  # the same opening, at the same moment
        if first := _opened_before(key, said):
            return first
        raise
    return Opened(made, created=True)


def _opened_before(key: str | None, said: str) -> Opened | None:
    found = Conversation.objects.filter(send_key=UUID(hex=key)).first() if key else None
    if found is None:
        return None
    if found.fingerprint != said:
        raise Conflict("This client_conversation_id was used for another conversation")
    return Opened(found, created=False)


def _digest(*said: object) -> str:
    """Digest whatever a client may say, before it is checked."""
    raw = json.dumps(said, sort_keys=True)
    return hashlib.blake2b(raw.encode(), digest_size=16).hexdigest()


def change_conversation(
    *,
    viewer: Viewer,
    conversation_id: object,
    model_ids: Sequence[int] | None = None,
    tags: Sequence[str] | None = None,
    system_prompt: object = None,
    **described: Any,
) -> Conversation:
    """Change a conversation; what is None stays. ``described``: title, metadata, archived."""
    conversation = conversation_for(viewer, conversation_id)
    with transaction.atomic():
        session = sessions.describe(viewer=viewer, session_id=conversation.pk, **described)
        if tags is not None:
            sessions.set_tags(viewer=viewer, session_id=session.pk, tags=list(tags))
        # Only what is changed: at the same moment somebody else may change the other.
        changed = []
        if model_ids is not None:
            conversation.model_ids = [model.pk for model in checked_models(model_ids)]
            changed.append("model_ids")
        if system_prompt is not None:
            conversation.system_prompt = _prompt(system_prompt)
            changed.append("system_prompt")
        if changed:
            conversation.save(update_fields=changed)
            sessions.note_change(viewer=viewer, session_id=session.pk)
    return conversation


def forget_conversation(*, viewer: Viewer, conversation_id: object) -> None:
    """Take every word of a conversation out of the database.

    What its answers cost stays, without their texts: statistics of the past do not change. What
    still runs is taken away from its worker, which cannot store its text any more.
    """
    conversation = conversation_for(viewer, conversation_id)
    with transaction.atomic():
        sessions.forget(viewer=viewer, session_id=conversation.pk)
        for turn in Turn.objects.filter(session=conversation.pk, finished_at__isnull=True):
            answers.abandon_slots(turn_id=turn.pk)
        mine = Answer.objects.filter(turn__session=conversation.pk)
        mine.update(text="", sources=[])
        conversation.delete()


def _prompt(value: object) -> str:
    return clean_text("system_prompt", value, most=SYSTEM_PROMPT_CHARS)

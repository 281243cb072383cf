"""Conversations with models: opened, changed, forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts.viewer import Viewer
from llm import answers
from llm.models import Answer, Conversation, Turn
from llm.turns.access import conversation_for, require_staff
from llm.turns.asking import checked_models
from sessions_app import actions as sessions
from sessions_app.actions.drafts import clean_text

SYSTEM_PROMPT_CHARS = 16_000


def open_conversation(
    *,
    viewer: Viewer,
    model_ids: Sequence[int],
    title: object = "",
    tags: Sequence[str] = (),
    metadata: object = None,
    system_prompt: object = "",
) -> Conversation:
    """Open a conversation with models, for its opener alone (and admins).

    Raises :class:`PermissionDenied` for anybody but staff, :class:`ModelNotFound`,
    :class:`ValidationFailed`.
    """
    require_staff(viewer)
    wanted = checked_models(model_ids)
    with transaction.atomic():
        session = sessions.open_talk(viewer=viewer, title=title, metadata=metadata)
        if tags:
            sessions.set_tags(viewer=viewer, session_id=session.pk, tags=list(tags))
        return Conversation.objects.create(
            session=session, model_ids=wanted, system_prompt=_prompt(system_prompt)
        )


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
        if model_ids is not None:
            conversation.model_ids = checked_models(model_ids)
        if system_prompt is not None:
            conversation.system_prompt = _prompt(system_prompt)
        conversation.save(update_fields=["model_ids", "system_prompt"])
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

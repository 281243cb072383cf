"""The only way from an id in a request to a conversation or a turn: absent and forbidden look the
same."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from accounts.viewer import Viewer
from chatsite.lib.errors import ConversationNotFound, ModelNotFound, NotFound, PermissionDenied
from llm.models import Answer, Conversation, ModelConfig, Turn
from sessions_app.access import is_staff_view
from sessions_app.models import ChatSession


def require_staff(viewer: Viewer) -> None:
    """Raise :class:`PermissionDenied` unless the viewer may use models: they cost money."""
    if not viewer.is_staff:
        raise PermissionDenied("Only staff may put questions to models")


def conversation_for(viewer: Viewer, conversation_id: object) -> Conversation:
    """Return a conversation that ``viewer`` takes part in, or any for an admin.

    Raises :class:`ConversationNotFound`.
    """
    pk = as_uuid(conversation_id)
    found = (
        Conversation.objects.select_related("session")
        .filter(pk=pk, session__in=ChatSession.objects.visible_to(viewer))
        .first()
        if pk is not None and viewer.is_staff
        else None
    )
    if found is None:
        raise ConversationNotFound
    return found


def turn_for(viewer: Viewer, turn_id: object) -> Turn:
    """Return a turn of a session that ``viewer`` sees as staff do; raise :class:`NotFound`."""
    pk = as_uuid(turn_id)
    found = (
        Turn.objects.select_related("session", "question")
        .filter(pk=pk, session__in=ChatSession.objects.visible_to(viewer))
        .first()
        if pk is not None and viewer.is_staff
        else None
    )
    if found is None or not is_staff_view(viewer, found.session):
        raise NotFound("No such turn")
    return found


def streamable_for(viewer: Viewer, turn_id: object) -> UUID:
    """Return the id of a turn, or of a reply to a customer, whose stream ``viewer`` may read.

    Raises :class:`NotFound`.
    """
    try:
        return turn_for(viewer, turn_id).pk
    except NotFound:
        pk = as_uuid(turn_id)
        visible = ChatSession.objects.visible_to(viewer)
        replies = Answer.objects.filter(purpose=Answer.Purpose.REPLY, session__in=visible)
        if pk is None or not replies.filter(pk=pk).exists():
            raise
        return pk


def models_for(model_ids: Collection[int]) -> dict[int, ModelConfig]:
    """Return the models by id; raise :class:`ModelNotFound` unless all exist and are enabled."""
    found = ModelConfig.objects.filter(enabled=True).in_bulk(set(model_ids))
    for model_id in model_ids:
        if model_id not in found:
            raise ModelNotFound(f"No enabled model has the id {model_id}")
    return found


def as_uuid(raw: object) -> UUID | None:
    """Return the id in ``raw``; None when it is none."""
    try:
        return raw if isinstance(raw, UUID) else UUID(str(raw))
    except ValueError:
        return None

"""Asking: a question becomes a turn with one queued answer for each model, in one transaction."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import (
    Conflict,
    ConversationNotFound,
    SessionNotFound,
    ValidationFailed,
)
from chatsite.lib.ids import uuid7
from llm import answers
from llm.answers.records import label_of
from llm.limits.admission import require_room
from llm.models import Answer, Conversation, ModelConfig, Turn
from llm.turns.access import as_uuid, models_for
from sessions_app import actions as sessions
from sessions_app.access import staff_session_for
from sessions_app.actions.drafts import clean_text
from sessions_app.models import Message

TITLE_CHARS = 80
STYLES = ("shorter", "friendlier", "translate")


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """A turn and the message that asks. ``created`` is false when the same send was stored.

    ``slots`` are the answers that were queued, where they were.
    """

    turn: Turn
    message: Message
    created: bool
    slots: Sequence[Answer] = ()


def ask(
    *,
    viewer: Viewer,
    conversation_id: object,
    content: object,
    model_ids: Sequence[int] | None = None,
    client_msg_id: object = None,
    params: Mapping[str, Any] | None = None,
    blind: bool = False,
) -> Asked:
    """Put a question to the models, by default those of the conversation; they answer in parallel.

    A slot is an index of ``model_ids``. The same ``client_msg_id`` again returns the first turn.
    Raises :class:`ConversationNotFound`, :class:`ModelNotFound`, :class:`ValidationFailed`, and
    :class:`Conflict` while an earlier turn runs, or for a known id with another body.
    """
    conversation = _conversation(viewer, conversation_id)
    with transaction.atomic():
        try:
            posted = sessions.post_message(
                viewer=viewer,
                session_id=conversation.pk,
                content=content,
                client_msg_id=client_msg_id,
            )
        except SessionNotFound:
            raise ConversationNotFound from None
        if not posted.created:
            return _asked_before(posted.message)
        # Posting holds the session's lock: of two questions at once, one finds the other running.
        if Turn.objects.filter(session=conversation.pk, finished_at__isnull=True).exists():
            raise Conflict("The models are still answering; wait, or stop them")
        models = checked_models(conversation.model_ids if model_ids is None else model_ids)
        turn = turn_of(posted.message, asked_by=viewer.user_id, blind=blind)
        turn.save(force_insert=True)
        slots = queue_answers(turn, models, params or {})
        _name(viewer, conversation, posted.message)
    return Asked(turn, posted.message, created=True, slots=slots)


def turn_of(question: Message, *, asked_by: int, blind: bool) -> Turn:
    """Return the turn that a question begins, not stored yet."""
    return Turn(
        kind=Turn.Kind.COMPARE,
        session_id=question.session_id,
        question_id=question.pk,
        asked_by_id=asked_by,
        watermark=question.seq,
        blind=blind,
    )


def _conversation(viewer: Viewer, conversation_id: object) -> Conversation:
    """Return a conversation; whether the viewer may see it is for posting in it to say."""
    pk = as_uuid(conversation_id)
    found = Conversation.objects.filter(pk=pk).first() if pk and viewer.is_staff else None
    if found is None:
        raise ConversationNotFound
    return found


def _asked_before(message: Message) -> Asked:
    turn = Turn.objects.filter(question=message).first()
    if turn is None:
        raise Conflict("This client_msg_id was used for a message that asked no model")
    return Asked(turn, message, created=False)


def _name(viewer: Viewer, conversation: Conversation, question: Message) -> None:
    if title := title_from(question, conversation.session.title):
        sessions.describe(viewer=viewer, session_id=conversation.pk, title=title)


def title_from(question: Message, title: str) -> str | None:
    """Return what a conversation called ``title`` is to be called by its first question."""
    if question.seq != 1 or title:
        return None
    words = " ".join(question.content.split())
    return words if len(words) <= TITLE_CHARS else words[: TITLE_CHARS - 1].rstrip() + "…"


def ask_about(
    *,
    viewer: Viewer,
    session_id: object,
    kind: str,
    input: Mapping[str, Any] | None = None,
    model_ids: Sequence[int],
    blind: bool = False,
) -> Turn:
    """Ask models for help with a customer's chat: draft, summary, rewrite, or tags.

    ``input`` is by kind: draft ``{"instruction"?}``, rewrite ``{"text", "how", "language"?}``.
    Nothing of it reaches the customer. Raises :class:`SessionNotFound`,
    :class:`PermissionDenied`, :class:`ModelNotFound` and :class:`ValidationFailed`.
    """
    session = staff_session_for(viewer, session_id)
    if not session.is_served:
        raise ValidationFailed.of("session", "is no customer's chat")
    if kind not in _INPUTS:
        raise ValidationFailed.of("kind", "one of draft, summary, rewrite, tags", "invalid_choice")
    models = checked_models(model_ids)
    with transaction.atomic():
        turn = Turn.objects.create(
            kind=kind,
            session=session,
            asked_by_id=viewer.user_id,
            watermark=session.last_seq,
            input=_checked_input(kind, input or {}),
            blind=blind,
        )
        queue_answers(turn, models, {})
    return turn


_INPUTS: dict[str, tuple[str, ...]] = {
    Turn.Kind.DRAFT: ("instruction",),
    Turn.Kind.SUMMARY: (),
    Turn.Kind.REWRITE: ("text", "how", "language"),
    Turn.Kind.TAGS: (),
}


def _checked_input(kind: str, given: Mapping[str, Any]) -> dict[str, str]:
    if unknown := set(given) - set(_INPUTS[kind]):
        raise ValidationFailed.of(f"input.{min(unknown)}", "not known for this kind")
    taken = {
        name: clean_text(f"input.{name}", value, most=settings.MESSAGE_MAX_CHARS)
        for name, value in given.items()
    }
    if kind == Turn.Kind.REWRITE:
        if not taken.get("text", "").strip():
            raise ValidationFailed.of("input.text", "may not be empty", "blank")
        if taken.get("how") not in STYLES:
            raise ValidationFailed.of("input.how", f"one of {', '.join(STYLES)}", "invalid_choice")
    return taken


def checked_models(model_ids: Sequence[int]) -> list[ModelConfig]:
    """Return 1 to ``LLM_MAX_SLOTS`` enabled models for so many ids; one may stand twice."""
    if not 1 <= len(model_ids) <= settings.LLM_MAX_SLOTS:
        raise ValidationFailed.of("model_ids", f"1 to {settings.LLM_MAX_SLOTS} models")
    models = models_for(model_ids)
    return [models[model_id] for model_id in model_ids]


def queue_answers(
    turn: Turn, models: Sequence[ModelConfig], params: Mapping[str, Any]
) -> list[Answer]:
    """Make the slots of a new turn, and have workers take them after the commit.

    Raises :class:`RateLimited` when too many are open already.
    """
    if turn.asked_by_id is not None:
        require_room(user_id=turn.asked_by_id, models=models)
    made = Answer.objects.bulk_create(slots_of(turn, models, params))
    answers.wake_for(made)
    return made


def slots_of(turn: Turn, models: Sequence[ModelConfig], params: Mapping[str, Any]) -> list[Answer]:
    """Return an answer to queue for each model, in their order, none stored yet."""
    purposes = {Turn.Kind.COMPARE: Answer.Purpose.COMPARE, Turn.Kind.DRAFT: Answer.Purpose.DRAFT}
    now = clock.now()
    return [
        Answer(
            id=uuid7(),
            purpose=purposes.get(Turn.Kind(turn.kind), Answer.Purpose.ASSIST),
            turn_id=turn.pk,
            slot=slot,
            model_id=model.pk,
            model_label=label_of(model),
            params=dict(params),
            created_at=now,
        )
        for slot, model in enumerate(models)
    ]

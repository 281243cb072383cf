"""Help for an agent with a chat: which models give it, and what the agent made of it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from rapidfuzz.distance import Levenshtein

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import Conflict, ModelNotFound, ValidationFailed
from llm.models import Answer, ModelConfig, Turn
from llm.turns.access import as_uuid, turn_for
from llm.turns.asking import ask_about
from sessions_app.models import Message, MessageKind


def ask_for_help(
    *,
    viewer: Viewer,
    session_id: object,
    kind: str,
    input: Mapping[str, Any] | None = None,
    models: int = 1,
) -> Turn:
    """Ask for a draft, a summary, a rewriting or tags; ``models`` is how many stand side by side.

    An agent does not choose who drafts: models are drawn by their ``draft_weight``, and their names
    stay hidden until a draft is used, so that what is counted is the text. Other help comes from
    the default model. Raises what :func:`ask_about` raises, and :class:`ModelNotFound` when no
    model takes part.
    """
    if kind != Turn.Kind.DRAFT:
        return ask_about(
            viewer=viewer, session_id=session_id, kind=kind, input=input, model_ids=_default()
        )
    return ask_about(
        viewer=viewer,
        session_id=session_id,
        kind=kind,
        input=input,
        model_ids=_drawn(models),
        blind=True,
    )


def _default() -> list[int]:
    found = ModelConfig.objects.filter(enabled=True).order_by("-is_default", "pk").first()
    if found is None:
        raise ModelNotFound("No model is enabled")
    return [found.pk]


def _drawn(count: int) -> list[int]:
    """Draw models by weight, each once; fewer than ``count`` where there are not so many."""
    weights = dict(
        ModelConfig.objects.filter(enabled=True, draft_weight__gt=0).values_list(
            "pk", "draft_weight"
        )
    )
    if not weights:
        raise ModelNotFound("No enabled model takes part in drafts")
    drawn: list[int] = []
    for _ in range(min(count, len(weights), settings.LLM_MAX_SLOTS)):
        # No secret: chance only shares the work out.
        (one,) = random.choices(list(weights), weights=list(weights.values()))  # noqa: S311
        drawn.append(one)
        del weights[one]
    return drawn


def use_draft(*, viewer: Viewer, turn_id: object, slot: int, message_id: object) -> Turn:
    """Note which draft the agent sent, as which message, and how much of it was changed.

    Time to send, later rating and reopening are those of the message and its session. Saying it
    again changes nothing. Raises :class:`NotFound`, :class:`ValidationFailed` for a draft or a
    message that cannot be meant, and :class:`Conflict` when another message was named before.
    """
    with transaction.atomic():
        turn = turn_for(viewer, turn_id)
        turn = Turn.objects.select_for_update(no_key=True, of=("self",)).get(pk=turn.pk)
        if turn.kind != Turn.Kind.DRAFT:
            raise ValidationFailed.of("turn", "is no draft")
        answer = Answer.objects.filter(turn=turn, slot=slot, is_current=True).first()
        if answer is None or not answer.text:
            raise ValidationFailed.of("slot", "holds no draft", "does_not_exist")
        message = _sent(viewer, turn, message_id)
        if turn.sent_message_id not in (None, message.pk):
            raise Conflict("Another message was made of this draft")
        turn.sent_message = message
        turn.edit_distance = Levenshtein.distance(answer.text, message.content)
        if turn.picked_slot != slot:
            turn.picked_slot, turn.picked_at = slot, clock.now()
        turn.save(update_fields=["sent_message", "edit_distance", "picked_slot", "picked_at"])
    return turn


def _sent(viewer: Viewer, turn: Turn, message_id: object) -> Message:
    """The viewer's own message to the customer, sent after the draft was asked for."""
    mine = Message.objects.filter(
        session=turn.session_id,
        sender=viewer.user_id,
        created_at__gte=turn.created_at,
        deleted_at__isnull=True,
    ).exclude(kind__in=[MessageKind.NOTE, MessageKind.EVENT])
    pk = as_uuid(message_id)
    found = mine.filter(pk=pk).first() if pk is not None else None
    if found is None:
        raise ValidationFailed.of("message_id", "no such message of yours here", "does_not_exist")
    return found

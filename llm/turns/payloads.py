"""The JSON shape of conversations and turns. Nothing here queries: what is shown was prefetched."""

from __future__ import annotations

from collections.abc import Iterable

from chatsite.lib.clock import rfc3339, rfc3339_or_none
from llm.models import Answer, Conversation, Turn
from sessions_app.models import Message
from sessions_app.payloads import Payload
from sessions_app.payloads import message as message_payload

#: What a failed slot says, by its code; the provider's own words are never shown.
MESSAGES = {
    "PROVIDER_TIMEOUT": "The model took too long to answer.",
    "PROVIDER_UNAVAILABLE": "The model is not available now.",
    "PROVIDER_ERROR": "The model could not answer.",
    "MODEL_NOT_FOUND": "The model was removed or switched off.",
    "RATE_LIMITED": "The model takes no more questions now.",
}


def hides_names(turn: Turn) -> bool:
    """Say whether the turn's models must not be told yet."""
    return turn.blind and turn.picked_slot is None


def model_of(answer: Answer, turn: Turn) -> Payload | None:
    """Return ``{id, name}`` of the model that answers, or None while names are hidden."""
    if hides_names(turn):
        return None
    name = answer.model.name if answer.model else answer.model_label
    return {"id": answer.model_id, "name": name}


def error_of(answer: Answer) -> Payload | None:
    """Return ``{code, reason, message}`` of an answer that failed."""
    if answer.status != Answer.Status.FAILED:
        return None
    code = answer.error_code or "PROVIDER_ERROR"
    message = MESSAGES.get(code, MESSAGES["PROVIDER_ERROR"])
    return {"code": code, "reason": answer.error_reason, "message": message}


def result(answer: Answer, turn: Turn) -> Payload:
    """Return one slot of a turn."""
    hidden = hides_names(turn)
    return {
        "slot": answer.slot,
        "attempt": answer.attempt,
        "status": answer.status,
        "model": model_of(answer, turn),
        "text": answer.text,
        "usage": answer.usage(),
        # A price may give a name away.
        "cost": None if hidden or answer.cost is None else float(answer.cost),
        "currency": None if hidden else answer.prices.get("currency"),
        "latency_ms": answer.latency_ms,
        "ttft_ms": answer.ttft_ms,
        "finish_reason": answer.finish_reason,
        "sources": answer.sources,
        "error": error_of(answer),
    }


def turn(item: Turn, answers: Iterable[Answer]) -> Payload:
    """Return a turn with what each slot has come to."""
    return {
        "id": str(item.id),
        "session_id": str(item.session_id),
        "kind": item.kind,
        "status": "running" if item.finished_at is None else "done",
        "blind": item.blind,
        "picked_slot": item.picked_slot,
        "question_id": str(item.question_id) if item.question_id else None,
        "input": item.input,
        "created_at": rfc3339(item.created_at),
        "finished_at": rfc3339_or_none(item.finished_at),
        "results": [result(answer, item) for answer in answers],
    }


def line(message: Message, asked: Payload | None) -> Payload:
    """Return a message of a conversation's history, with the turn that it asked."""
    return message_payload(message, staff=True) | {"turn": asked}


def conversation(item: Conversation, *, running: str | None) -> Payload:
    """Return a conversation; ``running`` is the id of the turn under way."""
    session = item.session
    return {
        "id": str(item.pk),
        "title": session.title,
        "model_ids": item.model_ids,
        "system_prompt": item.system_prompt,
        "tags": [tag.name for tag in session.tags.all()],
        "metadata": session.metadata,
        "created_at": rfc3339(session.created_at),
        "updated_at": rfc3339(session.updated_at),
        "archived_at": rfc3339_or_none(session.archived_at),
        "last_seq": session.last_seq,
        "version": session.version,
        "running_turn_id": running,
    }

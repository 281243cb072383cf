"""Reads of conversations and turns that join, with their prefetches, and pages of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from accounts.viewer import Viewer
from chatsite.lib.errors import ValidationFailed
from llm.models import Answer, Conversation, Turn
from llm.prompts import chosen_tags, known_tags
from llm.turns import payloads
from sessions_app import queries as kernel
from sessions_app.listing import read_cursor, write_cursor
from sessions_app.models import ChatSession, Message
from sessions_app.payloads import Payload


def answers_of(turn_ids: Iterable[UUID]) -> dict[UUID, list[Answer]]:
    """Return the current answers of turns, by turn and in the order of their slots."""
    found: dict[UUID, list[Answer]] = defaultdict(list)
    rows = Answer.objects.filter(turn__in=list(turn_ids), is_current=True)
    for answer in rows.select_related("model").order_by("turn", "slot"):
        assert answer.turn_id is not None
        found[answer.turn_id].append(answer)
    return found


def shown_turn(turn: Turn) -> Payload:
    """Return the payload of a turn with its slots; one that asks for tags, with those it found."""
    answers = answers_of([turn.pk])[turn.pk]
    shown = payloads.turn(turn, answers)
    if turn.kind == Turn.Kind.TAGS:
        known = known_tags()
        named = [tag for answer in answers for tag in chosen_tags(answer.text, known)]
        shown["tags"] = list(dict.fromkeys(named))
    return shown


def shown_conversation(conversation_id: UUID) -> Payload:
    """Return the payload of a conversation."""
    return _shown([_with_session().get(pk=conversation_id)])[0]


def conversation_page(viewer: Viewer, wanted: dict[str, Any]) -> Payload:
    """Return ``{results, next}`` of the viewer's own conversations, the last changed first."""
    # Others' are not listed, not even for an admin: a comparison is a desk, not a record.
    rows = _with_session().filter(
        session__participants__user=viewer.user_id, session__participants__left_at__isnull=True
    )
    rows = rows.filter(session__archived_at__isnull=not wanted["archived"])
    if tag := wanted.get("tag"):
        rows = rows.filter(session__tags__name=tag.lower())
    if words := wanted.get("q"):
        rows = rows.filter(_about(words))
    if cursor := wanted.get("cursor"):
        moment, pk = read_cursor(cursor)
        at, before = "session__updated_at", Q(session__updated_at__lt=moment)
        rows = rows.filter(before | Q(**{at: moment, "pk__lt": pk}))
    limit = wanted["limit"]
    found = list(rows.order_by("-session__updated_at", "-pk")[: limit + 1])
    page = found[:limit]
    last = page[-1].session if page else None
    return {
        "results": _shown(page),
        "next": write_cursor(last.updated_at, last.pk) if last and len(found) > limit else None,
    }


def _with_session() -> Any:
    return Conversation.objects.select_related("session").prefetch_related("session__tags")


def _about(words: str) -> Q:
    """Match a title, a question, or an answer."""
    if "\0" in words:
        raise ValidationFailed.of("q", "may not hold the NUL character")
    asked = Message.objects.filter(session=OuterRef("pk"), content__icontains=words)
    said = Answer.objects.filter(
        turn__session=OuterRef("pk"), is_current=True, text__icontains=words
    )
    return Q(session__title__icontains=words) | Q(Exists(asked)) | Q(Exists(said))


def _shown(page: Sequence[Conversation]) -> list[Payload]:
    running = dict(
        Turn.objects.filter(
            session__in=[item.pk for item in page], finished_at__isnull=True
        ).values_list("session", "pk")
    )
    return [
        payloads.conversation(item, running=str(turn) if (turn := running.get(item.pk)) else None)
        for item in page
    ]


def history_page(
    session: ChatSession, *, limit: int, cursor: str | None = None, order: str = "asc"
) -> Payload:
    """Return ``{results, next}``: messages by seq, each with the turn that it asked.

    ``cursor`` is the seq after which (descending: before which) the page begins.
    """
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 11):
        raise ValidationFailed.of("cursor", "not a cursor of this list")
    rows = kernel.messages_of(session.pk, staff=True)
    if cursor is not None:
        rows = rows.filter(**{"seq__gt" if order == "asc" else "seq__lt": int(cursor)})
    found = list(rows.order_by("seq" if order == "asc" else "-seq")[: limit + 1])
    page = found[:limit]
    turns = list(Turn.objects.filter(question__in=[message.pk for message in page]))
    answers = answers_of(turn.pk for turn in turns)
    asked = {turn.question_id: payloads.turn(turn, answers[turn.pk]) for turn in turns}
    return {
        "results": [payloads.line(message, asked.get(message.pk)) for message in page],
        "next": str(page[-1].seq) if len(found) > limit else None,
    }

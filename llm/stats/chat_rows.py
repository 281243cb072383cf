"""The chats behind a figure of chats, newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

from accounts.viewer import Viewer
from llm.stats import chats
from llm.stats.window import Window
from sessions_app.listing import read_cursor, write_cursor
from sessions_app.models import ChatSession

Mine = QuerySet[ChatSession]
# What can be asked for: rows that have a chat, which of their moments counts, where the chat is.
_ROWS: Mapping[str, tuple[Callable[[Mine], QuerySet[Any]], str, str]] = {
    "opened": (lambda mine: mine, "created_at", "pk"),
    "closed": (lambda mine: mine, "closed_at", "pk"),
    "without_person": (chats.without_person, "closed_at", "pk"),
    "rated": (chats.rated, "closed_at", "pk"),
    "answered": (chats.answered, "created_at", "pk"),
    "handoffs": (chats.handoffs_in, "created_at", "session_id"),
    "replies": (chats.replies_in, "created_at", "session_id"),
}
WANTED = tuple(_ROWS)


@dataclass(frozen=True, slots=True)
class ChatRow:
    """A chat, and the moment for which it was counted."""

    at: dt.datetime
    session: ChatSession


@dataclass(frozen=True, slots=True)
class ChatPage:
    """Some rows, and the cursor for more."""

    rows: list[ChatRow]
    next: str | None


def page(
    viewer: Viewer, window: Window, wanted: str, *, cursor: str = "", limit: int = 50
) -> ChatPage:
    """Return a page of what a figure of chats counts; ``wanted`` is one of WANTED."""
    choose, moment, place = _ROWS[wanted]
    found = choose(chats.of(viewer)).filter(
        **{f"{moment}__gte": window.start, f"{moment}__lt": window.end}
    )
    if cursor:
        at, pk = read_cursor(cursor)
        found = found.filter(Q(**{f"{moment}__lt": at}) | Q(**{moment: at, "pk__lt": pk}))
    lines = found.annotate(counted_at=F(moment), chat=F(place)).order_by(f"-{moment}", "-pk")
    read = list(lines.values_list("pk", "counted_at", "chat")[: limit + 1])
    shown = read[:limit]
    more = write_cursor(shown[-1][1], shown[-1][0]) if len(read) > limit else None
    sessions = ChatSession.objects.in_bulk({chat for _, _, chat in shown})
    return ChatPage([ChatRow(at, sessions[chat]) for _, at, chat in shown], more)


def as_json(row: ChatRow) -> dict[str, Any]:
    """Return the shape of a row in the API."""
    session = row.session
    return {
        "at": row.at,
        "session_id": str(session.pk),
        "status": session.status,
        "opened_at": session.created_at,
        "closed_at": session.closed_at,
        "rating": session.rating_score,
    }

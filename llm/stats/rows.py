"""The answers behind a figure, newest first, without a word of what was said.

Whoever asked models blindly shall not learn here who was who. A row of such a turn names no model
until one is picked; and where the model is known before, because the list is of one model, the row
is not shown but only counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from accounts.viewer import Viewer
from llm.models import Answer
from llm.stats import drafts
from llm.stats.chosen import EVERYTHING, Chosen
from llm.stats.counting import (
    GROUNDED,
    OUTCOMES,
    REFUSED,
    UNSUPPORTED,
    asked_of_models,
    outcome,
)
from llm.stats.picks import PICKED, compared
from llm.stats.window import Window
from sessions_app.listing import read_cursor, write_cursor
from sessions_app.models import ChatSession, SessionKind

# What can be asked for beside the outcomes themselves.
REQUESTS, BESIDE, WON = "requests", "beside", "picked"
OF_DRAFTS = ("shown", "sent", "unchanged", "rated", "closed", "reopened")
WANTED = (REQUESTS, *OUTCOMES, "grounded", "unsupported", BESIDE, WON, *OF_DRAFTS)

HIDDEN = Q(turn__blind=True, turn__picked_slot__isnull=True)


@dataclass(frozen=True, slots=True)
class Row:
    """An answer, and the chat it belongs to if the viewer may see that."""

    answer: Answer
    outcome: str
    session_id: UUID | None
    is_support: bool

    @property
    def is_hidden(self) -> bool:
        """Whether its model may not be told yet."""
        turn = self.answer.turn
        return turn is not None and turn.blind and turn.picked_slot is None

    @property
    def model(self) -> str | None:
        """Its model's name; None while that is hidden."""
        if self.is_hidden:
            return None
        return self.answer.model.name if self.answer.model else self.answer.model_label

    @property
    def picked(self) -> bool | None:
        """Whether somebody picked it; None where nothing was picked."""
        turn = self.answer.turn
        if turn is None or turn.picked_slot is None or not self.answer.is_current:
            return None
        return turn.picked_slot == self.answer.slot

    @property
    def reason(self) -> str:
        """Why it ended; what a model wrote as its reason only for who may see the chat."""
        told = self.session_id or self.answer.status != Answer.Status.HANDOFF
        return self.answer.error_reason if told else ""

    @property
    def sent(self) -> Sent | None:
        """What the agent made of it, if it is a draft that was sent."""
        turn = self.answer.turn
        if turn is None or turn.sent_message is None or not self.picked:
            return None
        wait = turn.sent_message.created_at - turn.created_at
        return Sent(
            edit_distance=turn.edit_distance or 0,
            after_s=wait.total_seconds(),
            rating=turn.session.rating_score if self._says("is_rated") else None,
            closed=self._says("is_closed"),
            reopened=self._says("is_closed") and self._says("is_reopened"),
        )

    def _says(self, name: str) -> bool:
        return bool(getattr(self.answer, name))


@dataclass(frozen=True, slots=True)
class Sent:
    """A draft that was sent: characters changed, seconds until then, and what came of it."""

    edit_distance: int
    after_s: float
    rating: int | None
    closed: bool
    reopened: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, the cursor for more, and how many more are not shown for naming a model."""

    rows: list[Row]
    next: str | None
    hidden: int


def page(
    viewer: Viewer,
    window: Window,
    chosen: Chosen = EVERYTHING,
    *,
    wanted: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page:
    """Return a page of what a figure counts; ``wanted`` is one of WANTED, or all rows."""
    found = _chosen(window, wanted, chosen)
    hidden = 0
    if chosen.is_of_one_model:
        hidden = found.filter(HIDDEN).count()
        found = found.exclude(HIDDEN)
    if cursor:
        at, pk = read_cursor(cursor)
        found = found.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))
    read = list(_whole(found).order_by("-created_at", "-pk")[: limit + 1])
    shown = read[:limit]
    more = write_cursor(shown[-1].created_at, shown[-1].pk) if len(read) > limit else None
    return Page(_rows(viewer, shown), more, hidden)


def _whole(found: QuerySet[Answer]) -> QuerySet[Answer]:
    """With all that a row shows."""
    return (
        found.annotate(
            outcome=outcome(),
            **{f"is_{name}": _flag(condition) for name, condition in _of_sent().items()},
        )
        .select_related("turn__sent_message", "turn__session", "model")
        .defer("text", "sources", "turn__input", "turn__sent_message__content")
    )


def _of_sent() -> dict[str, Q]:
    return {
        "rated": drafts.rated(),
        "closed": drafts.closed(),
        "reopened": drafts.reopened(),
    }


def _flag(condition: Q) -> ExpressionWrapper[Any]:
    return ExpressionWrapper(condition, output_field=BooleanField())


def _chosen(window: Window, wanted: str, chosen: Chosen) -> QuerySet[Answer]:
    if wanted in (BESIDE, WON):
        found = compared(window, chosen)
        return found.filter(PICKED) if wanted == WON else found
    if wanted in OF_DRAFTS:
        conditions = {
            **_of_sent(),
            "shown": Q(),
            "sent": drafts.SENT,
            "unchanged": drafts.UNCHANGED,
        }
        return drafts.shown(window, chosen).filter(conditions[wanted])
    answers = asked_of_models().filter(
        chosen.of_answers(), created_at__gte=window.start, created_at__lt=window.end
    )
    if wanted == "grounded":
        return answers.filter(GROUNDED)
    if wanted == "unsupported":
        return answers.filter(UNSUPPORTED)
    answers = answers.annotate(became=outcome())
    if wanted == REQUESTS:
        return answers.exclude(became__in=REFUSED)
    return answers.filter(became=wanted) if wanted else answers


def _rows(viewer: Viewer, shown: Sequence[Answer]) -> list[Row]:
    ids = {pk for answer in shown if (pk := _session_id(answer))}
    seen = dict(ChatSession.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "kind"))
    return [_row(answer, seen) for answer in shown]


def _row(answer: Any, seen: Mapping[UUID, str]) -> Row:
    session_id = _session_id(answer)
    if session_id is None or session_id not in seen:
        return Row(answer, answer.outcome, None, is_support=False)
    return Row(answer, answer.outcome, session_id, seen[session_id] == SessionKind.SUPPORT)


def _session_id(answer: Answer) -> UUID | None:
    return answer.session_id or (answer.turn.session_id if answer.turn else None)


def as_json(row: Row) -> dict[str, Any]:
    """Return the shape of a row in the API."""
    answer, sent = row.answer, row.sent
    # A price may give a name away.
    cost = None if row.is_hidden or answer.cost is None else str(answer.cost)
    return {
        "id": str(answer.pk),
        "created_at": answer.created_at,
        "model_id": None if row.is_hidden else answer.model_id,
        "model": row.model,
        "hidden": row.is_hidden,
        "purpose": answer.purpose,
        "outcome": row.outcome,
        "support": answer.support,
        "error_code": answer.error_code,
        "reason": row.reason,
        "attempt": answer.attempt,
        "tokens": {
            "prompt": answer.prompt_tokens,
            "completion": answer.completion_tokens,
            "total": answer.total_tokens,
            "source": answer.usage_source,
        },
        "cost": cost,
        "currency": None if row.is_hidden else answer.prices.get("currency") or None,
        "ttft_ms": answer.ttft_ms,
        "latency_ms": answer.latency_ms,
        "session_id": None if row.session_id is None else str(row.session_id),
        "turn_id": str(answer.turn_id) if answer.turn_id and row.session_id else None,
        "slot": answer.slot,
        "picked": row.picked,
        "sent": None
        if sent is None
        else {
            "edit_distance": sent.edit_distance,
            "after_s": sent.after_s,
            "rating": sent.rating,
            "closed": sent.closed,
            "reopened": sent.reopened,
        },
    }

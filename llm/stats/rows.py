"""The answers behind a figure, newest first, without a word of what was said."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q, QuerySet

from accounts.viewer import Viewer
from chatsite.lib.errors import ValidationFailed
from llm.models import Answer
from llm.stats.picks import PICKED, compared
from llm.stats.usage import OUTCOMES, REFUSED, answers, outcome
from llm.stats.window import Window
from sessions_app.models import ChatSession, SessionKind

# What can be asked for beside the outcomes themselves.
REQUESTS, BESIDE, WON = "requests", "beside", "picked"
WANTED = (REQUESTS, *OUTCOMES, BESIDE, WON)


@dataclass(frozen=True, slots=True)
class Row:
    """An answer, and the chat it belongs to if the viewer may see that."""

    answer: Answer
    outcome: str
    session_id: UUID | None
    is_support: bool

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


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursor for more."""

    rows: list[Row]
    next: str | None


def page(
    viewer: Viewer,
    window: Window,
    *,
    wanted: str = "",
    model_id: int | None = None,
    deleted_model: str = "",
    purpose: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page:
    """Return a page of what a figure counts; ``wanted`` is one of WANTED, or all rows."""
    found = _chosen(window, wanted, model_id, purpose)
    if deleted_model:
        found = found.filter(model__isnull=True, model_label=deleted_model)
    if cursor:
        at, pk = _read_cursor(cursor)
        found = found.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))
    found = found.annotate(outcome=outcome()).select_related("turn", "model").defer("text")
    read = list(found.order_by("-created_at", "-pk")[: limit + 1])
    shown = read[:limit]
    more = _cursor(shown[-1]) if len(read) > limit else None
    return Page(_rows(viewer, shown), more)


def _chosen(window: Window, wanted: str, model_id: int | None, purpose: str) -> QuerySet[Answer]:
    if wanted in (BESIDE, WON):
        found = compared(window, model_id=model_id, purpose=purpose)
        return found.filter(PICKED) if wanted == WON else found
    found = answers(window, model_id=model_id, purpose=purpose).annotate(became=outcome())
    if wanted == REQUESTS:
        return found.exclude(became__in=REFUSED)
    return found.filter(became=wanted) if wanted else found


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


def _cursor(last: Answer) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([last.created_at.isoformat(), last.pk])).decode()


def _read_cursor(raw: str) -> tuple[dt.datetime, UUID]:
    try:
        at, pk = orjson.loads(base64.urlsafe_b64decode(raw.encode("ascii")))
        moment = dt.datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("without a time zone")
        return moment, UUID(pk)
    except (ValueError, TypeError, AttributeError):
        raise ValidationFailed.of("cursor", "not a cursor of this list") from None


def as_json(row: Row) -> dict[str, Any]:
    """Return the shape of a row in the API."""
    answer = row.answer
    return {
        "id": str(answer.pk),
        "created_at": answer.created_at,
        "model_id": answer.model_id,
        "model": answer.model.name if answer.model else answer.model_label,
        "purpose": answer.purpose,
        "outcome": row.outcome,
        "error_code": answer.error_code,
        "reason": row.reason,
        "attempt": answer.attempt,
        "tokens": {
            "prompt": answer.prompt_tokens,
            "completion": answer.completion_tokens,
            "total": answer.total_tokens,
            "source": answer.usage_source,
        },
        "cost": None if answer.cost is None else str(answer.cost),
        "currency": answer.prices.get("currency") or None,
        "ttft_ms": answer.ttft_ms,
        "latency_ms": answer.latency_ms,
        "session_id": None if row.session_id is None else str(row.session_id),
        "turn_id": str(answer.turn_id) if answer.turn_id and row.session_id else None,
        "slot": answer.slot,
        "picked": row.picked,
    }

"""Pages of sessions and messages by keyset: a cursor is a place, not a number of rows."""

import base64
import datetime as dt
import uuid
from typing import Any

import orjson
from django.db.models import Exists, OuterRef, Q

from accounts.viewer import Viewer
from chatsite.lib.errors import ValidationFailed
from chatsite.lib.spans import Span
from sessions_app import payloads, queries
from sessions_app.access import Membership
from sessions_app.models import (
    ChatSession,
    Message,
    MessageKind,
    SessionQuerySet,
    SessionStatus,
    Tag,
)

Place = tuple[dt.datetime, uuid.UUID]


def session_page(viewer: Viewer, wanted: dict[str, Any]) -> payloads.Payload:
    """Return ``{results, next}`` of the sessions that the viewer may see and asked for."""
    sessions = _filtered(viewer, wanted)
    place = read_cursor(wanted["cursor"]) if wanted.get("cursor") else None
    if wanted["ordering"] == "waiting":
        key, sessions = "waiting_since", _longest_waiting(sessions, place)
    else:
        key, sessions = "updated_at", _newest(sessions, place)
    limit = wanted["limit"]
    found = list(queries.with_people(sessions)[: limit + 1])
    page = found[:limit]
    more = len(found) > limit
    return {
        "results": queries.shown(page, staff=viewer.is_staff),
        "next": write_cursor(getattr(page[-1], key), page[-1].pk) if more else None,
    }


def _newest(sessions: SessionQuerySet, place: Place | None) -> SessionQuerySet:
    if place is not None:
        moment, pk = place
        sessions = sessions.filter(
            Q(updated_at__lt=moment) | Q(updated_at=moment, pk__lt=pk),
            recency__lte=Span.of(moment),  # the same once more, for the index
        )
    return sessions.order_by("-recency", "-updated_at", "-pk")


def _longest_waiting(sessions: SessionQuerySet, place: Place | None) -> SessionQuerySet:
    # Nobody waits in a closed one; the open ones have an index.
    sessions = sessions.filter(waiting_since__isnull=False).exclude(status=SessionStatus.CLOSED)
    if place is not None:
        moment, pk = place
        sessions = sessions.filter(Q(waiting_since__gt=moment) | Q(waiting_since=moment, pk__gt=pk))
    return sessions.order_by("waiting_since", "pk")


def _filtered(viewer: Viewer, wanted: dict[str, Any]) -> SessionQuerySet:
    sessions = ChatSession.objects.visible_to(viewer).filter(archived_at__isnull=True)
    if viewer.is_staff:
        sessions = sessions.served()
    if wanted.get("status"):
        sessions = sessions.filter(status__in=wanted["status"])
    match wanted.get("assignee"):
        case None:
            pass
        case "none":
            sessions = sessions.filter(assignee__isnull=True)
        case "me":
            sessions = sessions.filter(assignee_id=viewer.user_id)
        case number:
            sessions = sessions.filter(assignee_id=number)
    if wanted.get("team"):
        sessions = sessions.filter(team_id=wanted["team"])
    if wanted.get("tag"):
        # Tags are for staff: a customer who could filter by them would learn of them.
        tagged = sessions.filter(tags__name=wanted["tag"].strip().lower())
        sessions = tagged if viewer.is_staff else sessions.none()
    if wanted.get("customer"):
        sessions = sessions.filter(customer_id=wanted["customer"])
    if wanted.get("unread") is not None:
        field = "staff_unread" if viewer.is_staff else "customer_unread"
        some = Q(**{f"{field}__gt": 0})
        sessions = sessions.filter(some if wanted["unread"] else ~some)
    if words := wanted.get("q"):
        sessions = _matching(sessions, words, staff=viewer.is_staff)
    return sessions


def _matching(sessions: SessionQuerySet, words: str, *, staff: bool) -> SessionQuerySet:
    if "\0" in words:
        raise ValidationFailed.of("q", "may not hold the NUL character")
    said = Message.objects.filter(session=OuterRef("pk"), content__icontains=words)
    people = Q(customer__display_name__icontains=words) | Q(customer__email__icontains=words)
    found = Q(title__icontains=words) | people
    if not staff:
        return sessions.filter(found | Exists(said.exclude(kind=MessageKind.NOTE)))
    tagged = Tag.objects.filter(sessions=OuterRef("pk"), name__icontains=words)
    return sessions.filter(found | Exists(said) | Exists(tagged))


def write_cursor(moment: dt.datetime, pk: uuid.UUID) -> str:
    """Return the cursor of a place in a list ordered by a moment and an id."""
    return base64.urlsafe_b64encode(orjson.dumps([moment.isoformat(), pk])).decode()


def read_cursor(raw: str) -> Place:
    """Return the place that a cursor names; raise :class:`ValidationFailed` for anything else."""
    try:
        moment, pk = orjson.loads(base64.urlsafe_b64decode(raw.encode("ascii")))
        return as_moment(moment), uuid.UUID(pk)
    except (ValueError, TypeError, AttributeError):
        raise ValidationFailed.of("cursor", "not a cursor of this list") from None


def as_moment(text: str) -> dt.datetime:
    """Return the moment, in UTC, that a cursor holds; raise ValueError for anything else."""
    read = dt.datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError("without a time zone")
    try:
        return read.astimezone(dt.UTC)
    except OverflowError:  # before the year 1 or after 9999, once it is in UTC
        raise ValueError("no moment in UTC") from None


def counts(viewer: Viewer) -> dict[str, int]:
    """Return how many sessions each view of the console holds."""
    sessions = ChatSession.objects.visible_to(viewer).filter(archived_at__isnull=True)
    if viewer.is_staff:
        sessions = sessions.served()
    is_open = sessions.exclude(status=SessionStatus.CLOSED)
    field = "staff_unread" if viewer.is_staff else "customer_unread"
    return {
        "waiting": sessions.filter(status=SessionStatus.QUEUED).count(),
        "mine": is_open.filter(assignee_id=viewer.user_id).count(),
        "bot": sessions.filter(status=SessionStatus.BOT).count(),
        "open": is_open.count(),
        "closed": sessions.filter(status=SessionStatus.CLOSED).count(),
        "unread": is_open.filter(**{f"{field}__gt": 0}).count(),
    }


def message_page(
    member: Membership,
    *,
    limit: int,
    after_seq: int | None = None,
    before_seq: int | None = None,
    cursor: int | None = None,
) -> payloads.Payload:
    """Return ``{results, next}``, ascending; with ``before_seq`` the page that ends there.

    ``cursor`` is ``next`` of the page before: it takes the place of whichever of the two was given.
    """
    if cursor is not None and before_seq is not None:
        before_seq = cursor
    elif cursor is not None:
        after_seq = cursor
    rows = queries.messages_of(member.session_id, staff=member.staff)
    if before_seq is not None:
        found = list(rows.filter(seq__lt=before_seq).order_by("-seq")[: limit + 1])
        page = found[:limit][::-1]
        following = str(page[0].seq) if len(found) > limit else None
    else:
        found = list(rows.filter(seq__gt=after_seq or 0)[: limit + 1])
        page = found[:limit]
        following = str(page[-1].seq) if len(found) > limit else None
    return {
        "results": [payloads.message(item, staff=member.staff) for item in page],
        "next": following,
    }


def history_page(
    member: Membership, *, limit: int, order: str = "asc", cursor: int | None = None
) -> payloads.Payload:
    """Return ``{results, next}`` from the beginning, or with ``desc`` from the end."""
    rows = queries.messages_of(member.session_id, staff=member.staff)
    if order == "desc":
        rows = rows.order_by("-seq")
    if cursor is not None:
        rows = rows.filter(seq__lt=cursor) if order == "desc" else rows.filter(seq__gt=cursor)
    found = list(rows[: limit + 1])
    page = found[:limit]
    return {
        "results": [payloads.message(item, staff=member.staff) for item in page],
        "next": str(page[-1].seq) if len(found) > limit else None,
    }

"""The JSON shape of things for a viewer, shared by REST and live frames.  Nothing here queries:
what is shown was prefetched by :mod:`sessions_app.queries`."""

from collections.abc import Collection
from typing import Any

from accounts.models import Role, User
from accounts.viewer import Viewer
from chatsite.lib import ids
from chatsite.lib.clock import rfc3339, rfc3339_or_none
from sessions_app import links
from sessions_app.models import Attachment, ChatSession, Message, SenderKind

Payload = dict[str, Any]


def person(user: User) -> Payload:
    """Return ``{id, kind, name, avatar}`` of a user."""
    kind = SenderKind.CUSTOMER if user.role == Role.CUSTOMER else SenderKind.AGENT
    return {"id": user.pk, "kind": kind, "name": user.name, "avatar": user.avatar or None}


def viewer_as_person(viewer: Viewer) -> Payload:
    """Return :func:`person` for a viewer."""
    kind = SenderKind.AGENT if viewer.is_staff else SenderKind.CUSTOMER
    return {
        "id": viewer.user_id,
        "kind": kind,
        "name": viewer.name,
        "avatar": viewer.avatar or None,
    }


def attachment(item: Attachment) -> Payload:
    """Return an attachment as clients see it; ``url`` works by itself for up to an hour."""
    shape: Payload = {
        "id": str(item.id),
        "url": links.signed(item.id),
        "kind": item.kind,
        "name": item.name,
        "mime": item.mime,
        "size": item.size,
    }
    if item.width:
        shape |= {"width": item.width, "height": item.height}
    return shape


def message(item: Message, *, staff: bool, attachments: list[Attachment] | None = None) -> Payload:
    """Return a message; ``prev_seq`` is the number before it that this kind of viewer can see.

    ``attachments`` must be given unless they were prefetched.
    """
    deleted = item.deleted_at is not None
    files = item.attachments.all() if attachments is None else attachments
    return {
        "id": ids.text(item.id),
        "session_id": ids.text(item.session_id),
        "seq": item.seq,
        "prev_seq": item.seq - 1 if staff else item.prev_public_seq,
        "kind": item.kind,
        "sender": {
            "id": item.sender_id,
            "kind": item.sender_kind,
            "name": item.sender_name,
            "avatar": item.sender_avatar or None,
        },
        "content": "" if deleted else item.content,
        "attachments": [] if deleted else [attachment(file) for file in files],
        "client_msg_id": item.client_msg_id,
        "reply_to": str(item.reply_to_id) if item.reply_to_id else None,
        "created_at": rfc3339(item.created_at),
        "edited_at": rfc3339_or_none(item.edited_at),
        "deleted_at": rfc3339_or_none(item.deleted_at),
        "metadata": item.metadata,
    }


def session(
    item: ChatSession, *, staff: bool, newest: Message | None, online: Collection[int]
) -> Payload:
    """Return a session; ``newest`` is its last message for this kind of viewer and ``online``
    the ids of the users who are connected."""
    last_seq, version = item.head_for(staff=staff)
    shape: Payload = {
        "id": str(item.id),
        "kind": item.kind,
        "status": item.status,
        "title": item.title,
        "created_at": rfc3339(item.created_at),
        "updated_at": rfc3339(item.updated_at),
        "last_seq": last_seq,
        "version": version,
        "last_message": None if newest is None else message(newest, staff=staff),
        "unread": item.staff_unread if staff else item.customer_unread,
        "participants": [
            {
                "user": person(place.user),
                "role": place.role,
                "read_seq": place.read_seq,
                "online": place.user_id in online,
            }
            for place in item.participants.all()
            if place.left_at is None and place.role != "observer"
        ],
        "assignee": person(item.assignee) if item.assignee else None,
        "team": {"id": item.team.pk, "name": item.team.name} if item.team else None,
        "tags": [tag.name for tag in item.tags.all()] if staff else [],
        "metadata": item.metadata,
        "archived_at": rfc3339_or_none(item.archived_at),
        "floor": item.floor,
        "live_turn": str(item.live_turn) if item.live_turn else None,
        "closed_at": rfc3339_or_none(item.closed_at),
        "rating": (
            {"score": item.rating_score, "comment": item.rating_comment}
            if item.rating_score
            else None
        ),
    }
    if staff:
        shape |= {
            "waiting_since": rfc3339_or_none(item.waiting_since),
            "source": item.source,
            "customer": (
                person(item.customer)
                | {
                    "email": item.customer.email,
                    "is_visitor": item.customer.is_visitor,
                    "online": item.customer.pk in online,
                }
                if item.customer
                else None
            ),
        }
    return shape

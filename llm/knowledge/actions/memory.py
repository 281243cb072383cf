"""What is remembered of customers, and how it is forgotten."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.identity import proven
from accounts.models import Role, User
from chatsite.lib import clock
from llm.knowledge import outbox
from llm.knowledge.models import IndexJob, Memory
from llm.knowledge.terms import tokens
from llm.text import visible
from sessions_app.models import Message, MessageKind, SenderKind, SessionKind

FEWEST_TERMS = 2
LONGEST_TEXT = 2_000
BATCH = 500
OVERLAP = dt.timedelta(minutes=2)
LOOKED_BACK = dt.timedelta(days=90)

_seen_until: dt.datetime | None = None


def collect() -> int:
    """Remember what customers whose identity is proven said lately; returns how many messages.

    Messages are found by the time in their ids. The last two minutes are read again each time,
    because an id is made before its transaction ends.
    """
    global _seen_until  # noqa: PLW0603 - only a hint where to begin
    if not settings.MEMORY_ENABLED:
        return 0
    since = _seen_until or _first_time()
    made = 0
    while True:
        fresh = list(_said_since(since)[:BATCH])
        made += remember(fresh)
        if fresh:
            since = max(since, fresh[-1].created_at)
        if len(fresh) < BATCH:
            break
    _seen_until = clock.now() - OVERLAP
    return made


def _first_time() -> dt.datetime:
    newest = Memory.objects.order_by("-created_at").values_list("created_at", flat=True).first()
    return (newest - OVERLAP) if newest else clock.now() - LOOKED_BACK


def _said_since(since: dt.datetime) -> QuerySet[Message]:
    known = User.objects.filter(proven(), role=Role.CUSTOMER, is_active=True)
    return Message.objects.filter(
        pk__gte=_first_id(since),
        kind=MessageKind.TEXT,
        sender_kind=SenderKind.CUSTOMER,
        sender__in=known,
        deleted_at__isnull=True,
        session__kind__in=[SessionKind.SUPPORT, SessionKind.ASSISTANT],
        session__archived_at__isnull=True,
        session__customer=F("sender"),
        memory__isnull=True,
    ).order_by("pk")


def _first_id(moment: dt.datetime) -> uuid.UUID:
    """The smallest UUIDv7 of a moment."""
    milliseconds = int(moment.timestamp() * 1000)
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | 0x8 << 60)


def remember(messages: Sequence[Message]) -> int:
    """Keep messages that say something, each once; returns how many are kept."""
    with transaction.atomic():
        Memory.objects.bulk_create(
            [
                Memory(
                    customer_id=message.sender_id,
                    session_id=message.session_id,
                    message=message,
                    text=visible(message.content)[:LONGEST_TEXT],
                    created_at=message.created_at,
                )
                for message in messages
                if message.sender_id and len(set(tokens(message.content))) >= FEWEST_TERMS
            ],
            ignore_conflicts=True,
        )
        kept = list(Memory.objects.filter(message__in=messages).values_list("pk", flat=True))
        outbox.touch(IndexJob.Kind.MEMORY, kept)
    return len(kept)


def prune() -> int:
    """Forget what was taken back, changed or cleared; returns how many."""
    gone = Q(message__deleted_at__isnull=False) | Q(session__archived_at__isnull=False)
    changed = Q(message__edited_at__isnull=False, message__edited_at__gt=F("created_at")) & ~Q(
        text=F("message__content")
    )
    return _forget(Memory.objects.filter(gone | changed))


def forget_session(*, session_id: uuid.UUID) -> int:
    """Forget what was said in a session; returns how many memories that were."""
    return _forget(Memory.objects.filter(session_id=session_id))


def forget_customer(*, customer_id: int) -> int:
    """Forget all that a customer said; returns how many memories that were."""
    return _forget(Memory.objects.filter(customer_id=customer_id))


def _forget(memories: QuerySet[Memory]) -> int:
    with transaction.atomic():
        gone = list(memories.values_list("pk", flat=True))
        outbox.touch(IndexJob.Kind.MEMORY, gone)
        Memory.objects.filter(pk__in=gone).delete()
    return len(gone)

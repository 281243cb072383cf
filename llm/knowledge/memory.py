"""What a customer said in earlier chats, for the same customer only.

The customer is part of the index query, and of the database query that reads every hit again; no
text of a request is ever part of a filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings

from accounts.identity import proven
from accounts.models import Role, User
from llm.knowledge import nearness, vectors
from llm.knowledge.models import Memory
from llm.knowledge.nearness import Asked
from llm.knowledge.terms import tokens
from llm.text import visible

CANDIDATES = 12
RECENT = 200
FEWEST_SHARED_TERMS = 2
LONGEST_LINE = 400


def customer_with_memories(customer_id: int | None) -> int | None:
    """Return the customer if there is anything that may be recalled for them."""
    if customer_id is None or not settings.MEMORY_ENABLED:
        return None
    known = User.objects.filter(proven(), pk=customer_id, role=Role.CUSTOMER)
    there = Memory.objects.filter(customer__in=known).exists()
    return customer_id if there else None


def near(asked: Asked, customer_id: int) -> list[tuple[int, float]]:
    """Ids of the customer's memories near in meaning, with how far above chance."""
    hits = vectors.index.memories_near(asked.vector, customer_id, CANDIDATES)
    return [(pk, asked.lift(similarity)) for pk, similarity in hits]


def recall(
    *,
    customer_id: int,
    question: str,
    near: Sequence[tuple[int, float]] | None,
    besides: UUID | None,
) -> list[str]:
    """Return what the customer said elsewhere that bears on the question, the latest last.

    ``besides`` is the session that is being answered: its messages are in the prompt anyway.
    """
    mine = Memory.objects.filter(
        customer_id=customer_id,
        session__customer_id=customer_id,
        session__archived_at__isnull=True,
        message__deleted_at__isnull=True,
    ).exclude(session_id=besides)
    lifts = {pk: lift for pk, lift in near or () if lift >= nearness.POSSIBLE}
    if near is not None:
        chosen = list(mine.filter(pk__in=lifts).select_related("message"))
        chosen.sort(key=lambda memory: -lifts[memory.pk])
    else:
        chosen = _sharing_words(question, list(mine.select_related("message")[:RECENT]))
    chosen = sorted(chosen[: settings.MEMORY_LINES], key=lambda memory: memory.created_at)
    return [
        f"{memory.created_at:%Y-%m-%d}: {' '.join(visible(memory.message.content).split())}"[
            :LONGEST_LINE
        ]
        for memory in chosen
    ]


def _sharing_words(question: str, memories: Sequence[Memory]) -> list[Memory]:
    asked = set(tokens(question))
    shared = {memory.pk: len(asked & set(tokens(memory.text))) for memory in memories}
    found = [memory for memory in memories if shared[memory.pk] >= FEWEST_SHARED_TERMS]
    return sorted(found, key=lambda memory: -shared[memory.pk])

"""What the kernel asks about turns: which slots of a session are being answered."""

from __future__ import annotations

from uuid import UUID

from llm.models import Answer
from sessions_app.live import slots
from sessions_app.publish import LiveAnswer


def running_slots(session_id: UUID) -> list[LiveAnswer]:
    """Return the slots that are being answered in a session, in one query."""
    rows = Answer.objects.filter(
        turn__session=session_id, is_current=True, status=Answer.Status.RUNNING
    )
    return [
        LiveAnswer(session_id, turn_id, pk, slot, attempt)
        for turn_id, pk, slot, attempt in rows.values_list("turn__pk", "pk", "slot", "attempt")
    ]


slots.register_lookup(running_slots)

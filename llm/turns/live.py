"""What the kernel asks about turns: which slots are being answered, and which are over."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from llm.models import Answer
from sessions_app.live import slots
from sessions_app.publish import LiveAnswer


class TurnSlots:
    """Slots as their rows have them; a query each."""

    def running(self, session_id: UUID) -> list[LiveAnswer]:
        """Return the slots that are being answered in a session."""
        rows = Answer.objects.filter(
            turn__session=session_id, is_current=True, status=Answer.Status.RUNNING
        )
        return [
            LiveAnswer(session_id, turn_id, pk, slot, attempt)
            for turn_id, pk, slot, attempt in rows.values_list("turn__pk", "pk", "slot", "attempt")
        ]

    def ended(self, answer_ids: Collection[str]) -> dict[str, str]:
        """Return those of the answers that are over, with their status; gone is stopped."""
        statuses = {
            str(pk): status
            for pk, status in Answer.objects.filter(pk__in=answer_ids).values_list("pk", "status")
        }
        found = {key: statuses.get(key, Answer.Status.STOPPED) for key in answer_ids}
        return {key: status for key, status in found.items() if status not in Answer.OPEN}


slots.register(TurnSlots())

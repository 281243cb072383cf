"""Answers that stand beside others: the app above that keeps them says how they are, because the
kernel does not know turns."""

import uuid
from collections.abc import Collection
from typing import Protocol

from sessions_app.publish import LiveAnswer


class Slots(Protocol):
    """What the app above knows of slots; each call queries the database."""

    def running(self, session_id: uuid.UUID) -> list[LiveAnswer]:
        """Return the slots that are being answered in a session."""

    def ended(self, answer_ids: Collection[str]) -> dict[str, str]:
        """Return those of the answers that are over, with their status."""


_known: list[Slots] = []


def register(known: Slots) -> None:
    """Let ``known`` answer for slots."""
    _known[:] = [known]


def running(session_id: uuid.UUID) -> list[LiveAnswer]:
    """Return the slots that are being answered in a session."""
    return _known[0].running(session_id) if _known else []


def ended(answer_ids: Collection[str]) -> dict[str, str]:
    """Return those of the answers that are over, with their status."""
    return _known[0].ended(answer_ids) if _known else {}

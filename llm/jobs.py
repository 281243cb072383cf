"""What a worker is woken for."""

from __future__ import annotations

from typing import Literal, NamedTuple
from uuid import UUID


class Job(NamedTuple):
    """The reply that a session is owed, or one slot of a turn."""

    kind: Literal["reply", "slot"]
    id: UUID
    """Of the session whose reply it is, or of the slot's answer."""

"""What a worker is woken for."""

from __future__ import annotations

from typing import Literal, NamedTuple
from uuid import UUID


class Job(NamedTuple):
    """The reply that a session is owed, one slot of a turn, or one answer of a replay."""

    kind: Literal["reply", "slot", "replay"]
    id: UUID
    """Of the session whose reply it is, else of the answer."""

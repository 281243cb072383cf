"""What a worker is woken for."""

from __future__ import annotations

from typing import Literal, NamedTuple
from uuid import UUID

Kind = Literal["reply", "slot", "replay"]


class Job(NamedTuple):
    """The reply that a session is owed, one slot of a turn, or one answer of a replay."""

    kind: Kind
    id: UUID
    """Of the session whose reply it is, else of the answer."""

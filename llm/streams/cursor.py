"""The ``id:`` of an event: how far its reader has got in each slot of the turn.

``slot.attempt.seq`` for each slot, joined by ``-``. ``seq`` is the last chunk; ``s`` after a
snapshot that more may follow, ``w`` after one of the whole text. An ``f`` behind it says that the
slot's last event was seen, and ``-done`` at the end that the turn's was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chatsite.lib.errors import ValidationFailed

MOST_CHARS = 2000
_MARK = re.compile(r"(\d{1,4})\.(\d{1,5})\.(\d{1,9}|s|w)(f?)")

Seq = int | Literal["s", "w"]


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a reader has got in a slot."""

    attempt: int = 0
    seq: Seq = 0
    ended: bool = False

    def encode(self, slot: int) -> str:
        """Return the mark as it stands in an id."""
        return f"{slot}.{self.attempt}.{self.seq}{'f' if self.ended else ''}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reader has got in a turn; without marks it has seen nothing."""

    marks: Mapping[int, Mark] = field(default_factory=dict)
    done: bool = False

    @classmethod
    def parse(cls, raw: str) -> Cursor:
        """Return the cursor in an event's id; raise :class:`ValidationFailed` for anything else."""
        parts = raw.split("-") if raw and len(raw) <= MOST_CHARS else []
        done = parts[-1:] == ["done"]
        marks: dict[int, Mark] = {}
        for part in parts[: len(parts) - done]:
            found = _MARK.fullmatch(part)
            if found is None:
                raise _not_ours()
            slot, attempt, seq, ended = found.groups()
            marks[int(slot)] = Mark(int(attempt), _seq(seq), bool(ended))
        if raw and not marks:
            raise _not_ours()
        return cls(marks, done)


def _seq(raw: str) -> Seq:
    match raw:
        case "s" | "w":
            return raw
        case _:
            return int(raw)


def _not_ours() -> ValidationFailed:
    return ValidationFailed.of("last_event_id", "not an id of an event of this stream")


def encode(marks: Mapping[int, Mark], *, done: bool = False) -> str:
    """Return the id of an event after which a reader has got this far."""
    parts = [mark.encode(slot) for slot, mark in sorted(marks.items())]
    return "-".join([*parts, "done"] if done else parts)

"""What clients saw and did, one JSON line an event, as evidence for the checker.

| op | means |
| --- | --- |
| invoke | the client hands a message to the network (again, with the same id, after a failure) |
| ok | the server acked it, with its `seq` |
| unknown | no answer in time, or the connection went away: it may have happened |
| refused | the server said no, for good |
| deliver | the client shows message `seq`; once each, in its own order |
| again | the server delivered a message twice within one subscription |
| view | the whole list the client shows now |
| note | anything else worth reading later: a reconnect, a resync, a kill |
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a history; `at` is monotonic time in seconds."""

    at: float
    client: str
    op: str
    session: str = ""
    send: str = ""
    seq: int = 0
    view: tuple[int, ...] = ()
    text: str = ""


@dataclass
class History:
    """Events of all clients in the order they happened, also written to `path` as they come."""

    path: Path | None = None
    events: list[Event] = field(default_factory=list)
    _file: IO[str] | None = None

    def add(
        self,
        client: str,
        op: str,
        *,
        session: str = "",
        send: str = "",
        seq: int = 0,
        view: tuple[int, ...] = (),
        text: str = "",
    ) -> None:
        """Note that something happened now."""
        event = Event(time.monotonic(), client, op, session, send, seq, view, text)
        self.events.append(event)
        if self.path:
            self._file = self._file or self.path.open("a")
            self._file.write(json.dumps(asdict(event)) + "\n")

    def of(self, op: str) -> Iterator[Event]:
        """All events of one kind."""
        return (event for event in self.events if event.op == op)

    def close(self) -> None:
        """Flush what was written."""
        if self._file:
            self._file.close()
            self._file = None

"""A client of event streams that shows what a page would show, and is strict about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
import orjson

PATIENCE_S = 20.0


class Event(NamedTuple):
    """One event of a stream."""

    kind: str
    id: str
    data: dict[str, Any]


class Stream:
    """An open stream: its response, and its events one by one."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.comments: list[str] = []
        self._lines = response.iter_lines()

    def __iter__(self) -> Iterator[Event]:
        kind, id_, data = "", "", ""
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                self.comments.append(line)
            elif name == "event":
                kind = value
            elif name == "id":
                id_ = value
            elif name == "data":
                data = value
            elif not line and data:
                yield Event(kind, id_, orjson.loads(data))
                kind, id_, data = "", "", ""

    def until(self, kind: str, **fields: Any) -> Event:
        """Read on to the next event of this kind."""
        for event in self:
            if event.kind == kind and fields.items() <= event.data.items():
                return event
        raise AssertionError(f"the stream ended without {kind}")


@contextmanager
def opened(
    url: str, headers: dict[str, str], *, last_event_id: str = "", **params: str
) -> Iterator[Stream]:
    """Open a stream."""
    if last_event_id:
        headers = {**headers, "Last-Event-ID": last_event_id}
    with httpx.stream("GET", url, headers=headers, params=params, timeout=PATIENCE_S) as response:
        yield Stream(response)


class Page:
    """What somebody sees who follows a turn, over any number of streams."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.seqs: dict[int, int] = {}
        self.attempts: dict[int, int] = {}
        self.finals: dict[int, Event] = {}
        self.done: Event | None = None
        self.last_id = ""
        self.kinds: list[str] = []
        self.ids: list[str] = []

    def show(self, event: Event) -> None:
        """Take the next event; chunks come without hole or repetition, ends come once."""
        assert self.done is None or event.kind == "reset", "something after done"
        slot = event.data.get("slot", -1)
        self.kinds.append(event.kind)
        assert event.id not in self.ids or event.kind == "snapshot", "an id came twice"
        self.ids.append(event.id)
        self.last_id = event.id
        if event.kind in {"chunk", "snapshot"}:
            assert slot not in self.finals, "text after the end"
        match event.kind:
            case "chunk":
                assert event.data["seq"] == self.seqs.get(slot, 0) + 1, "a hole or a repetition"
                self.seqs[slot] = event.data["seq"]
                self.texts[slot] = self.texts.get(slot, "") + event.data["delta_text"]
            case "snapshot":
                self.texts[slot] = event.data["text"]
            case "reset":
                assert event.data["attempt"] > self.attempts.get(slot, 0)
                self.attempts[slot] = event.data["attempt"]
                self.texts[slot], self.seqs[slot] = "", 0
                self.finals.pop(slot, None)
                self.done = None
            case "final" | "error":
                assert slot not in self.finals, "two ends"
                self.finals[slot] = event
            case "done":
                self.done = event

    def follow(self, stream: Stream, most: int = 10**6) -> Page:
        """Show events until the stream ends, or so many."""
        for number, event in enumerate(stream, 1):
            self.show(event)
            if number >= most:
                break
        return self

    def shown(self) -> list[str]:
        """Return the text of each slot that has ended or said something."""
        slots = sorted({*self.texts, *self.finals})
        return [self.texts.get(slot, "") for slot in slots]

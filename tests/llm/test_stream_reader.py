"""What waits for a connection that does not read, and the ids that say how far it has got."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatsite.lib.errors import ValidationFailed
from chatsite.lib.ids import uuid7
from llm.streams import reader as module
from llm.streams.cursor import Cursor, Mark, encode
from llm.streams.door import KEY, PREFIX, StreamDoor, Ticket
from llm.streams.reader import Reader


async def test_all_that_waits_goes_out_together() -> None:
    reader = Reader(1, [b"a"])
    reader.push(b"b")
    assert await reader.take() == b"ab"
    waiting = asyncio.create_task(reader.take())
    await asyncio.sleep(0)
    reader.push(b"c")
    assert await waiting == b"c"


async def test_what_waits_is_still_sent_at_the_end() -> None:
    reader = Reader(1, [])
    reader.push(b"last")
    reader.finish()
    assert await reader.take() == b"last"
    assert await reader.take() == b""


async def test_who_does_not_read_is_cut_off_and_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_UNSENT_BYTES", 10)
    reader = Reader(1, [b"x" * 50])  # what it missed does not count
    reader.push(b"y" * 9)
    assert not reader.is_over
    reader.push(b"y" * 60)
    assert reader.is_over
    reader.push(b"z")
    assert await reader.take() == b""


def test_an_id_is_read_back_as_it_was_written() -> None:
    marks = {0: Mark(1, 12), 1: Mark(2, "s"), 10: Mark(1, "w", ended=True), 2: Mark(0, 0, True)}
    for done in (False, True):
        assert Cursor.parse(encode(marks, done=done)) == Cursor(marks, done)
    assert Cursor.parse("") == Cursor()


@pytest.mark.parametrize("bad", ["x", "0.1.2.3", "-", "done", "0.1.-2", "0.1.2f-", "9" * 3000])
def test_another_id_is_refused(bad: str) -> None:
    with pytest.raises(ValidationFailed):
        Cursor.parse(bad)


async def test_who_leaves_before_the_stream_begins_is_sent_nothing() -> None:
    sent: list[Any] = []

    async def let_in(scope: Any, receive: Any, send: Any) -> None:
        scope[KEY].append(Ticket(uuid7(), Cursor.parse(""), 1))  # and Django gave up its answer

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def refuse(*_: Any) -> int:
        raise AssertionError("nobody is there to be refused")

    await StreamDoor(let_in, refuse)({"path": f"{PREFIX}x"}, receive, send)
    assert sent == []

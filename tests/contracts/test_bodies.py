"""Request bodies are bounded before anything of ours reads them."""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from chatsite import bodies
from chatsite.bodies import BodyLimit

UPLOAD, OTHER = "/api/v1/upload/file", "/api/v1/auth/login"
PIECE = b"x" * 65_536


class Exchange:
    """One request through the limit, to an application that reads all and says how much it was."""

    def __init__(self, path: str, pieces: Iterator[bytes], length: int | None = None) -> None:
        headers = [(b"x-request-id", b"abc-123")]
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        self.scope = {"type": "http", "path": path, "headers": headers}
        self.pieces = pieces
        self.read = 0
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        piece = next(self.pieces, None)
        if piece is None:
            return {"type": "http.disconnect"}
        self.read += len(piece)
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(self, event: dict[str, Any]) -> None:
        self.sent.append(event)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        taken = 0
        while (event := await receive())["type"] == "http.request":
            taken += len(event["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(taken).encode()})

    async def run(self) -> tuple[int, bytes]:
        await BodyLimit(self.app)(self.scope, self.receive, self.send)
        return self.sent[0]["status"], self.sent[1]["body"]


def pieces(size: int) -> Iterator[bytes]:
    yield from (PIECE for _ in range(size // len(PIECE)))


async def test_a_body_within_the_bounds_passes(settings: Settings) -> None:
    for path, most in ((UPLOAD, settings.UPLOAD_BODY_BYTES), (OTHER, settings.BODY_MAX_BYTES)):
        status, body = await Exchange(path, pieces(most)).run()
        assert (status, int(body)) == (200, most)


async def test_an_upload_larger_than_the_largest_file_is_a_problem(settings: Settings) -> None:
    exchange = Exchange(UPLOAD, pieces(settings.UPLOAD_BODY_BYTES * 2))
    with pytest.raises(IndexError):  # it hung up after its last piece: nobody to answer to
        await exchange.run()
    endless = Exchange(UPLOAD, iter(lambda: PIECE, None))
    status, body = await endless.run()
    assert status == 413
    assert json.loads(body)["code"] == "UPLOAD_TOO_LARGE"
    assert json.loads(body)["request_id"] == "abc-123"
    headers = dict(endless.sent[0]["headers"])
    assert headers[b"connection"] == b"close"
    assert headers[b"content-type"] == b"application/problem+json"
    assert endless.read <= bodies.DRAIN_BYTES + len(PIECE)


async def test_what_says_itself_that_it_is_too_long_never_reaches_django() -> None:
    async def app(*_: Any) -> None:
        raise AssertionError("called")

    exchange = Exchange(OTHER, iter(lambda: PIECE, None), length=10**12)
    exchange.app = app  # type: ignore[method-assign, assignment]
    status, body = await exchange.run()
    assert status == 413
    assert json.loads(body)["code"] == "VALIDATION_FAILED"


async def test_without_room_for_a_body_the_sender_may_try_again() -> None:
    exchange = Exchange(UPLOAD, iter(lambda: PIECE, None))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        raise OSError(errno.ENOSPC, "No space left on device")

    exchange.app = app  # type: ignore[method-assign]
    status, body = await exchange.run()
    assert (status, json.loads(body)["code"]) == (503, "SERVICE_UNAVAILABLE")


async def test_a_body_that_does_not_come_is_given_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BODY_MAX_S = 0.05
    monkeypatch.setattr(bodies, "DRAIN_S", 0.05)
    exchange = Exchange(OTHER, iter([]))

    async def silence() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    exchange.receive = silence  # type: ignore[method-assign]
    status, _ = await exchange.run()
    assert status == 408


async def test_waiting_for_the_end_of_the_connection_has_no_deadline(settings: Settings) -> None:
    settings.BODY_MAX_S = 0.05
    events = [{"type": "http.request", "body": b"x", "more_body": False}]
    late = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if events:
            return events.pop()
        await late.wait()
        return {"type": "http.disconnect"}

    exchange = Exchange(OTHER, iter([]))
    exchange.receive = receive  # type: ignore[method-assign]
    running = asyncio.create_task(exchange.run())
    done, _ = await asyncio.wait([running], timeout=0.2)
    assert not done
    late.set()
    assert await running == (200, b"1")

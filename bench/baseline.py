"""The bare limit: uvicorn, one plain ASGI WebSocket handler, one grouped insert in flight. No
Django.

It speaks the frames of the product (subscribe, message.send, ack, message) and keeps its promise
that an ack follows the commit, but knows no users, no rights, no idempotency, no other process and
no history. What the product adds is paid on top of this, so results are given as a share of it.

Run by ``bench.run``; `BENCH_DATABASE_URL` names the database, the table is made at the first
connection.
"""

import asyncio
import contextlib
import os
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import orjson
import psycopg

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

TABLE = """
create table if not exists bench_message (
    id uuid primary key, session_id uuid not null, seq integer not null, sender text not null,
    content text not null, client_msg_id uuid not null, created_at timestamptz not null,
    unique (session_id, seq))
"""
INSERT = """
insert into bench_message
select * from unnest(%s::uuid[], %s::uuid[], %s::int[], %s::text[], %s::text[], %s::uuid[],
                     %s::timestamptz[])
"""


async def give(send: Send, payload: bytes) -> None:
    """Send one text frame; a socket that has gone is no concern of the writer's."""
    with contextlib.suppress(OSError, RuntimeError):
        await send({"type": "websocket.send", "text": payload.decode()})


class Feed:
    """One session: its counter and the sockets that read it."""

    __slots__ = ("members", "seq")

    def __init__(self) -> None:
        self.seq = 0
        self.members: dict[Send, None] = {}


class Writer:
    """Takes whatever waits, writes it with one statement in one commit, then acks and delivers."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._waiting: list[tuple[Send, str, Feed, dict[str, Any]]] = []
        self._rung = asyncio.Event()

    def put(self, sender: Send, name: str, feed: Feed, frame: dict[str, Any]) -> None:
        self._waiting.append((sender, name, feed, frame))
        self._rung.set()

    async def run(self, started: asyncio.Future[None]) -> None:
        connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True)
        await connection.execute("set client_min_messages = warning")
        await connection.execute(TABLE)
        cursor = connection.cursor()
        started.set_result(None)
        while True:
            await self._rung.wait()
            self._rung.clear()
            batch, self._waiting = self._waiting, []
            rows = [self._row(*waiting) for waiting in batch]
            columns = [list(column) for column in zip(*rows, strict=True)]
            await cursor.execute(INSERT, columns, prepare=True)
            for (sender, _, feed, frame), row in zip(batch, rows, strict=True):
                await self._deliver(sender, feed, frame, row)

    @staticmethod
    def _row(_sender: Send, name: str, feed: Feed, frame: dict[str, Any]) -> tuple[Any, ...]:
        feed.seq += 1
        return (
            uuid.uuid4(),
            frame["session_id"],
            feed.seq,
            name,
            frame["content"],
            frame["client_msg_id"],
            datetime.now(UTC),
        )

    @staticmethod
    async def _deliver(
        sender: Send, feed: Feed, frame: dict[str, Any], row: tuple[Any, ...]
    ) -> None:
        created = row[6].isoformat(timespec="milliseconds")
        ack = {
            "type": "ack",
            "client_msg_id": frame["client_msg_id"],
            "session_id": frame["session_id"],
            "id": row[0],
            "seq": row[2],
            "created_at": created,
        }
        await give(sender, orjson.dumps(ack))
        message = {
            "type": "message",
            "session_id": frame["session_id"],
            "version": row[2],
            "message": {
                "id": row[0],
                "session_id": frame["session_id"],
                "seq": row[2],
                "prev_seq": row[2] - 1,
                "kind": "text",
                "sender": {"id": 1, "kind": "customer", "name": row[3], "avatar": ""},
                "content": row[4],
                "attachments": [],
                "client_msg_id": frame["client_msg_id"],
                "reply_to": None,
                "created_at": created,
                "edited_at": None,
                "deleted_at": None,
                "metadata": {},
            },
        }
        payload = orjson.dumps(message)
        for member in tuple(feed.members):
            if member is not sender:
                await give(member, payload)


class Baseline:
    """The ASGI application."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._feeds: dict[str, Feed] = {}
        self._writer: Writer | None = None
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._writer = Writer(self._dsn)
        started = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._writer.run(started))
        await started
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._task.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _socket(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        assert self._writer
        name = parse_qs(scope["query_string"].decode()).get("token", ["someone"])[0]
        await receive()
        await send({"type": "websocket.accept"})
        ready = {"type": "ready", "user_id": 1, "heartbeat_s": 15}
        await give(send, orjson.dumps(ready))
        joined: set[Feed] = set()
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                break
            frame = orjson.loads(event["text"])
            if frame["type"] == "message.send":
                self._writer.put(send, name, self._feeds[frame["session_id"]], frame)
            elif frame["type"] == "subscribe":
                feed = self._feeds.setdefault(frame["session_id"], Feed())
                feed.members[send] = None
                joined.add(feed)
                answer = {
                    "type": "subscribed",
                    "session_id": frame["session_id"],
                    "last_seq": feed.seq,
                    "version": feed.seq,
                    "more": False,
                }
                await give(send, orjson.dumps(answer))
            elif frame["type"] == "ping":
                pong = {"type": "pong", "content": "pong"}
                await give(send, orjson.dumps(pong))
        for feed in joined:
            feed.members.pop(send, None)


app = Baseline(os.environ.get("BENCH_DATABASE_URL", ""))

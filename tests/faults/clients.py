"""People at the two ends of a session, who never give up: what a good client does, and no more.

A client sends a message again with the same id until it is acked, comes back after a lost
connection with a growing pause and the other web process, and subscribes from its own cursor. It
never loads anything anew ("reload"): what it shows is what it was given.
"""

import asyncio
import contextlib
import itertools
import random
import uuid
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.faults.history import History

ACK_TIMEOUT_S = 4.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.5
POLL_S = 0.4
REFUSALS = {400, 403, 404, 409, 413, 415}


@dataclass(frozen=True)
class Place:
    """Where a person sits: a session, their token, and the addresses of the web processes."""

    session: str
    token: str
    bases: tuple[str, ...]


class Person:
    """What socket and REST people share: sends, the list they show, and their evidence."""

    def __init__(self, name: str, place: Place, history: History, dice: random.Random) -> None:
        self.name = name
        self.place = place
        self.history = history
        self.dice = dice
        self.shown: list[int] = []
        self.resyncs = 0
        self.turn = itertools.cycle(dice.sample(place.bases, len(place.bases)))
        self._acked: dict[str, asyncio.Future[int]] = {}

    @property
    def is_staff(self) -> bool:
        """Agents see notes."""
        return self.name.startswith("agent")

    async def say(self, content: str, kind: str = "text") -> int:
        """Send one message and return its number once it is acked, however long that takes."""
        send = str(uuid.uuid4())
        acked = self._acked[send] = asyncio.get_running_loop().create_future()
        pause = FIRST_PAUSE_S
        while not acked.done():
            self._note("invoke", send)
            if await self._try(send, content, kind):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(acked), ACK_TIMEOUT_S)
            if not acked.done():
                self._note("unknown", send)
                await asyncio.sleep(pause * self.dice.uniform(0.5, 1.5))
                pause = min(pause * 2, LONGEST_PAUSE_S)
        del self._acked[send]
        return acked.result()

    async def live(self) -> None:
        """Keep the list up to date until cancelled."""
        raise NotImplementedError

    async def _try(self, send: str, content: str, kind: str) -> bool:
        """Hand a message to the network; true when waiting for the ack makes sense."""
        raise NotImplementedError

    def took(self, send: str, seq: int) -> None:
        """The server acked a send."""
        acked = self._acked.get(send)
        if acked and not acked.done():
            self._note("ok", send, seq)
            acked.set_result(seq)

    def refused(self, send: str, why: str) -> None:
        """The server said no for good: a fault of the test, so it ends it."""
        self._note("refused", send, text=why)
        acked = self._acked.get(send)
        if acked and not acked.done():
            acked.set_exception(AssertionError(f"{self.name}: {why}"))

    def show(self, seq: int) -> None:
        """Add a message to the list."""
        self.shown.append(seq)
        self._note("deliver", seq=seq)

    def snapshot(self) -> None:
        """Put the whole list into the evidence."""
        view = tuple(self.shown)
        self.history.add(self.name, "view", session=self.place.session, view=view)

    def _note(self, op: str, send: str = "", seq: int = 0, text: str = "") -> None:
        session = self.place.session
        self.history.add(self.name, op, session=session, send=send, seq=seq, text=text)


class SocketPerson(Person):
    """Speaks and listens over the socket."""

    _connection: ClientConnection | None = None

    async def live(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            base = next(self.turn).replace("http", "ws", 1)
            headers = {"Authorization": f"Bearer {self.place.token}"}
            try:
                async with connect(
                    f"{base}/api/v1/ws", additional_headers=headers, origin=None, proxy=None,
                    open_timeout=5, close_timeout=1, ping_interval=None, compression=None,
                ) as connection:  # fmt: skip
                    await self._serve(connection)
                    pause = FIRST_PAUSE_S
            except (OSError, TimeoutError, websockets.WebSocketException) as error:
                self._note("note", text=f"away: {error!r}"[:200])
            self._connection = None
            await asyncio.sleep(pause * self.dice.uniform(0.5, 1.5))
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _serve(self, connection: ClientConnection) -> None:
        self._delivered: set[int] = set()
        self._version = 0
        self._fresh = True
        await self._subscribe(connection)
        beat = asyncio.create_task(self._beat(connection))
        try:
            async for raw in connection:
                await self._take(connection, orjson.loads(raw))
        finally:
            beat.cancel()
        self._note("note", text=f"closed {connection.close_code} {connection.close_reason}")

    async def _beat(self, connection: ClientConnection) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await asyncio.sleep(5)
                await connection.send('{"type":"ping","content":"ping"}')

    async def _subscribe(self, connection: ClientConnection) -> None:
        self._ready = False
        cursor = self.shown[-1] if self.shown else 0
        frame = {"type": "subscribe", "session_id": self.place.session, "after_seq": cursor}
        await connection.send(orjson.dumps(frame).decode())

    async def _take(self, connection: ClientConnection, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "message":
                self._version = max(self._version, frame["version"])
                await self._message(connection, frame["message"])
            case "ack":
                self.took(frame["client_msg_id"], frame["seq"])
            case "subscribed":
                self._version = max(self._version, frame["version"])
                if frame["more"]:
                    await self._subscribe(connection)
                else:
                    self._ready, self._fresh, self._connection = True, True, connection
            case "head":
                if self._ready and frame["heads"].get(self.place.session, 0) > self._version:
                    await self._resync(connection, "behind the head")
            case "error":
                await self._error(connection, frame)

    async def _message(self, connection: ClientConnection, message: dict[str, Any]) -> None:
        seq = message["seq"]
        if seq in self._delivered and self._fresh:
            self._note("again", seq=seq)
        self._delivered.add(seq)
        last = self.shown[-1] if self.shown else 0
        if seq <= last:
            return
        if message["prev_seq"] != last:
            await self._resync(connection, f"#{seq} after #{last}")
            return
        self.show(seq)

    async def _resync(self, connection: ClientConnection, why: str) -> None:
        self.resyncs += 1
        self._fresh = False  # what is on its way already comes once more
        self._note("note", text=f"resync: {why}")
        await self._subscribe(connection)

    async def _error(self, connection: ClientConnection, frame: dict[str, Any]) -> None:
        transient = frame["code"] in {"SERVICE_UNAVAILABLE", "INTERNAL_ERROR", "RATE_LIMITED"}
        self._note("note", text=f"error {frame['code']}: {frame['detail']}")
        if frame.get("client_msg_id") and not transient:
            self.refused(frame["client_msg_id"], frame["code"])
        elif not frame.get("client_msg_id") and not self._ready:
            await connection.close()  # the subscription failed: come back and ask again

    async def _try(self, send: str, content: str, kind: str) -> bool:
        connection = self._connection
        if connection is None:
            return False
        frame = {
            "type": "message.send",
            "session_id": self.place.session,
            "client_msg_id": send,
            "content": content,
            "kind": kind,
        }
        try:
            await asyncio.wait_for(connection.send(orjson.dumps(frame).decode()), 2)
        except (websockets.ConnectionClosed, TimeoutError):
            return False
        return True


class RestPerson(Person):
    """Posts over REST and polls for what is new."""

    _http: aiohttp.ClientSession | None = None

    async def live(self) -> None:
        headers = {"Authorization": f"Bearer {self.place.token}"}
        timeout = aiohttp.ClientTimeout(total=6)
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as self._http:
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    await self._poll(self._http)
                await asyncio.sleep(POLL_S * self.dice.uniform(0.7, 1.3))

    def _url(self) -> str:
        return f"{next(self.turn)}/api/v1/chat/sessions/{self.place.session}/messages"

    async def _poll(self, http: aiohttp.ClientSession) -> None:
        last = self.shown[-1] if self.shown else 0
        params = {"after_seq": str(last), "limit": "200"}
        async with http.get(self._url(), params=params) as answer:
            if answer.status != 200:
                self._note("note", text=f"poll {answer.status}")
                return
            for message in (await answer.json())["results"]:
                last = self.shown[-1] if self.shown else 0
                if message["prev_seq"] != last:
                    self._note("note", text=f"hole: #{message['seq']} after #{last}")
                    return
                self.show(message["seq"])

    async def _try(self, send: str, content: str, kind: str) -> bool:
        if self._http is None:
            return False
        body = {"content": content, "client_msg_id": send, "kind": kind}
        try:
            async with self._http.post(self._url(), json=body) as answer:
                if answer.status in (200, 201):
                    self.took(send, (await answer.json())["seq"])
                    return True
                if answer.status in REFUSALS:
                    self.refused(send, f"{answer.status} {await answer.text()}")
                    return True
                self._note("note", text=f"post {answer.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            self._note("note", text=f"post {error!r}"[:200])
        return False

"""The one WebSocket of the product, ``/api/v1/ws``: any number of sessions on a connection.

It is a Channels consumer, routed and origin-checked by Channels.  Two things of the stock class
are left out because they cost most of a message's time: it takes no channel of its own from the
layer (the hub listens once per process), and frames do not go through a task and a thread each.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from accounts import actions as accounts_actions
from accounts.client import sender_ip
from accounts.tokens import viewer_from_access
from accounts.viewer import Viewer
from chatsite.lib import clock, dbpool, ids
from chatsite.lib.asgi import SEND_NOW
from chatsite.lib.errors import (
    AuthTokenInvalid,
    DomainError,
    InternalError,
    PermissionDenied,
    RateLimited,
    SessionNotFound,
)
from chatsite.lib.metrics import FRAME_ERRORS, FRAMES_IN, SLOW_READERS, SOCKETS
from sessions_app import access, payloads, publish
from sessions_app.access import Membership
from sessions_app.actions import reading, replies
from sessions_app.actions.drafts import draft
from sessions_app.live.channel import Subscription
from sessions_app.live.hub import hub
from sessions_app.live.writer import Result, writer
from sessions_app.protocol import (
    COMMANDS,
    Ack,
    Close,
    Command,
    ErrorFrame,
    Ping,
    Pong,
    Read,
    Ready,
    Send,
    SetPresence,
    StopReply,
    Subscribe,
    Typing,
    Unsubscribe,
    parse,
)

log = logging.getLogger(__name__)

MOST_IN_FLIGHT = 100
FRAME_COUNTS = {kind: FRAMES_IN.labels(name) for name, kind in COMMANDS.items()}
PATIENCE_WITH_FLOODS = 100


def _cannot(_text: str) -> bool:
    return False


class ChatConsumer(AsyncWebsocketConsumer):
    """One connection: its viewer, its subscriptions, and what waits to be sent to it."""

    viewer: Viewer
    _expiry: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the connection until it ends."""
        self.scope = scope
        self._send = send
        self._send_now = scope.get("extensions", {}).get(SEND_NOW, _cannot)
        self._out: deque[str] = deque()
        self._unsent = 0
        self._wake = asyncio.Event()
        self._closing: tuple[Close, str] | None = None
        self._in_flight = 0
        self._room = asyncio.Event()
        self._burst = settings.SOCKET_FRAME_BURST
        self._rate = settings.SOCKET_FRAMES_PER_SECOND
        self._tokens = float(self._burst)
        self._refilled_at = time.monotonic()
        self._refused = 0
        self.subscriptions: dict[str, Subscription] = {}
        self.heard_at = time.monotonic()
        self.address = self._sender_address()
        self._query = parse_qs(scope.get("query_string", b"").decode("ascii", "replace"))
        self.quiet = self._query.get("quiet") == ["1"]

        if (await receive())["type"] != "websocket.connect":
            return
        await send({"type": "websocket.accept"})
        SOCKETS.inc()
        sender = asyncio.create_task(self._send_queued())
        try:
            if await self._enter():
                await self._serve(receive, sender)
            else:
                await sender
        finally:
            SOCKETS.dec()
            if self._expiry is not None:
                self._expiry.cancel()
            if hasattr(self, "viewer"):
                hub.leave(self)
            sender.cancel()

    # --- Coming in ------------------------------------------------------------------------------

    async def _enter(self) -> bool:
        try:
            self.viewer = await self._authenticate()
        except DomainError as error:
            self.push(ErrorFrame.of(error).encode())
            denied = isinstance(error, PermissionDenied)
            self.end(Close.FORBIDDEN if denied else Close.UNAUTHENTICATED, error.code)
            return False
        except Exception:
            log.exception("socket not authenticated")
            self.push(ErrorFrame.of(InternalError()).encode())
            self.end(Close.SERVER_RESTART, "try again")
            return False
        if (
            hub.sockets_of(self.viewer.user_id) >= settings.SOCKETS_PER_USER
            or hub.sockets_at(self.address) >= settings.SOCKETS_PER_ADDRESS
        ):
            self.push(ErrorFrame.of(RateLimited("Too many connections")).encode())
            self.end(Close.TOO_MANY, "too many connections")
            return False
        hub.join(self)
        if self.viewer.family_id is None and self.viewer.expires_at is not None:
            # No device that could be asked whether it is still signed in.
            left = self.viewer.expires_at - time.time()
            out_of_time = partial(self.end, Close.UNAUTHENTICATED, "token expired")
            self._expiry = asyncio.get_running_loop().call_later(left, out_of_time)
        self.push(
            Ready(user_id=self.viewer.user_id, heartbeat_s=settings.SOCKET_HEARTBEAT_S).encode()
        )
        return True

    def _sender_address(self) -> str:
        peer = self.scope.get("client") or ("", 0)
        headers = dict(self.scope.get("headers", ()))
        return sender_ip(peer[0], headers.get(b"x-forwarded-for", b"").decode("latin-1"))

    async def _authenticate(self) -> Viewer:
        """Return who connects: by single-use ticket, access token or Authorization header."""
        query = self._query
        if ticket := query.get("ticket"):
            return await dbpool.run(accounts_actions.redeem_ticket, ticket=ticket[0], purpose="ws")
        if token := query.get("token"):
            return await dbpool.run(viewer_from_access, token[0])
        headers = dict(self.scope.get("headers", ()))
        scheme, _, token_text = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if scheme.lower() == "bearer" and token_text:
            return await dbpool.run(viewer_from_access, token_text.strip())
        if scheme.lower() == "api-key" and token_text:
            secret = token_text.strip()
            return await dbpool.run(accounts_actions.viewer_from_api_key, secret=secret)
        raise AuthTokenInvalid

    # --- Frames in ------------------------------------------------------------------------------

    async def _serve(self, receive: Any, sender: "asyncio.Task[None]") -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            if self._closing is not None:
                await sender
                return
            self.heard_at = time.monotonic()
            raw: str | bytes = message.get("text") or message.get("bytes") or ""
            if len(raw) > settings.SOCKET_MAX_FRAME_BYTES:
                self.end(Close.TOO_LARGE, "frame too large")
                continue
            await self._handle(raw)
            if self._in_flight >= MOST_IN_FLIGHT:
                self._room.clear()
                await self._room.wait()

    async def _handle(self, raw: str | bytes) -> None:
        command: Command | None = None
        try:
            self._spend_token()
            command = parse(raw)
            FRAME_COUNTS[type(command)].inc()
            match command:
                case Send():
                    await self._say(command)
                case Ping():
                    self.push(Pong(timestamp=clock.rfc3339(clock.now())).encode())
                case Subscribe():
                    await self._subscribe(command)
                case Unsubscribe():
                    self._unsubscribe(command.session_id)
                case Typing():
                    await self._type(command)
                case Read():
                    member = await self._member(command.session_id)
                    await dbpool.run(reading.mark_member_read, member, command.seq)
                case SetPresence():
                    await dbpool.run(
                        reading.set_presence, viewer=self.viewer, status=command.status
                    )
                case StopReply():
                    await dbpool.run(
                        replies.stop_reply, viewer=self.viewer, session_id=command.session_id
                    )
        except DomainError as error:
            self._refuse(error, command)
        except Exception:
            log.exception("frame failed")
            self._refuse(InternalError(), command)

    def _spend_token(self) -> None:
        """Hold the connection to its rate; who keeps flooding is cut off."""
        now = time.monotonic()
        elapsed, self._refilled_at = now - self._refilled_at, now
        self._tokens = min(self._burst, self._tokens + elapsed * self._rate)
        if self._tokens < 1:
            self._refused += 1
            if self._refused > PATIENCE_WITH_FLOODS:
                self.end(Close.TOO_MANY, "too many frames")
            raise RateLimited(retry_after=1 / self._rate)
        self._tokens -= 1
        if self._refused and self._tokens > self._burst / 2:
            self._refused = 0

    def _refuse(self, error: DomainError, command: Command | None) -> None:
        """Say what was wrong, and with which send or session."""
        FRAME_ERRORS.labels(error.code).inc()
        about = {name: getattr(command, name, None) for name in ("client_msg_id", "session_id")}
        self.push(ErrorFrame.of(error, **about).encode())

    async def _member(self, session_id: str) -> Membership:
        """Return what the viewer is in a session: known from a subscription, or asked now."""
        subscription = self.subscriptions.get(session_id) or self.subscriptions.get(
            str(access.parse_id(session_id))
        )
        if subscription is not None:
            return subscription.member
        return await dbpool.run(access.membership, self.viewer, session_id)

    async def _say(self, command: Send) -> None:
        member = await self._member(command.session_id)
        item = draft(
            member,
            content=command.content,
            kind=command.kind,
            client_msg_id=command.client_msg_id,
            attachment_ids=command.attachment_ids,
            reply_to=command.reply_to,
        )
        self._in_flight += 1
        writer.submit(item, partial(self._said, command))

    def _said(self, command: Send, result: Result) -> None:
        self._in_flight -= 1
        self._room.set()
        if isinstance(result, DomainError):
            self._refuse(result, command)
            return
        message = result.message
        self.push(
            Ack(
                client_msg_id=command.client_msg_id,
                session_id=ids.text(message.session_id),
                id=ids.text(message.id),
                seq=message.seq,
                created_at=clock.rfc3339(message.created_at),
            ).encode()
        )

    async def _subscribe(self, command: Subscribe) -> None:
        key = str(access.parse_id(command.session_id))
        if (
            key not in self.subscriptions
            and len(self.subscriptions) >= settings.SOCKET_MAX_SUBSCRIPTIONS
        ):
            raise RateLimited("Too many subscriptions on one connection")
        await hub.subscribe(
            self, key, after_seq=command.after_seq, after_version=command.after_version
        )

    def _unsubscribe(self, session_id: str) -> None:
        subscription = self.subscriptions.get(str(access.parse_id(session_id)))
        if subscription is not None:
            hub.unsubscribe(subscription)

    async def _type(self, command: Typing) -> None:
        member = self.subscriptions.get(str(access.parse_id(command.session_id)))
        if member is None:
            raise SessionNotFound
        viewer = self.viewer
        publish.typing(
            member.member.session_id,
            payloads.viewer_as_person(viewer),
            active=command.active,
        )

    # --- Frames out -----------------------------------------------------------------------------

    def push(self, text: str) -> None:
        """Send a frame now, if the server can, or else queue it.

        A client that does not read is cut, and told to come back and resync.
        """
        if self._closing is not None or (not self._unsent and self._send_now(text)):
            return
        self._out.append(text)
        self._unsent += len(text)
        if self._unsent > settings.SOCKET_MAX_UNSENT_BYTES:
            SLOW_READERS.inc()
            self._out.clear()
            self.end(Close.RESYNC, "resync")
        self._wake.set()

    def end(self, code: Close, reason: str = "") -> None:
        """Close the connection after what is queued."""
        if self._closing is None:
            self._closing = (code, reason)
            self._wake.set()

    async def _send_queued(self) -> None:
        # A server says in its own way that the client has gone; the receiving side ends then too.
        with contextlib.suppress(OSError, RuntimeError):
            while True:
                while self._out:
                    text = self._out.popleft()
                    await self._send({"type": "websocket.send", "text": text})
                    self._unsent -= len(text)
                if self._closing is not None:
                    code, reason = self._closing
                    await self._send(
                        {"type": "websocket.close", "code": int(code), "reason": reason}
                    )
                    return
                self._wake.clear()
                await self._wake.wait()

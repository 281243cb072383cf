"""The socket's protocol: every command and every frame, declared once.

A frame's class says who may get it and whether it can be lost: a durable frame has a row behind it
and is sent after the commit, an ephemeral one (typing, presence, chunks) is sent now or never.
``docs/realtime.md`` is generated from this file.
"""

import re
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from typing import Any, ClassVar

import orjson

from chatsite.lib import jsons
from chatsite.lib.errors import DomainError, FieldError, ValidationFailed
from sessions_app.models import PresenceStatus


class Close(int, Enum):
    """Why the server ends a socket."""

    SERVER_RESTART = 1012
    RESYNC = 1013
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    SILENT = 4408
    TOO_LARGE = 4413
    TOO_MANY = 4429


class Audience(Enum):
    """Who may get a frame."""

    SENDER = "the socket that asked"
    SESSION = "everyone in the session"
    STAFF_OR_SESSION = "the session's team, and those in the session"
    SHARED = "those who share a session or a team"


class Guarantee(Enum):
    """What happens to a frame that cannot be delivered."""

    DURABLE = "comes again from rows"
    EPHEMERAL = "may be lost"


# --- Client to server ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ping:
    """Shows that the client is alive; every ``heartbeat_s`` at least."""

    content: str = "ping"


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Asks for a session from the client's own cursor on: what was missed, then what comes."""

    session_id: str
    after_seq: int | None = None
    after_version: int | None = None


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Ends a subscription."""

    session_id: str


@dataclass(frozen=True, slots=True)
class Send:
    """Says something.  Repeat it with the same ``client_msg_id`` until it is acked."""

    session_id: str
    client_msg_id: str
    content: str
    kind: str = "text"
    attachment_ids: tuple[str, ...] = ()
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Typing:
    """Says that the user types, or has stopped."""

    session_id: str
    active: bool


@dataclass(frozen=True, slots=True)
class Read:
    """Moves the user's read mark forward."""

    session_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class SetPresence:
    """Says how the user is."""

    status: str


@dataclass(frozen=True, slots=True)
class StopReply:
    """Asks the running answer of the assistant to stop."""

    session_id: str


Command = Ping | Subscribe | Unsubscribe | Send | Typing | Read | SetPresence | StopReply

COMMANDS: dict[str, type[Command]] = {
    "ping": Ping,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "message.send": Send,
    "typing": Typing,
    "read": Read,
    "presence": SetPresence,
    "reply.stop": StopReply,
}
_REQUIRED: dict[type[Command], frozenset[str]] = {
    Ping: frozenset(),
    Subscribe: frozenset({"session_id"}),
    Unsubscribe: frozenset({"session_id"}),
    Send: frozenset({"session_id", "client_msg_id", "content"}),
    Typing: frozenset({"session_id", "active"}),
    Read: frozenset({"session_id", "seq"}),
    SetPresence: frozenset({"status"}),
    StopReply: frozenset({"session_id"}),
}
_NAMES = {kind: [field.name for field in fields(kind)] for kind in COMMANDS.values()}
MAX_NUMBER = 2**31 - 1
_UUID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


def parse(raw: str | bytes) -> Command:
    """Return the command in a frame; unknown fields are ignored.

    Raises :class:`ValidationFailed` naming what is wrong.  Nothing else is raised, whatever the
    bytes: orjson refuses deep nesting, NaN and lone surrogates.
    """
    try:
        frame = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ValidationFailed("The frame is not valid JSON") from None
    if not isinstance(frame, dict):
        raise ValidationFailed("A frame is a JSON object")
    name = frame.get("type")
    kind = COMMANDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValidationFailed.of("type", "unknown frame type", "invalid_choice")
    given = {key: frame[key] for key in _NAMES[kind] if key in frame}
    missing = _REQUIRED[kind] - given.keys()
    if missing:
        raise ValidationFailed(
            "A field is missing",
            errors=[FieldError(key, "required", "required") for key in sorted(missing)],
        )
    for key, value in given.items():
        _check(key, value)
    if "attachment_ids" in given:
        given["attachment_ids"] = tuple(given["attachment_ids"])
    return kind(**given)


def _check(key: str, value: object) -> None:
    match key:
        case "session_id":
            if not (isinstance(value, str) and _is_uuid(value)):
                raise ValidationFailed.of(key, "not a session id")
        case "after_seq" | "after_version" | "seq":
            if value is None and key != "seq":
                return
            if type(value) is not int or not 0 <= value <= MAX_NUMBER:
                raise ValidationFailed.of(key, "expected a number that is not negative")
        case "active":
            if not isinstance(value, bool):
                raise ValidationFailed.of(key, "expected true or false")
        case "status":
            if value not in PresenceStatus.values:
                raise ValidationFailed.of(key, "one of online, away, offline", "invalid_choice")
        case "attachment_ids":
            if not (isinstance(value, list) and len(value) <= 10):
                raise ValidationFailed.of(key, "expected a list of at most 10 ids")
        case "reply_to":
            if value is not None and not (isinstance(value, str) and _is_uuid(value)):
                raise ValidationFailed.of(key, "not an id")
        case _:
            if not isinstance(value, str):
                raise ValidationFailed.of(key, "expected text", "not_a_string")


def _is_uuid(value: str) -> bool:
    return _UUID.fullmatch(value) is not None


# --- Server to client ---------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Frame:
    """What the server sends.  Subclasses add ``wire`` (the type), audience and guarantee."""

    wire: ClassVar[str]
    audience: ClassVar[Audience] = Audience.SENDER
    guarantee: ClassVar[Guarantee] = Guarantee.EPHEMERAL

    def encode(self) -> str:
        """Return the frame as JSON, without the fields that are ``None`` and optional."""
        body: dict[str, Any] = {"type": self.wire}
        for name, is_optional in _FIELDS[type(self)]:
            value = getattr(self, name)
            if value is not None or not is_optional:
                body[name] = value
        return jsons.dumps(body).decode()


@dataclass(slots=True, kw_only=True)
class Ready(Frame):
    """The socket is authenticated."""

    wire = "ready"
    user_id: int
    heartbeat_s: int


@dataclass(slots=True, kw_only=True)
class Pong(Frame):
    """The answer to a ping."""

    wire = "pong"
    content: str = "pong"
    timestamp: str


@dataclass(slots=True, kw_only=True)
class Subscribed(Frame):
    """All that was missed has been sent.  With ``more``, subscribe again from the new cursor."""

    wire = "subscribed"
    session_id: str
    last_seq: int
    version: int
    more: bool


@dataclass(slots=True, kw_only=True)
class Head(Frame):
    """The versions of the subscribed sessions; a client that is behind subscribes again."""

    wire = "head"
    heads: dict[str, int]


@dataclass(slots=True, kw_only=True)
class Ack(Frame):
    """The message is committed."""

    wire = "ack"
    guarantee = Guarantee.DURABLE
    client_msg_id: str
    session_id: str
    id: str
    seq: int
    created_at: str


@dataclass(slots=True, kw_only=True)
class MessageFrame(Frame):
    """A message: new, or edited or deleted (same seq, a new version)."""

    wire = "message"
    audience = Audience.SESSION
    guarantee = Guarantee.DURABLE
    session_id: str
    version: int
    message: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class ReplyStart(Frame):
    """A model begins to answer; text shown of an earlier attempt is void.  ``slot`` is null for
    the reply to a customer; the answers of a turn to several models go to staff only."""

    wire = "reply.start"
    audience = Audience.SESSION
    session_id: str
    turn_id: str
    slot: int | None
    attempt: int


@dataclass(slots=True, kw_only=True)
class ReplyChunk(Frame):
    """The next piece of the answer.  It covers the numbers ``from_seq`` to ``seq`` (one, unless a
    subscriber is brought up to date)."""

    wire = "reply.chunk"
    audience = Audience.SESSION
    session_id: str
    turn_id: str
    slot: int | None
    seq: int
    from_seq: int
    delta_text: str


@dataclass(slots=True, kw_only=True)
class ReplyEnd(Frame):
    """The answer ended: done, stopped, failed or handoff."""

    wire = "reply.end"
    audience = Audience.SESSION
    session_id: str
    turn_id: str
    slot: int | None
    status: str


@dataclass(slots=True, kw_only=True)
class TypingFrame(Frame):
    """Someone else types, or stopped."""

    wire = "typing"
    audience = Audience.SESSION
    session_id: str
    user: dict[str, Any]
    active: bool


@dataclass(slots=True, kw_only=True)
class ReadFrame(Frame):
    """Someone has read up to ``seq``."""

    wire = "read"
    audience = Audience.SESSION
    session_id: str
    user_id: int
    seq: int


@dataclass(slots=True, kw_only=True)
class SessionFrame(Frame):
    """A session as it is now.  Staff get those of their teams without subscribing; at most one a
    second per session."""

    wire = "session"
    audience = Audience.STAFF_OR_SESSION
    guarantee = Guarantee.DURABLE
    session: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class PresenceFrame(Frame):
    """How someone is."""

    wire = "presence"
    audience = Audience.SHARED
    user_id: int
    status: str


@dataclass(slots=True, kw_only=True)
class ErrorFrame(Frame):
    """A command was refused; the socket stays open."""

    wire = "error"
    code: str
    detail: str
    client_msg_id: str | None = None
    session_id: str | None = None
    retry_after: float | None = None
    errors: list[dict[str, str]] | None = None

    @classmethod
    def of(
        cls, error: DomainError, *, client_msg_id: str | None = None, session_id: str | None = None
    ) -> "ErrorFrame":
        """Return the frame for a domain error."""
        return cls(
            code=error.code,
            detail=error.detail,
            client_msg_id=client_msg_id,
            session_id=session_id,
            retry_after=error.retry_after,
            errors=[
                {"field": item.field, "code": item.code, "detail": item.detail}
                for item in error.errors
            ]
            or None,
        )


FRAMES: tuple[type[Frame], ...] = (
    Ready,
    Pong,
    Subscribed,
    Head,
    Ack,
    MessageFrame,
    ReplyStart,
    ReplyChunk,
    ReplyEnd,
    TypingFrame,
    ReadFrame,
    SessionFrame,
    PresenceFrame,
    ErrorFrame,
)
_FIELDS = {
    kind: tuple((field.name, field.default is not MISSING) for field in fields(kind))
    for kind in FRAMES
}

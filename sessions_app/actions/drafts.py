"""What somebody wants to say, checked, before it has a number."""

import hashlib
import re
import uuid
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from django.conf import settings

from accounts.viewer import Viewer
from chatsite.lib import ids
from chatsite.lib.errors import PermissionDenied, ValidationFailed
from sessions_app.access import Membership
from sessions_app.file_types import MOST_FILES
from sessions_app.models import ChatSession, MessageKind, SenderKind

LONGEST_NUMBER = 2**63
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,64}")


_SENDABLE = {
    kind.value: kind
    for kind in (MessageKind.TEXT, MessageKind.IMAGE, MessageKind.FILE, MessageKind.NOTE)
}
_NEEDS_FILE = {MessageKind.IMAGE, MessageKind.FILE}


class Author(NamedTuple):
    """Who says something: a user, the assistant, or the system."""

    kind: SenderKind
    user_id: int | None = None
    name: str = ""
    avatar: str = ""

    @classmethod
    def of(cls, viewer: Viewer, *, staff: bool) -> "Author":
        """Return the viewer as the author of a message."""
        kind = SenderKind.AGENT if staff else SenderKind.CUSTOMER
        return cls(kind, viewer.user_id, viewer.name, viewer.avatar)


SYSTEM = Author(SenderKind.SYSTEM)


@dataclass(slots=True)
class Draft:
    """A checked message on its way to the database.  Make it with :func:`draft`.

    Not frozen, because to make a frozen one of so many fields takes as long as to check it.
    """

    session_id: uuid.UUID
    author: Author
    content: str
    kind: MessageKind = MessageKind.TEXT
    client_msg_id: str | None = None
    attachment_ids: tuple[uuid.UUID, ...] = ()
    reply_to: uuid.UUID | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    joined: bool = True

    #: Makes a repeated send the same row; None without a client id.
    send_key: uuid.UUID | None = field(init=False, default=None)
    #: Digest of what is said; empty without a client id.
    fingerprint: str = field(init=False, default="")

    def __post_init__(self) -> None:
        if self.client_msg_id is None:
            return
        name = f"{ids.text(self.session_id)}/{self.author.user_id or 0}/{self.client_msg_id}"
        said = f"{self.kind}\0{self.reply_to}\0{self.attachment_ids}\0{self.content}"
        self.send_key = uuid.UUID(bytes=hashlib.blake2b(name.encode(), digest_size=16).digest())
        self.fingerprint = hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def draft(
    member: Membership,
    *,
    content: object,
    kind: object = MessageKind.TEXT,
    client_msg_id: object = None,
    attachment_ids: object = (),
    reply_to: object = None,
) -> Draft:
    """Check what a person wants to say and return it as a draft.

    Raises :class:`ValidationFailed` naming the field, or :class:`PermissionDenied` for a note by
    someone who is not staff.
    """
    known = _SENDABLE.get(kind) if isinstance(kind, str) else None
    if known is None:
        raise ValidationFailed.of("kind", "one of text, image, file, note", "invalid_choice")
    if known is MessageKind.NOTE and not member.staff:
        raise PermissionDenied("Only staff may write notes")
    text = clean_text("content", content, most=settings.MESSAGE_MAX_CHARS)
    files = _ids("attachment_ids", attachment_ids)
    if known in _NEEDS_FILE and not files:
        raise ValidationFailed.of("attachment_ids", "an upload is required", "required")
    if not text.strip() and not files:
        raise ValidationFailed.of("content", "may not be empty", "blank")
    client_msg_id = clean_client_id("client_msg_id", client_msg_id)
    return Draft(
        session_id=member.session_id,
        author=Author.of(member.viewer, staff=member.staff),
        content=text,
        kind=known,
        client_msg_id=client_msg_id,
        attachment_ids=files,
        reply_to=_ids("reply_to", [reply_to])[0] if reply_to is not None else None,
        joined=member.joined,
    )


def event(session: ChatSession, name: str, sentence: str, **params: object) -> Draft:
    """Return the draft of an event message; clients translate it by ``metadata.event``."""
    return Draft(
        session_id=session.id,
        author=SYSTEM,
        kind=MessageKind.EVENT,
        content=sentence,
        metadata={"event": name, **params},
    )


def clean_text(name: str, value: object, *, most: int) -> str:
    """Return ``value`` if it is text that every database and client can hold.

    NUL is refused by PostgreSQL and a lone surrogate by UTF-8, so both are refused here.
    """
    if not isinstance(value, str):
        raise ValidationFailed.of(name, "expected text", "not_a_string")
    if len(value) > most:
        raise ValidationFailed.of(name, f"at most {most} characters", "max_length")
    if "\0" in value:
        raise ValidationFailed.of(name, "may not hold the NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValidationFailed.of(name, "not valid Unicode") from None
    return value


def clean_client_id(name: str, value: object) -> str | None:
    """Return the id that a client gave what it sends, if it gave one."""
    if value is None or (isinstance(value, str) and _CLIENT_ID.fullmatch(value)):
        return value
    raise ValidationFailed.of(name, "1 to 64 printable ASCII characters")


def clean_metadata(value: object) -> dict[str, Any]:
    """Return caller-given metadata: a JSON object of bounded size."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValidationFailed.of("metadata", "expected an object")
    try:
        raw = orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):
        raise ValidationFailed.of("metadata", "not valid JSON") from None
    if len(raw) > settings.METADATA_MAX_BYTES or b"\\u0000" in raw:
        raise ValidationFailed.of("metadata", "too large, or holds the NUL character")
    if _has_long_number(value):
        raise ValidationFailed.of("metadata", "holds a number of more than 64 bits")
    return value


def _has_long_number(value: object) -> bool:
    """Say whether some number is none once PostgreSQL has kept it.

    A ``jsonb`` makes an integer of 1e21, and an integer of that length cannot be sent to anyone.
    """
    if isinstance(value, dict):
        return any(map(_has_long_number, value.values()))
    if isinstance(value, list):
        return any(map(_has_long_number, value))
    return isinstance(value, int | float) and not -LONGEST_NUMBER <= value < LONGEST_NUMBER


def _ids(name: str, value: object) -> tuple[uuid.UUID, ...]:
    if not isinstance(value, (list, tuple)) or len(value) > MOST_FILES:
        raise ValidationFailed.of(name, f"expected a list of at most {MOST_FILES} ids")
    try:
        return tuple(uuid.UUID(str(item)) for item in value)
    except ValueError:
        raise ValidationFailed.of(name, "not an id") from None


def who(viewer: Viewer) -> dict[str, Any]:
    """Return a person as an event names them."""
    return {"id": viewer.user_id, "name": viewer.name}

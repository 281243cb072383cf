"""What is told after something happened: one small function per happening.

This is the only place that knows what the bus carries.  Durable happenings are rung after their
commit and can be read again from rows; ephemeral ones (typing, presence, chunks) may be lost.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatsite.lib import ids, request_id
from chatsite.lib.bus import bus
from chatsite.lib.clock import rfc3339_or_none
from sessions_app import payloads
from sessions_app.models import Attachment, ChatSession, Message
from sessions_app.protocol import Frame, MessageFrame, ReadFrame, TypingFrame

#: Says that customers get the frame of staff; most messages are sent only once so.
SAME = "same"


@dataclass(frozen=True, slots=True)
class LiveAnswer:
    """A running answer as live events name it.

    The reply to a customer is its own turn and has no slot; its ``epoch`` says whose floor it was
    begun on.  An answer that stands beside others is a slot of a turn, and no epoch ends it.
    """

    session_id: uuid.UUID
    turn_id: uuid.UUID
    answer_id: uuid.UUID
    slot: int | None
    attempt: int
    epoch: int = 0

    @classmethod
    def reply(
        cls, session_id: uuid.UUID, answer_id: uuid.UUID, *, attempt: int, epoch: int
    ) -> "LiveAnswer":
        """Return the name of the reply to a customer."""
        return cls(session_id, answer_id, answer_id, None, attempt, epoch)


def committed(
    sessions: Sequence[ChatSession],
    messages: Sequence[Message],
    files: dict[uuid.UUID, list[Attachment]],
    *,
    plain: bool = False,
) -> None:
    """Ring for new or changed messages and for what they changed of their sessions.

    ``plain`` says that nothing has changed but what the event then carries (:func:`_numbers`), so
    that whoever shows the session need not read it again.
    """
    request = request_id.current()
    heads = {session.id: session for session in sessions}
    events: list[dict[str, Any]] = []
    for message in messages:
        head = heads[message.session_id]
        shown = files.get(message.id, [])
        staff = message_frame(message, staff=True, files=shown)
        # Before the first note a customer sees the same numbers as staff, and so the same frame.
        same = message.prev_public_seq == message.seq - 1
        events.append(
            {
                "type": "message",
                "session": message.session_id.hex,
                "version": message.version,
                "epoch": head.epoch,
                "staff": staff,
                "public": (
                    None
                    if message.is_note
                    else SAME
                    if same
                    else message_frame(message, staff=False, files=shown)
                ),
                "numbers": _numbers(head) if plain else None,
                "request": request,
            }
        )
    bus.publish("live", *events)


def _numbers(session: ChatSession) -> payloads.Payload:
    return {
        "unread": session.staff_unread,
        "waiting_since": rfc3339_or_none(session.waiting_since),
        "live_turn": str(session.live_turn) if session.live_turn else None,
    }


def message_frame(message: Message, *, staff: bool, files: list[Attachment] | None = None) -> str:
    """Return the ``message`` frame for staff or for customers, as JSON."""
    return MessageFrame(
        session_id=ids.text(message.session_id),
        version=message.version,
        message=payloads.message(message, staff=staff, attachments=files),
    ).encode()


def session_changed(session: ChatSession) -> None:
    """Ring for a change of the session that is not a message (tags, title)."""
    bus.publish(
        "live",
        {
            "type": "session",
            "session": session.id.hex,
            "version": session.version,
            "epoch": session.epoch,
            "request": request_id.current(),
        },
    )


def read_marked(session_id: uuid.UUID, user_id: int, seq: int, *, staff_only: bool) -> None:
    """Tell the session that someone has read up to ``seq``."""
    frame = ReadFrame(session_id=str(session_id), user_id=user_id, seq=seq)
    _ephemeral(session_id, frame, staff_only=staff_only)


def typing(session_id: uuid.UUID, user: payloads.Payload, *, active: bool) -> None:
    """Tell the others in the session that someone types, or stopped."""
    frame = TypingFrame(session_id=str(session_id), user=user, active=active)
    _ephemeral(session_id, frame, sender=user["id"])


def _ephemeral(
    session_id: uuid.UUID, frame: Frame, *, staff_only: bool = False, sender: int | None = None
) -> None:
    bus.publish(
        "live",
        {
            "type": "frame",
            "session": session_id.hex,
            "staff_only": staff_only,
            "except": sender,
            "frame": frame.encode(),
        },
    )


def presence(user_id: int, status: str, *, staff: bool, said: bool) -> None:
    """Tell those who share a session with a user how they are; staff hear of all of staff.

    ``said`` means the user chose the status, rather than a socket having come or gone.
    """
    bus.publish(
        "live",
        {"type": "presence", "user": user_id, "status": status, "staff": staff, "said": said},
    )


def reply_started(answer: LiveAnswer) -> None:
    """Tell that an answer begins; text of an earlier attempt is void."""
    _reply(answer, op="start")


def reply_chunks(pieces: Sequence[tuple[LiveAnswer, int, str]]) -> None:
    """Tell the next pieces (number and text) of running answers, all of them with one ring."""
    bus.publish(
        "live",
        *(_reply_event(answer, op="chunk", seq=seq, text=text) for answer, seq, text in pieces),
    )


def reply_ended(answer: LiveAnswer, status: str) -> None:
    """Tell that an answer ended: ``done``, ``stopped``, ``failed`` or ``handoff``."""
    _reply(answer, op="end", text=status)


def _reply(answer: LiveAnswer, *, op: str, text: str = "") -> None:
    bus.publish("live", _reply_event(answer, op=op, seq=0, text=text))


def _reply_event(answer: LiveAnswer, *, op: str, seq: int, text: str) -> dict[str, Any]:
    return {
        "type": "reply",
        "op": op,
        "session": answer.session_id.hex,
        "turn": ids.text(answer.turn_id),
        "answer": ids.text(answer.answer_id),
        "slot": answer.slot,
        "attempt": answer.attempt,
        "epoch": answer.epoch,
        "seq": seq,
        "text": text,
    }


def reply_cancelled(session_id: uuid.UUID, turn_id: uuid.UUID | None, reason: str) -> None:
    """Tell the workers to give up an answer: ``floor``, ``stop`` or ``newer``."""
    bus.publish(
        "control",
        {
            "type": "reply.cancel",
            "session_id": str(session_id),
            "turn_id": str(turn_id) if turn_id else None,
            "reason": reason,
        },
    )


def access_revoked(user_id: int, family_id: str | None) -> None:
    """Tell every web process to close the sockets of a user, or of one device of theirs."""
    bus.publish("live", {"type": "revoked", "user": user_id, "family": family_id})


def access_changed(session_id: uuid.UUID) -> None:
    """Tell every web process to ask again who may see a session."""
    bus.publish("live", {"type": "access", "session": session_id.hex})

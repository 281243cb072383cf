"""The assistant's answers: who may begin one, and how it becomes a message or ends.

The floor is checked in the very transaction that inserts the answer, under the session's row
lock: an answer of an old epoch cannot be committed, whatever raced.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import Conflict
from sessions_app import publish, signals
from sessions_app.access import session_for
from sessions_app.actions.drafts import Author, Draft, event
from sessions_app.actions.floor import live_reply
from sessions_app.actions.recording import (
    after_commit,
    locked,
    numbered,
    record,
    take_effect,
)
from sessions_app.models import ChatSession, Floor, Message, SenderKind


class FloorLost(Exception):
    """Someone else speaks now; the answer must not be seen."""


class Superseded(Exception):
    """The customer has written again; the answer should take that in."""


@dataclass(frozen=True, slots=True)
class ReplyFloor:
    """The right to answer: valid as long as ``epoch`` is, for messages up to ``watermark``."""

    epoch: int
    watermark: int


def due_sessions(*, now: datetime, limit: int = 100) -> list[uuid.UUID]:
    """Return sessions whose owed answer is due, the longest first."""
    return list(
        ChatSession.objects.filter(reply_due_at__lte=now, floor=Floor.ASSISTANT)
        .order_by("reply_due_at")
        .values_list("pk", flat=True)[:limit]
    )


def begin_reply(
    *, session_id: uuid.UUID, turn_id: uuid.UUID, attempt: int, epoch: int | None = None
) -> ReplyFloor | None:
    """Take the assistant's floor for one attempt of one turn, inside the caller's transaction.

    Returns ``None`` when the assistant may not speak, when ``epoch`` is given and old, or when
    nothing is owed (``epoch`` not given).  Viewers get ``reply.start`` after the commit.
    """
    session = locked(session_id)
    if session.floor != Floor.ASSISTANT or (epoch is not None and epoch != session.epoch):
        return None
    if epoch is None and session.reply_due_at is None:
        return None
    session.reply_due_at = None
    session.live_turn = turn_id
    session.live_attempt = attempt
    session.save(update_fields=["reply_due_at", "live_turn", "live_attempt"])
    begun = live_reply(session, turn_id)
    transaction.on_commit(partial(publish.reply_started, begun), robust=True)
    return ReplyFloor(epoch=session.epoch, watermark=session.last_customer_seq)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A finished answer, and what must still hold for it to be said."""

    session_id: uuid.UUID
    turn_id: uuid.UUID
    attempt: int
    epoch: int
    watermark: int
    content: str
    name: str = "Assistant"
    metadata: dict[str, Any] | None = None
    allow_supersede: bool = False


def commit_reply(answer: Spoken) -> Message:
    """Make a finished answer the turn's one message, and end the turn for viewers.

    Raises what :func:`speak` raises.
    """
    with transaction.atomic():
        session = locked(answer.session_id)
        message = speak(session, answer)
        Message.objects.bulk_create([message])
        session.save()
        after_commit([session], [message])
        transaction.on_commit(told_as_done(session, answer), robust=True)
    return message


def speak(session: ChatSession, answer: Spoken) -> Message:
    """Return the answer as the next message of ``session``, whose row it changes and saves not.

    Raises :class:`FloorLost` when the epoch or the live attempt has moved on, and
    :class:`Superseded` when the customer wrote after ``watermark`` and ``allow_supersede``.
    """
    if (
        session.floor != Floor.ASSISTANT
        or session.epoch != answer.epoch
        or session.live_turn != answer.turn_id
        or session.live_attempt != answer.attempt
    ):
        raise FloorLost
    is_behind = session.last_customer_seq > answer.watermark
    if answer.allow_supersede and is_behind:
        raise Superseded
    waiting = session.waiting_since if is_behind else None
    session.live_turn = None
    now = clock.now()
    item = Draft(
        session_id=session.id,
        author=Author(SenderKind.ASSISTANT, None, answer.name),
        content=answer.content,
        client_msg_id=f"turn:{answer.turn_id}",
        metadata={**(answer.metadata or {}), "turn_id": str(answer.turn_id)},
    )
    message = numbered(session, item, now)
    take_effect(session, message, now)
    session.waiting_since = waiting
    return message


def told_as_done(session: ChatSession, answer: Spoken) -> Callable[[], None]:
    """Return what tells viewers that the answer is over, to be called after the commit."""
    return partial(publish.reply_ended, live_reply(session, answer.turn_id), "done")


def end_reply(
    *,
    session_id: uuid.UUID,
    turn_id: uuid.UUID,
    attempt: int,
    status: str,
    detail: str = "",
) -> None:
    """End a turn that brought no message: ``stopped``, ``failed``, ``handoff``, ``superseded``.

    ``failed`` leaves a visible event, so that the customer can retry or ask for a person.  A turn
    that no longer holds the floor has already ended for viewers; then nothing happens.
    """
    with transaction.atomic():
        session = locked(session_id)
        if session.live_turn != turn_id or session.live_attempt != attempt:
            return
        session.live_turn = None
        if status == "failed":
            sentence = "The assistant could not answer. Try again, or ask for a person."
            record(
                session,
                [event(session, "reply_failed", sentence, turn_id=str(turn_id), reason=detail)],
            )
        else:
            session.save(update_fields=["live_turn"])
        shown = "stopped" if status == "superseded" else status
        ended = live_reply(session, turn_id)
        transaction.on_commit(partial(publish.reply_ended, ended, shown), robust=True)


def retry_reply(*, viewer: Viewer, session_id: object) -> ChatSession:
    """Make the assistant answer again, after it failed.

    Raises :class:`Conflict` when it is answering, does not have the floor, or nobody waits for an
    answer: otherwise one question could be answered, and paid for, any number of times.
    """
    with transaction.atomic():
        session = locked(session_for(viewer, session_id).id)
        if (
            session.floor != Floor.ASSISTANT
            or session.live_turn is not None
            or session.waiting_since is None
        ):
            raise Conflict("The assistant has nothing to answer here")
        session.reply_due_at = clock.now()
        session.save(update_fields=["reply_due_at"])
        signals.announce(signals.reply_wanted, session_id=session.id, due_at=session.reply_due_at)
    return session


def stop_reply(*, viewer: Viewer, session_id: object) -> None:
    """Ask the running reply to stop.  Stopping twice, or after the end, changes nothing."""
    session = session_for(viewer, session_id)
    if session.live_turn is None:
        return
    signals.announce(signals.reply_stop_requested, session_id=session.id, turn_id=session.live_turn)
    turn = session.live_turn
    transaction.on_commit(lambda: publish.reply_cancelled(session.id, turn, "stop"), robust=True)

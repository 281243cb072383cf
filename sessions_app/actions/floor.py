"""The speaking floor: a session has one speaker, and an epoch that fences late answers."""

from functools import partial
from uuid import UUID

from django.db import transaction

from chatsite.lib import clock
from sessions_app import publish
from sessions_app.actions.drafts import Author, Draft, event
from sessions_app.models import ChatSession, Floor, SessionStatus


def take_floor(session: ChatSession, author: Author) -> Draft:
    """Give the floor of a locked session to an agent; return the event that says so.

    From here on no answer of the assistant can be committed: the epoch has moved.
    """
    silence_assistant(session, "stopped")
    session.floor = Floor.AGENT
    session.status = SessionStatus.ASSIGNED
    if session.assignee_id is None:
        session.assignee_id = author.user_id
    return event(
        session,
        "claimed",
        f"{author.name} joined the conversation.",
        agent={"id": author.user_id, "name": author.name},
    )


def silence_assistant(session: ChatSession, status: str) -> None:
    """Move the epoch of a locked session: no answer begun before can be committed any more.

    Viewers of a running answer see it end with ``status``; its worker is told to stop.
    """
    session.epoch += 1
    if session.live_turn is not None:
        answer = live_reply(session, session.live_turn)
        transaction.on_commit(partial(publish.reply_ended, answer, status), robust=True)
    if session.floor == Floor.ASSISTANT:
        transaction.on_commit(
            partial(publish.reply_cancelled, session.id, None, "floor"), robust=True
        )
    session.reply_due_at = None
    session.live_turn = None


def live_reply(session: ChatSession, turn_id: UUID) -> publish.LiveAnswer:
    """Return the session's running reply as live events name it."""
    return publish.LiveAnswer.reply(
        session.id, turn_id, attempt=session.live_attempt, epoch=session.epoch
    )


def shut(session: ChatSession) -> None:
    """Close a locked session: nobody writes here any more."""
    silence_assistant(session, "stopped")
    session.status = SessionStatus.CLOSED
    session.floor = Floor.NOBODY
    session.waiting_since = None
    session.closed_at = clock.now()


def give_back(session: ChatSession, reply: str = "stopped") -> None:
    """Put a locked session back into its team's queue: nobody has the floor."""
    silence_assistant(session, reply)
    session.assignee = None
    session.status = SessionStatus.QUEUED
    session.floor = Floor.NOBODY
    session.waiting_since = session.waiting_since or clock.now()

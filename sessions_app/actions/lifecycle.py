"""The life of a session: opened, closed, reopened, rated, tagged.

Each action locks the session's row, checks, writes, and leaves one visible event message, so that
every client learns of it from the same ordered stream.
"""

from typing import Any

from django.db import transaction

from accounts.models import Team
from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import Conflict, PermissionDenied, ValidationFailed
from sessions_app import publish
from sessions_app.access import is_staff_view, session_for, staff_session_for
from sessions_app.actions.assignment import find_team
from sessions_app.actions.drafts import Author, clean_metadata, clean_text, event, who
from sessions_app.actions.floor import shut
from sessions_app.actions.recording import locked, record
from sessions_app.models import (
    ChatSession,
    Floor,
    Message,
    Participant,
    ParticipantRole,
    SessionKind,
    SessionStatus,
    Tag,
)


def open_session(
    *,
    viewer: Viewer,
    kind: str = SessionKind.SUPPORT,
    title: str = "",
    team_id: int | None = None,
    metadata: object = None,
    source: str = "api",
    assistant: bool = True,
) -> ChatSession:
    """Open a session with ``viewer`` as its customer.

    With ``assistant`` the assistant has the floor first; otherwise the session waits for a person.
    Without ``team_id`` the default team answers.
    """
    team = (
        find_team(team_id) if team_id is not None else Team.objects.filter(is_default=True).first()
    )
    with transaction.atomic():
        session = ChatSession.objects.create(
            kind=kind,
            title=clean_text("title", title, most=200),
            source=source,
            metadata=clean_metadata(metadata),
            customer_id=viewer.user_id,
            team=team,
            status=SessionStatus.BOT if assistant else SessionStatus.QUEUED,
            floor=Floor.ASSISTANT if assistant else Floor.NOBODY,
            waiting_since=None if assistant else clock.now(),
            version=1,
            public_version=1,
        )
        Participant.objects.create(
            session=session, user_id=viewer.user_id, role=ParticipantRole.CUSTOMER
        )
        transaction.on_commit(lambda: publish.session_changed(session), robust=True)
    return session


def open_talk(
    *, viewer: Viewer, title: object = "", metadata: object = None, source: str = "api"
) -> ChatSession:
    """Open a talk with models, which ``viewer`` alone takes part in: no customer, and no floor."""
    with transaction.atomic():
        session = ChatSession.objects.create(
            kind=SessionKind.ASSISTANT,
            status=SessionStatus.BOT,
            title=clean_text("title", title, most=200),
            metadata=clean_metadata(metadata),
            source=source,
            version=1,
            public_version=1,
        )
        Participant.objects.create(
            session=session, user_id=viewer.user_id, role=ParticipantRole.MEMBER
        )
        transaction.on_commit(lambda: publish.session_changed(session), robust=True)
    return session


def close(*, viewer: Viewer, session_id: object, reason: str = "") -> ChatSession:
    """End a session; who did it and why becomes an event.  Closing a closed one changes nothing."""
    reason = clean_text("reason", reason, most=200)
    with transaction.atomic():
        seen = session_for(viewer, session_id)
        staff = is_staff_view(viewer, seen)
        session = locked(seen.id)
        if session.is_closed:
            return session
        shut(session)
        by = viewer.name if staff else "the customer"
        closed = event(
            session,
            "closed",
            f"The conversation was closed by {by}.",
            by=Author.of(viewer, staff=staff).kind,
            agent=who(viewer) if staff else None,
            reason=reason,
        )
        record(session, [closed])
    return session


def reopen(*, viewer: Viewer, session_id: object) -> ChatSession:
    """Open a closed session again: it goes back to its agent, or waits for one."""
    with transaction.atomic():
        seen = session_for(viewer, session_id)
        staff = is_staff_view(viewer, seen)
        session = locked(seen.id)
        if not session.is_closed:
            raise Conflict("The session is open")
        if session.archived_at is not None:
            raise Conflict("The session is archived")
        assigned = session.assignee_id is not None
        session.status = SessionStatus.ASSIGNED if assigned else SessionStatus.QUEUED
        session.floor = Floor.AGENT if assigned else Floor.NOBODY
        session.epoch += 1
        session.closed_at = None
        session.waiting_since = None if staff and assigned else clock.now()
        by = viewer.name if staff else "the customer"
        sentence = f"The conversation was reopened by {by}."
        record(
            session, [event(session, "reopened", sentence, agent=who(viewer) if staff else None)]
        )
    return session


def rate(*, viewer: Viewer, session_id: object, score: object, comment: str = "") -> ChatSession:
    """Let the customer rate a session, 1 to 5; the last rating counts."""
    comment = clean_text("comment", comment, most=2000)
    if type(score) is not int or not 1 <= score <= 5:
        raise ValidationFailed.of("score", "a whole number from 1 to 5")
    with transaction.atomic():
        session = locked(session_for(viewer, session_id).id)
        if session.customer_id != viewer.user_id:
            raise PermissionDenied("Only the customer rates a session")
        session.rating_score = score
        session.rating_comment = comment
        record(session, [event(session, "rated", f"Rated {score} of 5.", score=score)])
    return session


def describe(
    *,
    viewer: Viewer,
    session_id: object,
    title: object = None,
    metadata: object = None,
    archived: bool | None = None,
) -> ChatSession:
    """Change what a session is called, its metadata, or whether it is put away; None leaves it."""
    changes: dict[str, Any] = {}
    if title is not None:
        changes["title"] = clean_text("title", title, most=200)
    if metadata is not None:
        changes["metadata"] = clean_metadata(metadata)
    with transaction.atomic():
        session = locked(staff_session_for(viewer, session_id).id)
        if archived is not None and archived != (session.archived_at is not None):
            changes["archived_at"] = clock.now() if archived else None
        if changes:
            _change(session, **changes)
    return session


def note_change(*, viewer: Viewer, session_id: object) -> None:
    """Let those who follow a session know that something which belongs to it has changed."""
    with transaction.atomic():
        _change(locked(staff_session_for(viewer, session_id).id))


def forget(*, viewer: Viewer, session_id: object) -> None:
    """Take every word out of a session for good, and everyone with it; its numbers stay."""
    with transaction.atomic():
        session = locked(staff_session_for(viewer, session_id).id)
        now = clock.now()
        Message.objects.filter(session=session).update(content="", metadata={}, deleted_at=now)
        Participant.objects.filter(session=session).update(left_at=now)
        session.tags.clear()
        _change(session, title="", metadata={}, archived_at=now)
        transaction.on_commit(lambda: publish.access_changed(session.id), robust=True)


def _change(session: ChatSession, **changes: Any) -> None:
    """Write changes that are no message to a locked session, and tell after the commit."""
    changes |= {"version": session.version + 1, "updated_at": clock.now()}
    for name, value in changes.items():
        setattr(session, name, value)
    session.save(update_fields=list(changes))
    transaction.on_commit(lambda: publish.session_changed(session), robust=True)


def set_tags(*, viewer: Viewer, session_id: object, tags: object) -> ChatSession:
    """Replace a session's tags: at most 20 names of at most 40 characters."""
    if not isinstance(tags, list) or len(tags) > 20:
        raise ValidationFailed.of("tags", "expected a list of at most 20 names")
    # Sorted, so that two who add the same new tags do not wait for each other.
    names = sorted({clean_text("tags", tag, most=40).strip().lower() for tag in tags})
    if "" in names:
        raise ValidationFailed.of("tags", "a name may not be empty", "blank")
    if any(len(name) > 40 for name in names):  # a small letter may be two characters
        raise ValidationFailed.of("tags", "at most 40 characters", "max_length")
    with transaction.atomic():
        session = locked(staff_session_for(viewer, session_id).id)
        Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
        session.tags.set(Tag.objects.filter(name__in=names))
        _change(session)
    return session

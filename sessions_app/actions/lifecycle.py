"""The life of a session: opened, claimed, handed on, closed, rated.

Each action locks the session's row, checks, writes, and leaves one visible event message, so that
every client learns of it from the same ordered stream.
"""

import uuid
from collections.abc import Sequence
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction

from accounts.models import Role, Team, User
from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import (
    Conflict,
    NotFound,
    PermissionDenied,
    SessionAlreadyAssigned,
    SessionClosed,
    ValidationFailed,
)
from sessions_app import publish, queries, signals
from sessions_app.access import is_staff_view, session_for, staff_session_for
from sessions_app.actions.posting import (
    Author,
    Draft,
    after_commit,
    clean_text,
    event,
    join,
    numbered,
    place_for,
    silence_assistant,
    take_effect,
    take_floor,
)
from sessions_app.models import (
    ChatSession,
    Floor,
    Message,
    MessageKind,
    Participant,
    ParticipantRole,
    SessionKind,
    SessionStatus,
    Tag,
)


def locked(session_id: uuid.UUID) -> ChatSession:
    """Return the session with its row locked until the transaction ends."""
    return ChatSession.objects.select_for_update(no_key=True).get(pk=session_id)


def record(session: ChatSession, drafts: Sequence[Draft]) -> list[Message]:
    """Append drafts to a locked session and save all of it; tell everyone after the commit."""
    now = clock.now()
    messages = []
    for item in drafts:
        message = numbered(session, item, now)
        take_effect(session, message, now)
        messages.append(message)
    Message.objects.bulk_create(messages)
    session.save()
    after_commit([session], messages)
    return messages


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
    return value


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
    team = _team(team_id) if team_id is not None else Team.objects.filter(is_default=True).first()
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
        if not assistant:
            signals.announce(signals.session_queued, session_id=session.id)
    return session


def _team(team_id: int) -> Team:
    team = Team.objects.filter(pk=team_id).first()
    if team is None:
        raise ValidationFailed.of("team_id", "no such team", "does_not_exist")
    return team


def claim(*, viewer: Viewer, session_id: object) -> ChatSession:
    """Take a session as an agent: the first one wins and has the floor.

    Claiming one's own session again changes nothing.  Raises :class:`SessionAlreadyAssigned`,
    :class:`SessionClosed`, :class:`SessionNotFound` or :class:`PermissionDenied`.
    """
    with transaction.atomic():
        session = locked(staff_session_for(viewer, session_id).id)
        if session.assignee_id == viewer.user_id:
            return session
        if session.assignee_id is not None:
            raise SessionAlreadyAssigned
        _open_only(session)
        _give_to(session, Author.of(viewer, staff=True))
    return session


def _open_only(session: ChatSession) -> None:
    if session.is_closed:
        raise SessionClosed
    if session.kind != SessionKind.SUPPORT:
        raise Conflict("Only support chats are assigned")


def _give_to(session: ChatSession, agent: Author, extra: Sequence[Draft] = ()) -> None:
    joined = take_floor(session, agent)
    join([place_for(session, agent)])
    record(session, [*extra, joined])


def assign(
    *,
    viewer: Viewer,
    session_id: object,
    agent_id: int | None = None,
    team_id: int | None = None,
    note: str = "",
) -> ChatSession:
    """Give a session to an agent, to a team's queue, or back to the queue (neither given).

    An agent must belong to the session's (new) team, or be an admin.  ``note`` is left for staff.
    """
    with transaction.atomic():
        session = locked(staff_session_for(viewer, session_id).id)
        _open_only(session)
        notes = _note(viewer, session, note)
        if team_id is not None:
            session.team = _team(team_id)
        if agent_id is None:
            to = {"team": session.team.name if session.team else None}
            _give_back(session)
            moved = event(session, "transferred", "The conversation was passed on.", **to)
            record(session, [*notes, moved])
            transaction.on_commit(lambda: publish.access_changed(session.id), robust=True)
            signals.announce(signals.session_queued, session_id=session.id)
            return session
        agent = User.objects.filter(pk=agent_id, is_active=True).exclude(role=Role.CUSTOMER).first()
        if agent is None:
            raise ValidationFailed.of("agent_id", "no such agent", "does_not_exist")
        if agent.role != Role.ADMIN and not agent.teams.filter(pk=session.team_id or 0).exists():
            raise ValidationFailed.of("agent_id", "not in the session's team")
        if session.assignee_id != agent.pk:
            session.assignee_id = None
            author = Author.of(Viewer.of(agent), staff=True)
            _give_to(session, author, notes)
            transaction.on_commit(lambda: publish.access_changed(session.id), robust=True)
        elif notes:
            record(session, notes)
    return session


def transfer(
    *,
    viewer: Viewer,
    session_id: object,
    team_id: int | None = None,
    agent_id: int | None = None,
    note: str = "",
) -> ChatSession:
    """Hand a session on to a team or an agent, with a note for them."""
    if team_id is None and agent_id is None:
        raise ValidationFailed.of("team_id", "team_id or agent_id is required", "required")
    return assign(
        viewer=viewer, session_id=session_id, agent_id=agent_id, team_id=team_id, note=note
    )


def _note(viewer: Viewer, session: ChatSession, text: str) -> list[Draft]:
    text = clean_text("note", text, most=settings.MESSAGE_MAX_CHARS)
    if not text.strip():
        return []
    author = Author.of(viewer, staff=True)
    return [Draft(session_id=session.id, author=author, content=text, kind=MessageKind.NOTE)]


def _give_back(session: ChatSession, reply: str = "stopped") -> None:
    """Put a locked session back into its team's queue: nobody has the floor."""
    silence_assistant(session, reply)
    session.assignee = None
    session.status = SessionStatus.QUEUED
    session.floor = Floor.NOBODY
    session.waiting_since = session.waiting_since or clock.now()


def release(*, viewer: Viewer, session_id: object) -> ChatSession:
    """Give up a session: it waits for another person again.

    Its agent may do so, or an admin; anyone else gets :class:`PermissionDenied`.
    """
    with transaction.atomic():
        session = locked(staff_session_for(viewer, session_id).id)
        _open_only(session)
        if session.assignee_id is None:
            raise Conflict("Nobody has this session")
        if session.assignee_id != viewer.user_id and not viewer.is_admin:
            raise PermissionDenied("Only its agent or an admin may release a session")
        _give_back(session)
        left = f"{viewer.name} left the conversation. Someone else will take over."
        record(session, [event(session, "released", left, agent=_who(viewer))])
        signals.announce(signals.session_queued, session_id=session.id)
    return session


def _who(viewer: Viewer) -> dict[str, Any]:
    return {"id": viewer.user_id, "name": viewer.name}


def request_human(
    *, session_id: object, reason: str = "customer", viewer: Viewer | None = None
) -> ChatSession:
    """Hand a session from the assistant to people, with one visible message.

    ``viewer`` is the customer who asks, or ``None`` when the assistant or the platform does.
    Asking again while waiting or talking to a person changes nothing.  The event says honestly
    whether anyone is online (``metadata.online``).
    """
    if viewer is not None:
        session_id = session_for(viewer, session_id).id
    assert isinstance(session_id, uuid.UUID)
    with transaction.atomic():
        session = locked(session_id)
        _open_only(session)
        if session.status != SessionStatus.BOT:
            return session
        _give_back(session, "handoff")
        online = team_online(session.team_id)
        sentence = (
            "You will be connected with a person. Someone is online and will join shortly."
            if online
            else "Nobody is online right now. Your message is saved, and a person will answer here."
        )
        record(session, [event(session, "handoff", sentence, reason=reason, online=online)])
        signals.announce(signals.session_queued, session_id=session.id)
    return session


def team_online(team_id: int | None) -> bool:
    """Say whether anyone who could answer for the team is connected now."""
    staff = User.objects.filter(is_active=True).exclude(role=Role.CUSTOMER)
    members = staff.filter(teams=team_id) if team_id is not None else staff
    ids = set(members.values_list("pk", flat=True))
    ids |= set(staff.filter(role=Role.ADMIN).values_list("pk", flat=True))
    return bool(queries.available_ids(ids))


def close(*, viewer: Viewer, session_id: object, reason: str = "") -> ChatSession:
    """End a session; who did it and why becomes an event.  Closing a closed one changes nothing."""
    reason = clean_text("reason", reason, most=200)
    with transaction.atomic():
        seen = session_for(viewer, session_id)
        staff = is_staff_view(viewer, seen)
        session = locked(seen.id)
        if session.is_closed:
            return session
        silence_assistant(session, "stopped")
        session.status = SessionStatus.CLOSED
        session.floor = Floor.NOBODY
        session.waiting_since = None
        session.closed_at = clock.now()
        by = viewer.name if staff else "the customer"
        closed = event(
            session,
            "closed",
            f"The conversation was closed by {by}.",
            by=Author.of(viewer, staff=staff).kind,
            agent=_who(viewer) if staff else None,
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
        assigned = session.assignee_id is not None
        session.status = SessionStatus.ASSIGNED if assigned else SessionStatus.QUEUED
        session.floor = Floor.AGENT if assigned else Floor.NOBODY
        session.epoch += 1
        session.closed_at = None
        session.waiting_since = None if staff else clock.now()
        by = viewer.name if staff else "the customer"
        sentence = f"The conversation was reopened by {by}."
        record(
            session, [event(session, "reopened", sentence, agent=_who(viewer) if staff else None)]
        )
        if not assigned:
            signals.announce(signals.session_queued, session_id=session.id)
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


def set_tags(*, viewer: Viewer, session_id: object, tags: object) -> ChatSession:
    """Replace a session's tags: at most 20 names of at most 40 characters."""
    if not isinstance(tags, list) or len(tags) > 20:
        raise ValidationFailed.of("tags", "expected a list of at most 20 names")
    names = list(dict.fromkeys(clean_text("tags", tag, most=40).strip().lower() for tag in tags))
    if "" in names:
        raise ValidationFailed.of("tags", "a name may not be empty", "blank")
    with transaction.atomic():
        session = locked(staff_session_for(viewer, session_id).id)
        Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
        session.tags.set(Tag.objects.filter(name__in=names))
        session.version += 1
        session.updated_at = clock.now()
        session.save(update_fields=["version", "updated_at"])
        transaction.on_commit(lambda: publish.session_changed(session), robust=True)
    return session


def edit_message(*, viewer: Viewer, message_id: object, content: object) -> Message:
    """Change one's own message; it keeps its ``seq`` and comes again with a new version."""
    text = clean_text("content", content, most=settings.MESSAGE_MAX_CHARS)
    if not text.strip():
        raise ValidationFailed.of("content", "may not be empty", "blank")
    return _rewrite(viewer, message_id, content=text, edited_at=clock.now())


def delete_message(*, viewer: Viewer, message_id: object) -> Message:
    """Take back one's own message: its place stays, its words go."""
    return _rewrite(viewer, message_id, content="", deleted_at=clock.now())


def _rewrite(viewer: Viewer, message_id: object, **changes: Any) -> Message:
    try:
        pk = uuid.UUID(str(message_id))
    except ValueError:
        raise NotFound from None
    with transaction.atomic():
        found = Message.objects.filter(pk=pk).first()
        if found is None:
            raise NotFound("No such message")
        seen = session_for(viewer, found.session_id)
        session = locked(seen.id)
        message = Message.objects.prefetch_related("attachments").get(pk=pk)
        if message.is_note and not is_staff_view(viewer, seen):
            raise NotFound("No such message")
        if message.sender_id != viewer.user_id:
            raise PermissionDenied("Only its sender may change a message")
        if session.is_closed:
            raise SessionClosed
        if message.deleted_at is not None:
            raise Conflict("The message was deleted")
        session.version += 1
        if not message.is_note:
            session.public_version = session.version
        message.version = session.version
        for name, value in changes.items():
            setattr(message, name, value)
        message.save(update_fields=["version", *changes])
        session.save(update_fields=["version", "public_version"])
        files = {message.id: list(message.attachments.all())}
        transaction.on_commit(lambda: publish.committed([session], [message], files), robust=True)
    return message

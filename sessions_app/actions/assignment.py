"""Who answers a session: claimed, assigned, handed on, given back, or asked for.

The first one who claims wins; whoever gets a session gets the floor with it.
"""

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from accounts.models import Role, Team, User
from accounts.viewer import Viewer
from chatsite.lib.errors import (
    Conflict,
    PermissionDenied,
    SessionAlreadyAssigned,
    SessionClosed,
    ValidationFailed,
)
from sessions_app import publish, queries
from sessions_app.access import session_for, staff_session_for
from sessions_app.actions.drafts import Author, Draft, clean_text, event, who
from sessions_app.actions.floor import give_back, take_floor
from sessions_app.actions.recording import join, locked, place_for, record
from sessions_app.models import ChatSession, MessageKind, SessionStatus


def claim(*, viewer: Viewer, session_id: object) -> ChatSession:
    """Take a session as an agent: the first one wins and has the floor.

    Claiming one's own session again changes nothing.  Raises :class:`SessionAlreadyAssigned`,
    :class:`SessionClosed`, :class:`SessionNotFound` or :class:`PermissionDenied`.
    """
    with transaction.atomic():
        session = locked(staff_session_for(viewer, session_id).id)
        _open_only(session)
        if session.assignee_id == viewer.user_id:
            return session
        if session.assignee_id is not None:
            raise SessionAlreadyAssigned
        _give_to(session, Author.of(viewer, staff=True))
    return session


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
            session.team = find_team(team_id)
        if agent_id is None:
            to = {"team": session.team.name if session.team else None}
            give_back(session)
            moved = event(session, "transferred", "The conversation was passed on.", **to)
            record(session, [*notes, moved])
            transaction.on_commit(lambda: publish.access_changed(session.id), robust=True)
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
        staff_session_for(viewer, session_id)  # a stranger learns nothing else
        raise ValidationFailed.of("team_id", "team_id or agent_id is required", "required")
    return assign(
        viewer=viewer, session_id=session_id, agent_id=agent_id, team_id=team_id, note=note
    )


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
        give_back(session)
        left = f"{viewer.name} left the conversation. Someone else will take over."
        record(session, [event(session, "released", left, agent=who(viewer))])
    return session


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
        give_back(session, "handoff")
        online = team_online(session.team_id)
        sentence = (
            "Our team has been told. A person will join you here."
            if online
            else "Nobody is online right now. Your message is saved, and a person will answer here."
        )
        record(session, [event(session, "handoff", sentence, reason=reason, online=online)])
    return session


def team_online(team_id: int | None) -> bool:
    """Say whether anyone who could answer for the team is connected now."""
    staff = User.objects.filter(is_active=True).exclude(role=Role.CUSTOMER)
    members = staff.filter(teams=team_id) if team_id is not None else staff
    ids = set(members.values_list("pk", flat=True))
    ids |= set(staff.filter(role=Role.ADMIN).values_list("pk", flat=True))
    return bool(queries.available_ids(ids))


def find_team(team_id: int) -> Team:
    team = Team.objects.filter(pk=team_id).first()
    if team is None:
        raise ValidationFailed.of("team_id", "no such team", "does_not_exist")
    return team


def _open_only(session: ChatSession) -> None:
    if session.is_closed:
        raise SessionClosed
    if not session.is_served:
        raise Conflict("Only chats with customers are assigned")


def _give_to(session: ChatSession, agent: Author, extra: Sequence[Draft] = ()) -> None:
    joined = take_floor(session, agent)
    join([place_for(session, agent)])
    record(session, [*extra, joined])


def _note(viewer: Viewer, session: ChatSession, text: str) -> list[Draft]:
    text = clean_text("note", text, most=settings.MESSAGE_MAX_CHARS)
    if not text.strip():
        return []
    author = Author.of(viewer, staff=True)
    return [Draft(session_id=session.id, author=author, content=text, kind=MessageKind.NOTE)]

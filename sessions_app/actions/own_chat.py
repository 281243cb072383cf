"""Everybody's own talk with the assistant: said to, and cleared.

There is at most one that is not archived (a constraint of the database); it begins with the first
thing said.
"""

from django.db import IntegrityError, transaction

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import SessionNotFound
from sessions_app import signals
from sessions_app.access import session_for
from sessions_app.actions.drafts import event
from sessions_app.actions.floor import shut
from sessions_app.actions.lifecycle import open_session
from sessions_app.actions.posting import Posted, post_message
from sessions_app.actions.recording import locked, record
from sessions_app.models import ChatSession, SessionKind, SessionStatus

SOURCE = "chat"


def say(
    *,
    viewer: Viewer,
    content: object,
    session_id: object = None,
    client_msg_id: object = None,
) -> Posted:
    """Say something to the assistant, in the own talk or in another own session.

    Raises what :func:`post_message` does; a session of somebody else does not exist.
    """
    session = _own_chat(viewer) if session_id is None else session_for(viewer, session_id)
    if session.customer_id != viewer.user_id:
        raise SessionNotFound
    return post_message(
        viewer=viewer, session_id=session.id, content=content, client_msg_id=client_msg_id
    )


def clear_own_chat(*, viewer: Viewer) -> ChatSession | None:
    """Archive the own talk and have it forgotten; the next thing said begins a new one.

    Returns the archived session, or None if there was nothing to clear.
    """
    with transaction.atomic():
        found = ChatSession.objects.own_chats(viewer.user_id).first()
        if found is None:
            return None
        session = locked(found.id)
        if session.archived_at is not None:  # cleared at the same moment
            return session
        session.archived_at = clock.now()
        if session.is_closed:
            session.save(update_fields=["archived_at"])
        else:
            shut(session)
            sentence = "The conversation was closed by the customer."
            record(session, [event(session, "closed", sentence, by="customer", reason="cleared")])
        signals.announce(signals.session_cleared, session_id=session.id, customer_id=viewer.user_id)
    return session


def _own_chat(viewer: Viewer) -> ChatSession:
    found = ChatSession.objects.own_chats(viewer.user_id).first()
    if found is not None and not found.is_closed:
        return found
    try:
        with transaction.atomic():
            if found is not None:  # closed by an agent: its story is over
                ChatSession.objects.filter(pk=found.pk, status=SessionStatus.CLOSED).update(
                    archived_at=clock.now()
                )
            return open_session(viewer=viewer, kind=SessionKind.ASSISTANT, source=SOURCE)
    except IntegrityError:  # at the same moment another message opened it, or an agent reopened it
        return ChatSession.objects.own_chats(viewer.user_id).get()

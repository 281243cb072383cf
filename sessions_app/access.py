"""The only way from an id in a request to a session or a file: absent and forbidden look the
same."""

import uuid
from dataclasses import dataclass

from accounts.viewer import Viewer
from chatsite.lib.errors import NotFound, PermissionDenied, SessionNotFound
from sessions_app import links
from sessions_app.models import Attachment, ChatSession, Participant, SenderKind, SessionKind


@dataclass(frozen=True, slots=True)
class Membership:
    """What a viewer is in one session.

    ``staff`` sees notes and true numbers.  ``joined`` says there is a participant row.
    """

    session_id: uuid.UUID
    viewer: Viewer
    kind: str
    staff: bool
    joined: bool
    team_id: int | None

    @property
    def sender_kind(self) -> SenderKind:
        """Return what the viewer speaks as."""
        return SenderKind.AGENT if self.staff else SenderKind.CUSTOMER


def parse_id(raw: object) -> uuid.UUID:
    """Return the session id in ``raw``, or raise :class:`SessionNotFound`."""
    if isinstance(raw, uuid.UUID):
        return raw
    try:
        return uuid.UUID(str(raw))
    except ValueError:
        raise SessionNotFound from None


def is_staff_view(viewer: Viewer, session: ChatSession) -> bool:
    """Say whether ``viewer`` sees ``session`` as staff do.

    A room has members only, and in their own talk with the assistant staff are the customer.
    """
    if session.kind == SessionKind.ASSISTANT and session.customer_id == viewer.user_id:
        return False
    return viewer.is_staff and session.kind in {SessionKind.SUPPORT, SessionKind.ASSISTANT}


def session_for(viewer: Viewer, session_id: object) -> ChatSession:
    """Return the session when ``viewer`` may see it; raise :class:`SessionNotFound` otherwise."""
    session = (
        ChatSession.objects.visible_to(viewer)
        .select_related("team", "assignee", "customer")
        .filter(pk=parse_id(session_id))
        .first()
    )
    if session is None:
        raise SessionNotFound
    return session


def membership(viewer: Viewer, session_id: object) -> Membership:
    """Return what ``viewer`` is in the session; raise :class:`SessionNotFound` if nothing."""
    session = session_for(viewer, session_id)
    return Membership(
        session_id=session.id,
        viewer=viewer,
        kind=session.kind,
        staff=is_staff_view(viewer, session),
        joined=Participant.objects.present()
        .filter(session=session, user_id=viewer.user_id)
        .exists(),
        team_id=session.team_id,
    )


def staff_session_for(viewer: Viewer, session_id: object) -> ChatSession:
    """Return a session that ``viewer`` may work on as staff.

    Raises :class:`SessionNotFound` when it cannot be seen and :class:`PermissionDenied` when it
    can, but only as its customer.
    """
    session = session_for(viewer, session_id)
    if not is_staff_view(viewer, session):
        raise PermissionDenied("Only staff may do this")
    return session


def attachment_for(viewer: Viewer, attachment_id: object) -> Attachment:
    """Return an upload that ``viewer`` may read; raise :class:`NotFound` otherwise.

    Until a message takes it, it is its uploader's; then whoever may see the message sees it.
    """
    item = _shown_attachment(attachment_id)
    if item.message is None:
        if item.uploader_id != viewer.user_id:
            raise NotFound
        return item
    session = ChatSession.objects.visible_to(viewer).filter(pk=item.message.session_id).first()
    if session is None or (item.message.is_note and not is_staff_view(viewer, session)):
        raise NotFound
    return item


def attachment_by_link(attachment_id: object, until: str, sig: str) -> Attachment:
    """Return the upload that a signed link opens; raise :class:`NotFound` for any other link."""
    item = _shown_attachment(attachment_id)
    if not links.is_good(item.id, until, sig):
        raise NotFound
    return item


def _shown_attachment(attachment_id: object) -> Attachment:
    """Return an attachment unless it, or its message, is gone."""
    try:
        pk = uuid.UUID(str(attachment_id))
    except ValueError:
        raise NotFound from None
    item = Attachment.objects.select_related("message").filter(pk=pk).first()
    if item is None or (item.message is not None and item.message.deleted_at is not None):
        raise NotFound
    return item

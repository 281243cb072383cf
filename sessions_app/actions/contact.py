"""How a customer can be reached when nobody is there to answer."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.viewer import Viewer
from chatsite.lib.errors import PermissionDenied, SessionClosed, ValidationFailed
from sessions_app.access import session_for
from sessions_app.actions.drafts import clean_text, event
from sessions_app.actions.recording import locked, record
from sessions_app.models import ChatSession

MOST_CHARS = 254


def leave_contact(*, viewer: Viewer, session_id: object, email: object) -> ChatSession:
    """Keep the e-mail address that a session's customer wants to be reached at.

    It stands in the session's metadata as ``contact_email``: typed by whoever sits there and not
    verified, it identifies nobody and opens nothing. The last one counts; an event tells of it.
    """
    address = clean_text("email", email, most=MOST_CHARS).strip()
    try:
        validate_email(address)
    except ValidationError:
        raise ValidationFailed.of("email", "not an e-mail address") from None
    with transaction.atomic():
        session = locked(session_for(viewer, session_id).id)
        if session.customer_id != viewer.user_id:
            raise PermissionDenied("Only the customer leaves an address")
        if session.is_closed:
            raise SessionClosed
        if session.metadata.get("contact_email") == address:
            return session
        session.metadata = {**session.metadata, "contact_email": address}
        sentence = f"The customer can be reached at {address}."
        record(session, [event(session, "contact", sentence, email=address)])
    return session

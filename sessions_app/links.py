"""Links to files that expire, for what cannot send an ``Authorization`` header (``<img>``).

A link says which attachment and until when, and is signed.  It holds no token and opens nothing
else; who has it can read that one file until then, unless its message is deleted before.
"""

import uuid

from django.conf import settings
from django.core.signing import BadSignature, Signer

from chatsite.lib import clock

#: Links made within the same step are equal, so that browsers keep what they have loaded.
STEP_S = 900


def signed(attachment_id: uuid.UUID) -> str:
    """Return the address of a file, good for an hour at most (``UPLOAD_LINK_S``)."""
    steps = int(clock.now().timestamp()) // STEP_S
    until = steps * STEP_S + int(settings.UPLOAD_LINK_S)
    return f"/api/v1/files/{attachment_id}?until={until}&sig={_signature(attachment_id, until)}"


def is_good(attachment_id: uuid.UUID, until: str, sig: str) -> bool:
    """Say whether a link is ours, for this attachment, and has not expired."""
    try:
        _signer().unsign(f"{_named(attachment_id, until)}:{sig}")
    except BadSignature:
        return False
    return int(until) > clock.now().timestamp()


def _signature(attachment_id: uuid.UUID, until: int) -> str:
    return _signer().signature(_named(attachment_id, until))


def _named(attachment_id: uuid.UUID, until: int | str) -> str:
    return f"{attachment_id}.{until}"


def _signer() -> Signer:
    return Signer(salt="sessions_app.links")

"""Tickets: one entry within a minute for somebody who cannot send headers."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from accounts.models import Ticket
from accounts.secrets import digest, new_secret
from accounts.tokens import live_user
from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import AuthTokenExpired, AuthTokenInvalid

TICKET_TTL_S = 60


def issue_ticket(*, viewer: Viewer, purpose: str) -> str:
    """A ticket for one entry as `viewer`, for `purpose` only, within TICKET_TTL_S seconds."""
    ticket = new_secret()
    Ticket.objects.create(
        hash=digest(ticket),
        user_id=viewer.user_id,
        purpose=purpose,
        claims={
            "family_id": viewer.family_id,
            "widget_id": viewer.widget_id,
            "expires_at": viewer.expires_at,
        },
        expires_at=clock.now() + dt.timedelta(seconds=TICKET_TTL_S),
    )
    return ticket


def redeem_ticket(*, ticket: str, purpose: str) -> Viewer:
    """Use a ticket up: who deletes the row has the entry.

    The viewer is read afresh; raises AuthTokenInvalid for a ticket that is unknown, used or for
    something else, AuthTokenExpired, AuthTokenRevoked when person or device are no longer welcome.
    """
    row = Ticket.objects.filter(hash=digest(ticket), purpose=purpose).first()
    if row is None or not Ticket.objects.filter(pk=row.pk).delete()[0]:
        raise AuthTokenInvalid
    if row.expires_at <= clock.now():
        raise AuthTokenExpired
    claims = row.claims
    family_id = claims["family_id"]
    user = live_user(row.user_id, family_id=UUID(family_id) if family_id else None)
    return Viewer.of(
        user,
        widget_id=claims["widget_id"],
        family_id=family_id,
        expires_at=claims["expires_at"],
    )

"""Forget what no longer matters."""

from __future__ import annotations

import datetime as dt

from django.contrib.sessions.backends.db import SessionStore
from django.db.models import Q

from accounts import lockout
from accounts.models import RefreshFamily, Ticket
from chatsite.lib import clock

# So long a spent token of an ended device is still known as ours.
_KEEP_ENDED = dt.timedelta(days=14)


def sweep() -> int:
    """Delete dead devices, tickets, counters and sessions; returns how many rows but these."""
    moment = clock.now()
    dead = Q(expires_at__lte=moment) | Q(ended_at__lte=moment - _KEEP_ENDED)
    devices = RefreshFamily.objects.filter(dead).delete()[0]
    tickets = Ticket.objects.filter(expires_at__lte=moment).delete()[0]
    SessionStore.clear_expired()
    return devices + tickets + lockout.sweep()

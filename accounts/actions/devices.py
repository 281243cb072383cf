"""Devices that are logged in: each is a family of refresh tokens, of which one is live.

A refresh token is spent by one conditional UPDATE, and a partial unique index allows a family one
unspent token, so there is one lineage whatever happens in parallel. A spent token that comes back
ends the family: thief and owner cannot be told apart. The exception are copies sent in parallel,
before the sender could know the answer; they are refused and nothing else:

- A browser shares one cookie among its tabs: for ten seconds, as long as the new token is unspent.
- Any other client holds its token alone: only what arrives before the answer leaves, and the answer
  waits a quarter of a second for it.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts import known_device, tokens
from accounts.client import Client
from accounts.models import RefreshFamily, RefreshToken, User
from accounts.pool import release_connection
from accounts.secrets import digest, new_secret
from accounts.signals import announce_revoked
from chatsite.lib import clock, ids, ratelimit
from chatsite.lib.errors import (
    AuthTokenExpired,
    AuthTokenInvalid,
    AuthTokenRevoked,
    NotFound,
)

log = logging.getLogger(__name__)

FAMILY_LIFE = dt.timedelta(days=90)
BROWSER_GRACE = dt.timedelta(seconds=10)
ANSWER_HOLD = dt.timedelta(seconds=0.25)

Ended = RefreshFamily.Ended


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """What a device is given. `expires_in` and `refresh_expires_in` are seconds."""

    user: User
    family_id: UUID
    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    known_device: str = ""


def start_device(*, user: User, client: Client) -> LoggedIn:
    """Log `user` in on a new device."""
    moment = clock.now()
    with transaction.atomic():
        family = RefreshFamily.objects.create(
            id=ids.uuid7(),
            user=user,
            user_agent=client.user_agent,
            ip=client.ip or None,
            created_at=moment,
            last_used_at=moment,
            expires_at=moment + FAMILY_LIFE,
        )
        secret, ends = _next_token(family, moment)
    return _logged_in(user, family, secret, ends - moment, mark=known_device.mark(user))


def refresh(*, token: str, client: Client, arrived_at: dt.datetime | None = None) -> LoggedIn:
    """Spend a refresh token and give out its only child.

    `arrived_at` is when the request came in. Raises AuthTokenInvalid for one we never issued,
    AuthTokenExpired, and AuthTokenRevoked for a spent one or a device that was logged out.
    """
    ratelimit.hit("refresh_ip", client.network)
    arrived_at = arrived_at or clock.now()
    row = RefreshToken.objects.select_related("family__user").filter(hash=digest(token)).first()
    if row is None:
        raise AuthTokenInvalid
    if row.spent_at is None and row.expires_at <= clock.now():
        raise AuthTokenExpired
    fresh = _rotate(row, client)
    if fresh is None:
        _judge_reuse(row, arrived_at, client)
        raise AuthTokenRevoked
    if not client.is_browser:
        release_connection()
        time.sleep(ANSWER_HOLD.total_seconds())
    return fresh


def log_out(*, token: str) -> None:
    """End the device that holds this refresh token, spent or not; unknown ones are ignored."""
    _end(RefreshFamily.objects.filter(tokens__hash=digest(token)), Ended.LOGOUT)


def end_device(*, user_id: int, device_id: UUID, why: Ended = Ended.ENDED) -> None:
    """End one of the person's own live devices; raises NotFound for any other."""
    if not _end(live_devices(user_id=user_id).filter(pk=device_id), why):
        raise NotFound


def end_if_live(*, device_id: UUID, why: Ended) -> None:
    """End the device of a browser's session; nothing happens when it is over already."""
    _end(RefreshFamily.objects.filter(pk=device_id), why)


def end_devices(*, user_id: int, why: Ended, except_id: UUID | None = None) -> int:
    """End all devices of a person, or all but one; returns how many."""
    families = RefreshFamily.objects.filter(user_id=user_id)
    if except_id is not None:
        families = families.exclude(pk=except_id)
    return _end(families, why)


def live_devices(*, user_id: int) -> QuerySet[RefreshFamily]:
    """The devices on which a person is logged in, the newest first."""
    moment = clock.now()
    idle = moment - dt.timedelta(seconds=settings.JWT_REFRESH_TTL)
    families = RefreshFamily.objects.filter(
        user_id=user_id, ended_at=None, expires_at__gt=moment, last_used_at__gt=idle
    )
    return families.order_by("-id")


def _rotate(row: RefreshToken, client: Client) -> LoggedIn | None:
    """Spend the token in one UPDATE and make its child; None when it was not ours to spend."""
    moment = clock.now()
    grace = BROWSER_GRACE if client.is_browser else ANSWER_HOLD
    family = row.family
    with transaction.atomic():
        # The condition stands on the row itself: a joined one would not be asked again after
        # waiting for a parallel spender.
        spent = RefreshToken.objects.filter(pk=row.pk, spent_at=None).update(
            spent_at=moment, grace_until=moment + grace
        )
        alive = RefreshFamily.objects.filter(
            pk=family.pk, ended_at=None, expires_at__gt=moment
        ).update(last_used_at=moment, ip=client.ip or None, user_agent=client.user_agent)
        if not spent or not alive or not family.user.is_active:
            transaction.set_rollback(True)
            return None
        secret, ends = _next_token(family, moment)
    return _logged_in(family.user, family, secret, ends - moment)


def _judge_reuse(row: RefreshToken, arrived_at: dt.datetime, client: Client) -> None:
    """Decide whether a refused token was a parallel copy or is a reason to end the device."""
    row.refresh_from_db()
    if row.spent_at is None or row.grace_until is None:
        return  # Nobody spent it: the device is over, or the person disabled.
    later = RefreshToken.objects.filter(family_id=row.family_id, pk__gt=row.pk)
    if arrived_at <= row.grace_until and not later.exclude(spent_at=None).exists():
        log.info("parallel refresh refused", extra={"family_id": str(row.family_id)})
        return
    ended = _end(RefreshFamily.objects.filter(pk=row.family_id), Ended.REUSE)
    log.warning(
        "spent refresh token came back",
        extra={"family_id": str(row.family_id), "ip": client.ip, "ended": bool(ended)},
    )


def _next_token(family: RefreshFamily, moment: dt.datetime) -> tuple[str, dt.datetime]:
    secret = new_secret()
    ends = min(moment + dt.timedelta(seconds=settings.JWT_REFRESH_TTL), family.expires_at)
    RefreshToken.objects.create(
        family=family, hash=digest(secret), created_at=moment, expires_at=ends
    )
    return secret, ends


def _logged_in(
    user: User, family: RefreshFamily, secret: str, life: dt.timedelta, *, mark: str = ""
) -> LoggedIn:
    return LoggedIn(
        user=user,
        family_id=family.pk,
        access_token=tokens.issue_access(user, family_id=family.pk),
        expires_in=settings.JWT_ACCESS_TTL,
        refresh_token=secret,
        refresh_expires_in=int(life.total_seconds()),
        known_device=mark,
    )


def _end(families: QuerySet[RefreshFamily], why: Ended) -> int:
    with transaction.atomic():
        live = families.filter(ended_at=None).order_by("pk").select_for_update(of=("self",))
        ended = list(live)
        RefreshFamily.objects.filter(pk__in=[family.pk for family in ended]).update(
            ended_at=clock.now(), ended_why=why
        )
        for family in ended:
            announce_revoked(user_id=family.user_id, family_id=str(family.pk))
    return len(ended)

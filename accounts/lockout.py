"""Guessing passwords is stopped per name and per network, exactly, whichever door is used.

A guess takes a place *before* the password is looked at and gives it back afterwards. So of fifty
parallel guesses only as many are evaluated as a name has places, and no lock or transaction is held
while a password is hashed. Names are counted as typed, whether or not anybody is called so: a lock
tells nothing about who exists.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts.models import LoginAttempts
from accounts.pool import release_connection
from chatsite.lib import clock
from chatsite.lib.errors import AuthAccountLocked, DomainError, RateLimited

log = logging.getLogger(__name__)

FAILURES = 5
LOCK_S = 15 * 60
# How long a guess waits for others on the same name that are being evaluated right now.
PATIENCE_S = 8.0
_POLLS_S = (0.03, 0.3)
# A place taken by a process that died comes back after this time.
_PLACE_S = 60


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures a key has, for how many seconds, and what is said when they are spent."""

    key: str
    failures: int
    window_s: int
    refusal: type[DomainError]


@dataclass(slots=True)
class Attempt:
    """One guess in progress; a failure unless somebody says otherwise."""

    succeeded: bool = False


def account_limit(name: str) -> Limit:
    """The limit of an account name in its compare form."""
    return Limit(_key("account", name), FAILURES, LOCK_S, AuthAccountLocked)


def device_limit(device: str) -> Limit:
    """The limit of one known device, so that strangers' guesses do not lock the owner out."""
    return Limit(_key("device", device), FAILURES, LOCK_S, AuthAccountLocked)


def network_limit(network: str) -> Limit:
    """The limit of one network over all names, in fixed windows."""
    failures, window_s = settings.RATE_LIMITS["login_failures_ip"]
    window, into = divmod(time.time(), window_s)
    key = _key("network", f"{network}:{int(window)}")
    return Limit(key, failures, int(window_s - into) + 1, RateLimited)


@contextmanager
def guarded(*limits: Limit) -> Iterator[Attempt]:
    """Evaluate one guess: hold a place under every limit, and count it when it fails.

    Raises the refusal of the first limit that is spent, with the seconds to wait. A fault of ours
    in the middle counts for nothing.
    """
    attempt = Attempt()
    held: list[Limit] = []
    failed = False
    try:
        for limit in limits:
            _take_place(limit)
            held.append(limit)
        try:
            yield attempt
        except DomainError:
            failed = True
            raise
        failed = not attempt.succeeded
    finally:
        for limit in held:
            _give_back(limit, failed=failed, cleared=attempt.succeeded)


def count_failure(limit: Limit) -> None:
    """Count a failure that was evaluated under another limit."""
    with transaction.atomic():
        row = _locked_row(limit)
        _count(row, limit)


def unlock(name: str) -> None:
    """Forget the failures counted against an account name."""
    LoginAttempts.objects.filter(key=account_limit(name).key).delete()


def sweep() -> int:
    """Delete counters that no longer count; returns how many."""
    longest = max(LOCK_S, settings.RATE_LIMITS["login_failures_ip"][1])
    old = clock.now() - timedelta(seconds=2 * longest)
    return LoginAttempts.objects.filter(updated_at__lt=old).delete()[0]


def _take_place(limit: Limit) -> None:
    deadline = time.monotonic() + PATIENCE_S
    pause, longest = _POLLS_S
    while not _try_place(limit):
        if time.monotonic() > deadline:
            raise limit.refusal(retry_after=1)
        release_connection()
        time.sleep(pause)
        pause = min(1.5 * pause, longest)


def _try_place(limit: Limit) -> bool:
    """Take a place; False when all are taken by guesses whose outcome is not known yet."""
    moment = clock.now()
    with transaction.atomic():
        row = _locked_row(limit)
        if row.locked_until is not None:
            wait = (row.locked_until - moment).total_seconds()
            raise limit.refusal(retry_after=max(1.0, wait))
        if row.failed + row.pending >= limit.failures:
            return False
        row.pending += 1
        row.updated_at = moment
        row.save()
    return True


def _give_back(limit: Limit, *, failed: bool, cleared: bool) -> None:
    with transaction.atomic():
        row = _locked_row(limit)
        row.pending = max(0, row.pending - 1)
        if failed:
            _count(row, limit)
        elif cleared and limit.refusal is AuthAccountLocked:
            row.failed = 0
            row.save()
        else:
            row.save()


def _count(row: LoginAttempts, limit: Limit) -> None:
    row.failed += 1
    row.updated_at = clock.now()
    if row.failed >= limit.failures and row.locked_until is None:
        row.locked_until = row.updated_at + timedelta(seconds=limit.window_s)
        log.warning("login locked", extra={"limit": limit.refusal.code, "key": limit.key[:12]})
    row.save()


def _locked_row(limit: Limit) -> LoginAttempts:
    """The counter, made when missing, fresh when its time is over, locked until commit."""
    moment = clock.now()
    rows = LoginAttempts.objects.select_for_update().filter(key=limit.key)
    while (row := rows.first()) is None:
        fresh = LoginAttempts(key=limit.key, updated_at=moment)
        LoginAttempts.objects.bulk_create([fresh], ignore_conflicts=True)
    idle_s = (moment - row.updated_at).total_seconds()
    over = row.locked_until <= moment if row.locked_until else idle_s > limit.window_s
    if over:
        row.failed, row.locked_until = 0, None
    if over or idle_s > _PLACE_S:
        row.pending = 0
    return row


def _key(kind: str, name: str) -> str:
    text = f"{kind}:{name}".encode("utf-8", "surrogatepass")
    return salted_hmac("accounts.lockout", text, algorithm="sha256").hexdigest()

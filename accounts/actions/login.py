"""Proving a password: the one door behind REST, the admin pages and the change of a password."""

from __future__ import annotations

import logging
import os
import threading

from django.contrib.auth.hashers import make_password

from accounts import known_device
from accounts.actions.devices import LoggedIn, start_device
from accounts.client import Client
from accounts.lockout import account_limit, count_failure, device_limit, guarded, network_limit
from accounts.models import User
from accounts.names import fold_name
from accounts.pool import release_connection
from chatsite.lib import clock, ratelimit
from chatsite.lib.errors import AuthInvalidCredentials

log = logging.getLogger(__name__)

# Each hash takes 46 MiB and a core: more at once would only slow all of them down.
_hashing = threading.BoundedSemaphore(2 * (os.cpu_count() or 1))


def log_in(*, name: str, password: str, client: Client) -> LoggedIn:
    """Log in by username or e-mail; a new device begins.

    Raises AuthInvalidCredentials whatever of it was wrong, AuthAccountLocked, RateLimited.
    """
    user = prove_password(name=name, password=password, client=client)
    User.objects.filter(pk=user.pk).update(last_login=clock.now())
    return start_device(user=user, client=client)


def prove_password(*, name: str, password: str, client: Client) -> User:
    """The active person with this name and password.

    Unknown, disabled and mistaken look alike, in words and in the work done; each counts as a
    failure of the name as typed and of the network.
    """
    ratelimit.hit("login_ip", client.network)
    user = User.objects.by_login(name)
    account = account_limit(fold_name(name))
    device = known_device.device_of(user, client.known_device)
    gate = device_limit(device) if device else account
    try:
        with guarded(gate, network_limit(client.network)) as attempt:
            if user is None or not _matches(user, password):
                if user is None:
                    _waste_a_hash(password)
                raise AuthInvalidCredentials
            attempt.succeeded = True
    except AuthInvalidCredentials:
        if device:
            count_failure(account)
        log.info("login refused", extra={"ip": client.ip, "user_id": user.pk if user else None})
        raise
    log.info("login", extra={"ip": client.ip, "user_id": user.pk})
    return user


def _matches(user: User, password: str) -> bool:
    if not user.has_usable_password():
        _waste_a_hash(password)
        return False
    release_connection()
    try:
        with _hashing:
            right = user.check_password(password)
    except ValueError:
        log.warning("stored password hash cannot be read", extra={"user_id": user.pk})
        return False
    return right and user.is_active


def _waste_a_hash(password: str) -> None:
    """Take as long as a real comparison, so that time tells nothing about who exists."""
    release_connection()
    with _hashing:
        make_password(password)

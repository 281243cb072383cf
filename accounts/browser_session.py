"""One sign-in for the console and the admin pages.

The admin pages know people by Django's session, the console by the tokens of a device (a refresh
family). Here the session belongs to a device: it opens nothing once that device is over, whoever
ended it and wherever, and each of the two ways in begins the other.

- The console signs in, or renews its token: an admin gets a session of that device.
- The admin's own form signs in: a device begins, and its refresh token goes into the cookie.
- Either way out ends the device, and so both.

A session opens the admin pages alone, which check Django's CSRF token; the API reads no session.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.backends.base import SessionBase
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import actions
from accounts.actions.devices import live_devices
from accounts.client import client_of
from accounts.models import RefreshFamily, User
from accounts.origins import is_own_page
from chatsite.lib import clock

DEVICE_KEY = "_device"
BACKEND = "accounts.backends.GuardedBackend"
# So coarse is "last used" of a device that opens admin pages: no write for each of them.
USED_EVERY = dt.timedelta(minutes=5)


def person_of(request: HttpRequest) -> User | AnonymousUser:
    """Who a session speaks for; nobody, and no session any more, when its device is over."""
    user = auth.get_user(request)
    if not isinstance(user, User):
        return AnonymousUser()
    device = _device(request.session)
    family = live_devices(user_id=user.pk).filter(pk=device).first() if device else None
    if family is None:
        request.session.flush()
        return AnonymousUser()
    moment = clock.now()
    if family.last_used_at < moment - USED_EVERY:
        RefreshFamily.objects.filter(pk=family.pk).update(last_used_at=moment)
    user.device_id = family.pk
    return user


def follow(request: HttpRequest, logged_in: actions.LoggedIn) -> None:
    """Let the admin pages follow a sign-in of our own pages: an admin in, anybody else out.

    Does nothing for programs and for pages of other sites, also those that may use the API.
    """
    if not is_own_page(request):
        return
    had_one = settings.SESSION_COOKIE_NAME in request.COOKIES
    if not logged_in.user.is_staff:
        if had_one and DEVICE_KEY in request.session:
            request.session.flush()
        return
    if had_one and _device(request.session) == logged_in.family_id:
        there = person_of(request)
        if there.pk == logged_in.user.pk:
            return
    # Nothing of a session that somebody may have planted survives, its name least of all.
    request.session.flush()
    request.device_begun = logged_in.family_id  # type: ignore[attr-defined]
    auth.login(request, logged_in.user, backend=BACKEND)


def password_changed(request: HttpRequest, *, user_id: int, device_id: str | None) -> None:
    """Keep the session of the device on which the password was changed, under a new name."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or device_id is None:
        return
    if request.session.get(DEVICE_KEY) == device_id:
        auth.update_session_auth_hash(request, User.objects.get(pk=user_id))


def forget(request: HttpRequest) -> None:
    """Drop the session of a device that was just logged out."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES and DEVICE_KEY in request.session:
        person_of(request)


@receiver(user_logged_in)
def _begin(sender: object, request: HttpRequest, user: User, **_: Any) -> None:
    """Bind a new session to its device; a sign-in at Django's own form begins one."""
    family_id: UUID | None = getattr(request, "device_begun", None)
    if family_id is None:
        _end(request, actions.Ended.REPLACED)
        logged_in = actions.start_device(user=user, client=client_of(request))
        request.device_given = logged_in  # type: ignore[attr-defined]
        family_id = logged_in.family_id
        # Django keeps the name of a session when the same person signs in again.
        request.session.cycle_key()
    request.session[DEVICE_KEY] = str(family_id)


@receiver(user_logged_out)
def _log_out(sender: object, request: HttpRequest, **_: Any) -> None:
    """End the device with the session."""
    _end(request, actions.Ended.LOGOUT)
    request.device_taken = True  # type: ignore[attr-defined]


def _end(request: HttpRequest, why: actions.Ended) -> None:
    device = _device(request.session)
    if device is not None:
        actions.end_if_live(device_id=device, why=why)


def _device(session: SessionBase) -> UUID | None:
    device = session.get(DEVICE_KEY)
    return UUID(device) if device else None

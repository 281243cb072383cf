"""The cookies of a sign-in: what a browser keeps for one device."""

from __future__ import annotations

from typing import Literal, cast

from django.conf import settings
from django.http import HttpResponseBase

from accounts import known_device
from accounts.actions import LoggedIn
from accounts.client import KNOWN_DEVICE_COOKIE

REFRESH_COOKIE = "rt"
REFRESH_COOKIE_PATH = "/api/v1/auth"


def give_device(response: HttpResponseBase, logged_in: LoggedIn) -> None:
    """Set the refresh token, and the mark of a browser that proved a password."""
    _set(
        response,
        REFRESH_COOKIE,
        logged_in.refresh_token,
        path=REFRESH_COOKIE_PATH,
        max_age=logged_in.refresh_expires_in,
    )
    if logged_in.known_device:
        _set(
            response,
            KNOWN_DEVICE_COOKIE,
            logged_in.known_device,
            path="/",
            max_age=known_device.LIFE_S,
        )


def take_device(response: HttpResponseBase) -> None:
    """Clear the refresh token."""
    response.delete_cookie(REFRESH_COOKIE, path=REFRESH_COOKIE_PATH, samesite=_same_site())


def _set(response: HttpResponseBase, name: str, value: str, *, path: str, max_age: int) -> None:
    response.set_cookie(
        name,
        value,
        path=path,
        max_age=max_age,
        secure=settings.COOKIE_SECURE,
        httponly=True,
        samesite=_same_site(),
    )


def _same_site() -> Literal["Lax", "Strict", "None"]:
    return cast('Literal["Lax", "Strict", "None"]', settings.COOKIE_SAMESITE)

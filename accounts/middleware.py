"""Who asks for a page of the admin, and the cookies that a sign-in there brings."""

from __future__ import annotations

from functools import partial

from asgiref.sync import sync_to_async
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from accounts.browser_session import person_of
from accounts.cookies import give_device, take_device
from accounts.models import User


class DeviceAuthentication(AuthenticationMiddleware):
    """Django's own, for sessions that live no longer than their device.

    Costs nothing where nobody asks for `request.user`: the API knows people by their tokens.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Find out who it is when somebody asks, once."""
        super().process_request(request)
        request.user = SimpleLazyObject(partial(_once, request))  # type: ignore[assignment]
        request.auser = partial(sync_to_async(_once), request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Hand out the device that a sign-in at Django's form began, or take it back."""
        given = getattr(request, "device_given", None)
        if given is not None:
            give_device(response, given)
        elif getattr(request, "device_taken", False):
            take_device(response)
        return response


def _once(request: HttpRequest) -> User | AnonymousUser:
    found: User | AnonymousUser | None = getattr(request, "person", None)
    if found is None:
        found = request.person = person_of(request)  # type: ignore[attr-defined]
    return found

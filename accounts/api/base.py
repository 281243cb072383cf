"""What the views of accounts share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import serializers as shapes
from accounts.authentication import BearerAuthentication
from accounts.models import User
from chatsite.lib import errors


class AccountView(APIView):
    """Answers about accounts are nobody else's to keep."""

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Forbid every cache to store the answer."""
        final = super().finalize_response(request, response, *args, **kwargs)
        final["Cache-Control"] = "no-store"
        return final


class OpenView(AccountView):
    """For callers who are not logged in yet; an Authorization header is not looked at."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class OwnView(AccountView):
    """For people with an access token; not for integrators' keys."""

    authentication_classes = (BearerAuthentication,)


def valid(serializer: shapes.Base) -> dict[str, Any]:
    """What was sent, checked.

    Raises:
        ValidationError: it is not what the serializer wants.
    """
    serializer.is_valid(raise_exception=True)
    valid: dict[str, Any] = serializer.validated_data
    return valid


def user_of(request: Request) -> User:
    """Who calls.

    Raises:
        AuthTokenInvalid: nobody who has an account.
    """
    user = request.user
    if not isinstance(user, User):
        raise errors.AuthTokenInvalid
    return user


def uuid_of(text: str) -> UUID:
    """An id out of an address.

    Raises:
        NotFound: it is none, so nothing has it.
    """
    try:
        return UUID(text)
    except ValueError as error:
        raise errors.NotFound from error

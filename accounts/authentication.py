"""How REST requests say who is asking."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from accounts.actions import use_api_key
from accounts.models import ApiKey, User
from accounts.tokens import identify
from accounts.viewer import Viewer
from chatsite.lib.errors import AuthTokenInvalid, PermissionDenied


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`; `request.auth` becomes the Viewer."""

    def authenticate(self, request: Request) -> tuple[User, Viewer] | None:
        """Identify the holder; None when there is no such header."""
        token = credential(request, "bearer")
        return None if token is None else identify(token)

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="api"'


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key <key>`, for integrators; `request.auth` becomes the Viewer."""

    def authenticate(self, request: Request) -> tuple[User, Viewer] | None:
        """Identify the key's user; a key that may only read is refused everything else."""
        secret = credential(request, "api-key")
        if secret is None:
            return None
        key = use_api_key(secret=secret)
        if key.scope == ApiKey.Scope.READ and request.method not in SAFE_METHODS:
            raise PermissionDenied("This key may only read.")
        return key.user, Viewer.of(key.user)

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Api-Key realm="api"'


def credential(request: HttpRequest | Request, scheme: str) -> str | None:
    """What stands behind `scheme` (lower case) in the Authorization header, None without it.

    Raises AuthTokenInvalid for a header of this scheme that holds anything but one word.
    """
    words = get_authorization_header(request).split(b" ")  # type: ignore[arg-type]
    if words[0].decode("latin-1").lower() != scheme:
        return None
    if len(words) != 2 or not words[1].isascii():
        raise AuthTokenInvalid
    return words[1].decode("ascii")

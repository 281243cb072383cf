"""Django's own log-in pages go through the same door as the API."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.actions import prove_password
from accounts.client import Client, client_of
from accounts.models import User
from chatsite.lib.errors import AuthAccountLocked, AuthInvalidCredentials, RateLimited


class GuardedBackend(ModelBackend):
    """Username or e-mail with a password, under the lockout."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The person, or None. A locked name ends the search; the form finds out how long."""
        if not username or not password:
            return None
        client = client_of(request) if request is not None else Client(ip="")
        try:
            return prove_password(name=username, password=password, client=client)
        except AuthInvalidCredentials:
            return None
        except (AuthAccountLocked, RateLimited) as error:
            if request is not None:
                request.login_retry_after = error.retry_after  # type: ignore[attr-defined]
            raise PermissionDenied from error

    def user_can_authenticate(self, user: Any) -> bool:
        """Active people only; asked again with every request of an admin session."""
        return bool(user.is_active)

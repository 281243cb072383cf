"""Keys of integrators: shown once, stored as a digest."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from accounts.models import ApiKey, User
from accounts.secrets import digest, new_secret
from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import (
    AuthTokenExpired,
    AuthTokenInvalid,
    AuthTokenRevoked,
    PermissionDenied,
)

_USE_IS_NOTED_EVERY = dt.timedelta(minutes=1)


def make_api_key(
    *,
    name: str,
    user: User,
    scope: str = ApiKey.Scope.READ,
    expires_at: dt.datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key that acts as `user`, and its secret, which cannot be shown again."""
    secret = f"cc_{new_secret()}"
    key = ApiKey.objects.create(
        name=name,
        prefix=secret[:11],
        hash=digest(secret),
        user=user,
        scope=scope,
        expires_at=expires_at,
    )
    return key, secret


def use_api_key(*, secret: str) -> ApiKey:
    """The live key with this secret; raises AuthTokenInvalid, -Expired or -Revoked."""
    moment = clock.now()
    key = ApiKey.objects.select_related("user").filter(hash=digest(secret)).first()
    if key is None:
        raise AuthTokenInvalid
    if key.revoked_at is not None or not key.user.is_active:
        raise AuthTokenRevoked
    if key.expires_at is not None and key.expires_at <= moment:
        raise AuthTokenExpired
    if key.last_used_at is None or moment - key.last_used_at > _USE_IS_NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=moment)
    return key


def viewer_from_api_key(*, secret: str) -> Viewer:
    """Who holds this key, for a connection that says things too.

    The viewer's time is over with the key's, or when an access token's would be: then the key is
    looked at again. Raises what :func:`use_api_key` does, and PermissionDenied for a key that may
    only read.
    """
    key = use_api_key(secret=secret)
    if key.scope == ApiKey.Scope.READ:
        raise PermissionDenied("This key may only read.")
    ends = clock.now() + dt.timedelta(seconds=settings.JWT_ACCESS_TTL)
    ends = min(ends, key.expires_at or ends)
    return Viewer.of(key.user, expires_at=ends.timestamp())


def revoke_api_key(*, key_id: int) -> None:
    """Refuse a key from now on."""
    ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=clock.now())

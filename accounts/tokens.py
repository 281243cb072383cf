"""Signed tokens: RS256 only, by key id, from our own keys only.

The database has the last word: a token says who somebody was when it was issued, and each use asks
whether the person is still active, the device still logged in, and which role they have now.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import jwt
from django.conf import settings

from accounts.keyring import keyring
from accounts.models import Role, User
from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import AuthTokenExpired, AuthTokenInvalid, AuthTokenRevoked

MAX_CHARS = 4096
MOST_REMEMBERED = 2000
# Clocks of our own machines may differ by so much; it extends no token's life.
CLOCK_SKEW_S = 30
SCOPES = {
    Role.CUSTOMER.value: "chat",
    Role.AGENT.value: "chat console",
    Role.ADMIN.value: "chat console admin",
}


def sign(claims: Mapping[str, Any], *, typ: str, ttl: float) -> str:
    """A token of kind `typ` with `claims`, valid for `ttl` seconds."""
    issued = int(time.time())
    keys = keyring()
    payload = {
        **claims,
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "iat": issued,
        "exp": issued + int(ttl),
        "jti": uuid4().hex,
        "typ": typ,
    }
    headers = {"kid": keys.kid, "typ": _header_typ(typ)}
    return jwt.encode(payload, keys.private, algorithm="RS256", headers=headers)


def verify(token: str, *, typ: str) -> dict[str, Any]:
    """The claims of our own unexpired token of kind `typ`.

    Raises AuthTokenExpired for one that was ours once, AuthTokenInvalid for everything else.
    """
    try:
        return _verify(token, typ)
    except jwt.ExpiredSignatureError as error:
        raise AuthTokenExpired from error
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise AuthTokenInvalid from error


def issue_access(
    user: User,
    *,
    family_id: UUID | str | None = None,
    scope: str = "",
    widget_id: int | None = None,
    ttl: float | None = None,
) -> str:
    """An access token for `user`; `ttl` in seconds, by default JWT_ACCESS_TTL.

    With `family_id` it dies with that device; with `widget_id` it is a visitor's, for one widget.
    """
    claims: dict[str, Any] = {
        "sub": str(user.pk),
        # Others trust what we sign: what a visitor typed is not for them.
        "email": "" if user.is_visitor else user.email or "",
        "role": user.role,
        "scope": scope or SCOPES[user.role],
    }
    if family_id is not None:
        claims["fam"] = str(family_id)
    if widget_id is not None:
        claims["wid"] = widget_id
    return sign(claims, typ="access", ttl=ttl or settings.JWT_ACCESS_TTL)


def viewer_from_access(token: str) -> Viewer:
    """Who holds this access token, as the database knows them now."""
    return identify(token)[1]


def identify(token: str) -> tuple[User, Viewer]:
    """The person behind an access token, with the viewer. Two queries at most.

    Raises AuthTokenExpired, AuthTokenInvalid, or AuthTokenRevoked when the person was disabled or
    the device logged out.
    """
    holder = holder_of(token)
    user = live_user(holder.user_id, family_id=holder.family_id)
    return user, holder.viewer(user)


@dataclass(frozen=True, slots=True)
class Holder:
    """What a token says of who holds it; whether it still holds is for the database to say."""

    user_id: int
    family_id: UUID | None = None
    widget_id: int | None = None
    expires_at: float | None = None

    def viewer(self, user: User, *, team_ids: frozenset[int] | None = None) -> Viewer:
        """The viewer that the holder is, being `user`."""
        return Viewer.of(
            user,
            widget_id=self.widget_id,
            family_id=None if self.family_id is None else str(self.family_id),
            expires_at=self.expires_at,
            team_ids=team_ids,
        )


def holder_of(token: str) -> Holder:
    """Who an access token was issued to. No query; raises AuthTokenExpired, AuthTokenInvalid."""
    claims = verify(token, typ="access")
    user_id, family_id = _subject(claims)
    widget_id = claims.get("wid")
    return Holder(
        user_id,
        family_id,
        widget_id if isinstance(widget_id, int) else None,
        float(claims["exp"]),
    )


def live_user(user_id: int, *, family_id: UUID | None) -> User:
    """The active person; with `family_id` only while that device is logged in. One query."""
    people = User.objects.filter(pk=user_id)
    if family_id is not None:
        people = people.filter(
            devices__id=family_id,
            devices__ended_at=None,
            devices__expires_at__gt=clock.now(),
        )
    user = people.first()
    if user is None and family_id is None:
        raise AuthTokenInvalid
    if user is None or not user.is_active:
        raise AuthTokenRevoked
    return user


def _verify(token: str, typ: str) -> dict[str, Any]:
    """Verify a token, or remember that it was: of a signature only the passing of time changes."""
    known = typ, token, tuple(keyring().public), settings.JWT_AUDIENCE, settings.JWT_ISSUER
    claims = _verified.get(known)
    if claims is None or claims["exp"] <= time.time():
        claims = _checked(token, typ)
        if len(_verified) >= MOST_REMEMBERED:
            _verified.clear()
        _verified[known] = claims
    return dict(claims)


#: Claims by the token and all that they were checked with.
_verified: dict[tuple[str, str, tuple[str, ...], str, str], dict[str, Any]] = {}


def _checked(token: str, typ: str) -> dict[str, Any]:
    if len(token) > MAX_CHARS or not token.isascii():
        raise AuthTokenInvalid
    header = jwt.get_unverified_header(token)
    # The header chooses among our keys and nothing else: no algorithm, no embedded key, no URL.
    key = keyring().public.get(str(header.get("kid")))
    if key is None or header.get("alg") != "RS256" or header.get("typ") != _header_typ(typ):
        raise AuthTokenInvalid
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience=settings.JWT_AUDIENCE,
        issuer=settings.JWT_ISSUER,
        options={
            "require": ["sub", "exp", "iat", "iss", "aud", "jti"],
            "verify_iat": False,
            "strict_aud": True,
        },
    )
    times = (claims["exp"], claims["iat"])
    if claims.get("typ") != typ or not all(type(moment) is int for moment in times):
        raise AuthTokenInvalid
    if claims["iat"] > time.time() + CLOCK_SKEW_S:
        raise AuthTokenInvalid
    return claims


def _header_typ(typ: str) -> str:
    return "at+jwt" if typ == "access" else f"{typ}+jwt"


def _subject(claims: Mapping[str, Any]) -> tuple[int, UUID | None]:
    sub, family = str(claims["sub"]), claims.get("fam")
    try:
        if not (sub.isascii() and sub.isdecimal()):
            raise ValueError(sub)
        return int(sub), None if family is None else UUID(str(family))
    except ValueError as error:
        raise AuthTokenInvalid from error

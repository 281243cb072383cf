"""Getting, renewing and ending tokens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import actions, payloads
from accounts import schema as docs
from accounts import serializers as shapes
from accounts.actions import LoggedIn
from accounts.api.base import OpenView, valid
from accounts.authentication import credential
from accounts.browser_session import follow, forget
from accounts.client import client_of
from accounts.cookies import REFRESH_COOKIE, give_device, take_device
from accounts.origins import require_own_origin
from accounts.tokens import identify
from chatsite.lib import clock, errors


class RegisterView(OpenView):
    """Sign up."""

    @extend_schema(
        tags=["accounts"],
        operation_id="register",
        summary="Sign up as a customer",
        description="Off unless the installation allows it (`AUTH_ALLOW_SELF_REGISTER`).",
        request=shapes.RegistrationSerializer,
        responses={
            201: shapes.LoggedInSerializer,
            **docs.refusals(
                errors.ValidationFailed,
                errors.AuthRegisterDisabled,
                errors.Conflict,
                errors.RateLimited,
            ),
        },
        examples=[
            docs.example(
                {
                    "email": "vic@example.com",
                    "password": "correct horse battery",
                    "display_name": "Vic",
                },
                request=True,
            ),
            docs.example(docs.LOGGED_IN),
        ],
    )
    def post(self, request: Request) -> Response:
        """Make a customer and log them in."""
        given = valid(shapes.RegistrationSerializer(data=request.data))
        transport = _transport(request, given)
        logged_in = actions.register(**given, client=client_of(request._request))
        return _logged_in(request, logged_in, transport, status=201)


class LoginView(OpenView):
    """Log in."""

    @extend_schema(
        tags=["accounts"],
        operation_id="login",
        summary="Log in by username or e-mail",
        description=(
            "Five failures lock the name for 15 minutes, whether or not anybody is called so. "
            "The refresh token is set as the HttpOnly cookie `rt`; clients without cookies ask "
            'for it with `"token_transport": "body"`.'
        ),
        request=shapes.LoginSerializer,
        responses={
            200: shapes.LoggedInSerializer,
            **docs.refusals(
                errors.ValidationFailed,
                errors.AuthInvalidCredentials,
                errors.AuthAccountLocked,
                errors.RateLimited,
            ),
        },
        examples=[
            docs.example({"username": "ada", "password": "demo-admin"}, request=True),
            docs.example(
                {"username": "ada", "password": "demo-admin", "token_transport": "body"},
                name="without cookies",
                request=True,
            ),
            docs.example(docs.LOGGED_IN),
            docs.example(docs.LOGGED_IN_BODY, name="without cookies"),
        ],
    )
    def post(self, request: Request) -> Response:
        """Prove a password and begin a device."""
        given = valid(shapes.LoginSerializer(data=request.data))
        transport = _transport(request, given)
        logged_in = actions.log_in(
            name=given["username"],
            password=given["password"],
            client=client_of(request._request),
        )
        return _logged_in(request, logged_in, transport)


class RefreshView(OpenView):
    """Trade a refresh token for new tokens."""

    @extend_schema(
        tags=["accounts"],
        operation_id="refresh",
        summary="Rotate the refresh token",
        description=(
            "A refresh token works once and for 14 days, a device for 90. Using a spent one ends "
            "the device. Copies sent in parallel are refused without ending it. The token is "
            "read from the body, else from the cookie `rt`, and answered the same way."
        ),
        request=shapes.RefreshSerializer,
        responses={
            200: shapes.LoggedInSerializer,
            **docs.refusals(
                errors.ValidationFailed,
                errors.AuthTokenInvalid,
                errors.AuthTokenExpired,
                errors.AuthTokenRevoked,
                errors.PermissionDenied,
                errors.RateLimited,
            ),
        },
        examples=[
            docs.example({}, name="with the cookie", request=True),
            docs.example(
                {"refresh_token": docs.LOGGED_IN_BODY["refresh_token"]},
                name="without cookies",
                request=True,
            ),
            docs.example(docs.LOGGED_IN),
        ],
    )
    def post(self, request: Request) -> Response:
        """Spend the token; give its only child."""
        arrived_at = request.META.get("arrived_at") or clock.now()
        token, transport = _refresh_token(request)
        if not token:
            raise errors.AuthTokenInvalid("There is no refresh token, neither cookie nor body.")
        fresh = actions.refresh(
            token=token, client=client_of(request._request), arrived_at=arrived_at
        )
        return _logged_in(request, fresh, transport)


class LogoutView(OpenView):
    """Log this device out."""

    @extend_schema(
        tags=["accounts"],
        operation_id="logout",
        summary="Log this device out",
        description=(
            "The device is the one of the refresh token (body or cookie); without one, of the "
            "access token. Its access tokens are refused from now on."
        ),
        auth=[{"bearer": []}],  # type: ignore[list-item]
        request=shapes.RefreshSerializer,
        responses={
            204: None,
            **docs.refusals(
                errors.ValidationFailed, errors.AuthTokenInvalid, errors.PermissionDenied
            ),
        },
        examples=[
            docs.example({}, name="with the cookie", request=True),
            docs.example(
                {"refresh_token": docs.LOGGED_IN_BODY["refresh_token"]},
                name="without cookies",
                request=True,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """End the device and clear the cookie."""
        token, _ = _refresh_token(request)
        if token:
            actions.log_out(token=token)
        else:
            access = credential(request, "bearer")
            if access is None:
                raise errors.AuthTokenInvalid
            user, viewer = identify(access)
            if viewer.family_id:
                actions.end_device(
                    user_id=user.pk,
                    device_id=UUID(viewer.family_id),
                    why=actions.Ended.LOGOUT,
                )
        response = Response(status=204)
        forget(request._request)
        take_device(response)
        return response


def _transport(request: Request, given: dict[str, Any]) -> str:
    """Take the wish out of a body; whoever gets a cookie must be one of our own pages."""
    transport: str = given.pop("token_transport")
    if transport == "cookie":
        require_own_origin(request._request)
    return transport


def _refresh_token(request: Request) -> tuple[str, str]:
    """The refresh token and how it came; the cookie counts on our own pages only."""
    given = valid(shapes.RefreshSerializer(data=request.data))
    if "refresh_token" in given:
        return given["refresh_token"], "body"
    token = request.COOKIES.get(REFRESH_COOKIE, "")
    if token:
        require_own_origin(request._request)
    return token, "cookie"


def _logged_in(
    request: Request, logged_in: LoggedIn, transport: str, status: int = 200
) -> Response:
    answer: dict[str, Any] = {
        "access_token": logged_in.access_token,
        "token_type": "Bearer",
        "expires_in": logged_in.expires_in,
        "user": payloads.person(logged_in.user),
    }
    if transport == "body":
        answer["refresh_token"] = logged_in.refresh_token
        answer["refresh_expires_in"] = logged_in.refresh_expires_in
        return Response(answer, status=status)
    follow(request._request, logged_in)
    response = Response(answer, status=status)
    give_device(response, logged_in)
    return response

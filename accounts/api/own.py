"""What belongs to whoever calls: profile, password, devices."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import actions, browser_session, payloads
from accounts import schema as docs
from accounts import serializers as shapes
from accounts.actions.devices import live_devices
from accounts.api.base import AccountView, OwnView, user_of, uuid_of, valid
from accounts.client import client_of
from accounts.viewer import viewer_of
from chatsite.lib import errors


class MeView(AccountView):
    """Who am I?"""

    @extend_schema(
        tags=["accounts"],
        operation_id="me",
        summary="The caller",
        responses={200: shapes.AccountSerializer, **docs.refusals(errors.AuthTokenInvalid)},
        examples=[docs.example(docs.ADA)],
    )
    def get(self, request: Request) -> Response:
        """The caller as they are now."""
        return Response(payloads.person(user_of(request)))


class ChangePasswordView(OwnView):
    """A new password."""

    @extend_schema(
        tags=["accounts"],
        operation_id="change_password",
        summary="Change the password",
        description="Every other device of the caller is logged out.",
        request=shapes.PasswordChangeSerializer,
        responses={
            204: None,
            **docs.refusals(
                errors.ValidationFailed,
                errors.AuthInvalidCredentials,
                errors.AuthTokenInvalid,
                errors.AuthAccountLocked,
                errors.RateLimited,
            ),
        },
        examples=[
            docs.example(
                {"current_password": "demo-admin", "new_password": "correct horse battery"},
                request=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Replace the password."""
        given = valid(shapes.PasswordChangeSerializer(data=request.data))
        viewer = viewer_of(request)
        actions.change_password(viewer=viewer, **given, client=client_of(request._request))
        browser_session.password_changed(
            request._request,
            user_id=viewer.user_id,
            device_id=viewer.family_id,
        )
        return Response(status=204)


class DevicesView(OwnView):
    """Where am I logged in?"""

    @extend_schema(
        tags=["accounts"],
        operation_id="list_devices",
        summary="Devices on which the caller is logged in",
        parameters=[shapes.DeviceQuerySerializer],
        responses={
            200: shapes.DevicePageSerializer,
            **docs.refusals(errors.ValidationFailed, errors.AuthTokenInvalid),
        },
        examples=[docs.example({"results": [docs.DEVICE], "next": None})],
    )
    def get(self, request: Request) -> Response:
        """Live devices, the newest first."""
        query = valid(shapes.DeviceQuerySerializer(data=request.query_params))
        viewer = viewer_of(request)
        families = live_devices(user_id=viewer.user_id)
        if "cursor" in query:
            families = families.filter(pk__lt=query["cursor"])
        page = list(families[: query["limit"] + 1])
        rows, more = page[: query["limit"]], len(page) > query["limit"]
        return Response(
            {
                "results": [payloads.device(row, current_id=viewer.family_id) for row in rows],
                "next": str(rows[-1].pk) if more else None,
            }
        )


class DeviceView(OwnView):
    """One device."""

    @extend_schema(
        tags=["accounts"],
        operation_id="end_device",
        summary="Log a device out",
        responses={204: None, **docs.refusals(errors.AuthTokenInvalid, errors.NotFound)},
    )
    def delete(self, request: Request, device_id: str) -> Response:
        """End one of the caller's devices."""
        actions.end_device(user_id=viewer_of(request).user_id, device_id=uuid_of(device_id))
        return Response(status=204)


class ProfileView(AccountView):
    """What people may change about themselves."""

    @extend_schema(
        tags=["accounts"],
        operation_id="get_profile",
        summary="The caller's profile",
        responses={200: shapes.ProfileSerializer, **docs.refusals(errors.AuthTokenInvalid)},
        examples=[docs.example(docs.PROFILE)],
    )
    def get(self, request: Request) -> Response:
        """The profile as it is."""
        return Response(payloads.profile(user_of(request)))

    @extend_schema(
        tags=["accounts"],
        operation_id="put_profile",
        summary="Change the profile",
        description="The same as PATCH: what is absent stays as it is.",
        request=shapes.ProfileSerializer,
        responses={
            200: shapes.ProfileSerializer,
            **docs.refusals(errors.ValidationFailed, errors.AuthTokenInvalid, errors.Conflict),
        },
        examples=[docs.example(docs.PROFILE, request=True), docs.example(docs.PROFILE)],
    )
    def put(self, request: Request) -> Response:
        """Change the fields that are given."""
        return self._change(request)

    @extend_schema(
        tags=["accounts"],
        operation_id="patch_profile",
        summary="Change some of the profile",
        request=shapes.ProfileSerializer,
        responses={
            200: shapes.ProfileSerializer,
            **docs.refusals(errors.ValidationFailed, errors.AuthTokenInvalid, errors.Conflict),
        },
        examples=[
            docs.example({"theme": "dark", "locale": "zh-hans"}, request=True),
            docs.example({**docs.PROFILE, "theme": "dark", "locale": "zh-hans"}),
        ],
    )
    def patch(self, request: Request) -> Response:
        """Change the fields that are given."""
        return self._change(request)

    def _change(self, request: Request) -> Response:
        given = valid(shapes.ProfileSerializer(data=request.data))
        return Response(
            payloads.profile(actions.update_profile(user=user_of(request), changes=given))
        )

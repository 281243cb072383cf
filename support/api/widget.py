"""The public endpoints behind the widget: its look, and who its visitor is."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import tokens
from accounts.client import client_of
from accounts.schema import refusals
from chatsite.lib import ratelimit
from chatsite.lib.errors import PermissionDenied
from support import locales, origins, payloads, queries
from support.actions.visitors import Claim, end_visit, start_visit
from support.models import Widget

CONFIG_MAX_AGE_S = 30
CONFIG_EXAMPLE = {
    "key": "demo",
    "name": "Fern & Field",
    "brand": {"name": "Fern & Field", "color": "#2b6048", "logo": None, "launcher": "right"},
    "texts": {"greeting": "Hello!", "suggestions": ["How long does delivery take?"]},
    "locale": "en",
    "dir": "ltr",
    "locales": ["en", "zh-hans"],
    "hours": {"open": False, "next_open_at": "2026-11-23T08:00:00.000Z"},
    "online": False,
    "assistant": True,
    "demo": False,
    "files": {"image": 10_485_760, "file": 20_971_520, "most": 10},
    "api": {"base": "/api/v1", "ws": "/api/v1/ws"},
}
VISITOR_EXAMPLE = {
    "access_token": "eyJhbGciOiJSUzI1NiIs…",
    "token_type": "Bearer",
    "expires_in": 900,
    "visitor_token": "Zb3n…",
    "session_id": "01a1fdba-c09a-790e-bf73-f7f8d45fd864",
    "user": {"id": 1042, "name": "Mara Lind", "identified": True},
}


class WidgetBrandSerializer(serializers.Serializer[Any]):
    """Look of the launcher."""

    name = serializers.CharField()
    color = serializers.RegexField(r"^#[0-9a-f]{6}$")
    logo = serializers.CharField(allow_null=True)
    launcher = serializers.ChoiceField(["right", "left"])


class WidgetTextsSerializer(serializers.Serializer[Any]):
    """Texts of the widget's owner in the visitor's language."""

    greeting = serializers.CharField(allow_blank=True)
    suggestions = serializers.ListField(child=serializers.CharField())


class WidgetHoursSerializer(serializers.Serializer[Any]):
    """Business hours as they stand now."""

    open = serializers.BooleanField()
    next_open_at = serializers.DateTimeField(allow_null=True)


class WidgetApiSerializer(serializers.Serializer[Any]):
    """Where the API is, relative to the site."""

    base = serializers.CharField()
    ws = serializers.CharField()


class WidgetFilesSerializer(serializers.Serializer[Any]):
    """What may be attached."""

    image = serializers.IntegerField(help_text="Bytes of a picture.")
    file = serializers.IntegerField(help_text="Bytes of a document.")
    most = serializers.IntegerField(help_text="Files in one message.")


class WidgetConfigSerializer(serializers.Serializer[Any]):
    """What anybody may know of a widget."""

    key = serializers.CharField()
    name = serializers.CharField()
    brand = WidgetBrandSerializer()
    texts = WidgetTextsSerializer()
    locale = serializers.CharField()
    dir = serializers.ChoiceField(["ltr", "rtl"])
    locales = serializers.ListField(child=serializers.CharField())
    hours = WidgetHoursSerializer()
    online = serializers.BooleanField()
    assistant = serializers.BooleanField()
    demo = serializers.BooleanField(help_text="The built-in demo answers.")
    files = WidgetFilesSerializer()
    api = WidgetApiSerializer()


class VisitorClaimSerializer(serializers.Serializer[Any]):
    """A person the host site vouches for."""

    id = serializers.CharField(max_length=200, help_text="The host site's own id of its user.")
    hash = serializers.CharField(
        max_length=128, help_text="HMAC-SHA256 of the id with the widget's secret, hexadecimal."
    )
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True, default="")


class VisitorRequestSerializer(serializers.Serializer[Any]):
    """How a visitor comes: anew, again, or vouched for."""

    visitor_token = serializers.CharField(
        max_length=200, required=False, allow_blank=True, allow_null=True
    )
    user = VisitorClaimSerializer(required=False, allow_null=True)


class VisitorEndSerializer(serializers.Serializer[Any]):
    """The token that shall open nothing any more."""

    visitor_token = serializers.CharField(max_length=200)


class VisitorPersonSerializer(serializers.Serializer[Any]):
    """Who the visitor is to us."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    identified = serializers.BooleanField()


class VisitorSerializer(serializers.Serializer[Any]):
    """What a visitor needs to talk: a short token now, a long one to come back."""

    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    visitor_token = serializers.CharField()
    session_id = serializers.UUIDField(
        allow_null=True, help_text="The visitor's newest open chat, if there is one."
    )
    user = VisitorPersonSerializer()


class WidgetView(APIView):
    """Public: anybody may ask, within the limits."""

    authentication_classes = ()
    permission_classes = ()

    def own_origin(self, request: Request) -> str:
        """The origin this site was asked at."""
        return f"{request.scheme}://{request.get_host()}"

    def comes_from_allowed_site(self, request: Request, widget: Widget) -> bool:
        """No Origin header means no browser page of another site; a forged one gains nothing."""
        origin = request.headers.get("Origin")
        return origin is None or origins.is_allowed(
            origin, allowed=widget.allowed_origins, own=self.own_origin(request)
        )


class WidgetConfigView(WidgetView):
    """Look, texts and opening of a widget."""

    @extend_schema(
        operation_id="widget_config",
        tags=["widget"],
        summary="Look, texts and opening of a widget",
        description="Public. Readable by scripts of the widget's allowed origins only (CORS).",
        auth=[],
        parameters=[
            OpenApiParameter("lang", str, description="Wins over Accept-Language."),
        ],
        responses=WidgetConfigSerializer,
        examples=[OpenApiExample("The demo shop", value=CONFIG_EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, key: str) -> Response:
        """Answer with the public configuration; unknown and disabled widgets are 404."""
        widget = queries.live_widget(key)
        locale = locales.of_request(request)
        response = Response(payloads.widget_config(widget, locale=locale))
        response["Cache-Control"] = f"public, max-age={CONFIG_MAX_AGE_S}"
        patch_vary_headers(response, ["Origin", "Accept-Language"])
        origin = request.headers.get("Origin")
        if origin is not None and self.comes_from_allowed_site(request, widget):
            response["Access-Control-Allow-Origin"] = origin
        return response


class WidgetVisitorView(WidgetView):
    """Come as a visitor, come back as one, or leave for good."""

    @extend_schema(
        operation_id="widget_visitor",
        tags=["widget"],
        summary="Come as a visitor",
        description=(
            "Anonymous without a body. With `visitor_token` the same visitor comes back; an unknown"
            " or expired one starts anew. With `user` the host site vouches for someone: `hash` is"
            " HMAC-SHA256 of the id with the widget's secret. A wrong hash is refused; names and"
            " e-mails never open a history."
        ),
        auth=[],
        request=VisitorRequestSerializer,
        responses={200: VisitorSerializer, **refusals(PermissionDenied)},
        examples=[
            OpenApiExample("First visit", value={}, request_only=True),
            OpenApiExample(
                "Vouched for",
                value={
                    "user": {
                        "id": "customer-1042",
                        "name": "Mara Lind",
                        "email": "mara@example.com",
                        "hash": "5f0d…64 hexadecimal digits",
                    }
                },
                request_only=True,
            ),
            OpenApiExample("Come back", value={"visitor_token": "Zb3n…"}, request_only=True),
            OpenApiExample("Welcome", value=VISITOR_EXAMPLE, response_only=True),
        ],
    )
    def post(self, request: Request, key: str) -> Response:
        """Answer with the tokens of the visitor, and the chat to take up again."""
        widget = self._entered(request, key)
        body = VisitorRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        sent = body.validated_data
        visit = start_visit(
            widget=widget,
            visitor_token=sent.get("visitor_token") or "",
            claim=_claim(sent.get("user")),
            locale=locales.of_request(request),
        )
        session = queries.newest_open_session(user=visit.user)
        return Response(
            {
                "access_token": tokens.issue_access(visit.user, widget_id=widget.pk),
                "token_type": "Bearer",
                "expires_in": int(settings.JWT_ACCESS_TTL),
                "visitor_token": visit.visitor_token,
                "session_id": None if session is None else str(session.pk),
                "user": {
                    "id": visit.user.pk,
                    "name": visit.user.name,
                    "identified": visit.identified,
                },
            },
            headers={"Cache-Control": "no-store"},
        )

    @extend_schema(
        operation_id="widget_visitor_end",
        tags=["widget"],
        summary="Leave for good",
        description="Revokes the visitor token, as when the host site logs its user out.",
        auth=[],
        request=VisitorEndSerializer,
        responses={204: None, **refusals(PermissionDenied)},
        examples=[OpenApiExample("End", value={"visitor_token": "Zb3n…"}, request_only=True)],
    )
    def delete(self, request: Request, key: str) -> Response:
        """Revoke; answers 204 whether the token was known or not."""
        widget = self._entered(request, key)
        body = VisitorEndSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        end_visit(widget=widget, visitor_token=body.validated_data["visitor_token"])
        return Response(status=204)

    def _entered(self, request: Request, key: str) -> Widget:
        ratelimit.hit("visitor_ip", client_of(request).network)
        widget = queries.live_widget(key)
        if not self.comes_from_allowed_site(request, widget):
            raise PermissionDenied("This site may not show this widget")
        return widget


def _claim(sent: dict[str, str] | None) -> Claim | None:
    if sent is None:
        return None
    return Claim(external_id=sent["id"], proof=sent["hash"], name=sent["name"], email=sent["email"])

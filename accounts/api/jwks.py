"""The public keys, at the root of the site."""

from __future__ import annotations

from django.views.decorators.cache import cache_control
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import schema as docs
from accounts import serializers as shapes
from accounts.keyring import keyring


@extend_schema(
    tags=["accounts"],
    operation_id="jwks",
    summary="Public keys of our tokens",
    description="Verify RS256 access tokens with these; the key is chosen by `kid`.",
    responses={200: shapes.JwksSerializer},
    examples=[docs.example(docs.JWKS)],
)
@api_view(["GET"])
@authentication_classes([])
@permission_classes([AllowAny])
def _jwks(request: Request) -> Response:
    return Response(keyring().jwks())


jwks = cache_control(public=True, max_age=300)(_jwks)

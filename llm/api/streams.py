"""Streams of turns: the ticket, and the way in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import tokens
from accounts.authentication import ApiKeyAuthentication, BearerAuthentication
from accounts.models import User
from accounts.schema import example, refusals
from accounts.viewer import Viewer
from chatsite.lib import errors, ratelimit
from llm.api import turn_examples as examples
from llm.streams import door
from llm.streams.cursor import Cursor
from llm.turns.access import streamable_for
from sessions_app.api.base import KernelView, checked

TYP = "stream"
WIRE = (
    "retry: 2000\n\n"
    "event: chunk\nid: 0.1.1\n"
    f'data: {{"turn_id":"{examples.TURN_ID}","slot":0,"model_id":1,"seq":1,'
    '"delta_text":"Five working","ts":"2026-11-21T09:04:07.340Z"}\n\n'
    "event: final\nid: 0.1.2f\n"
    f'data: {{"turn_id":"{examples.TURN_ID}","slot":0,"model_id":1,"is_final":true,'
    '"status":"done","usage":{"prompt_tokens":42,"completion_tokens":9,"total_tokens":51},'
    '"latency_ms":2345,"ttft_ms":210}\n\n'
    "event: done\nid: 0.1.2f-done\n"
    f'data: {{"turn_id":"{examples.TURN_ID}","models_total":1,"models_succeeded":1,'
    '"models_failed":0,"models_stopped":0}\n\n'
)


class StreamTicketRequest(serializers.Serializer[Any]):
    """For which turn."""

    turn_id = serializers.CharField(max_length=64)


class StreamTicketSerializer(serializers.Serializer[Any]):
    """A ticket for the stream of one turn."""

    ticket = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")


class StreamTicketAuthentication(BaseAuthentication):
    """`?st=<ticket>`: a token that opens the stream of one turn and nothing else."""

    def authenticate(self, request: Request) -> tuple[User, Viewer] | None:
        """Identify the holder; None without a ticket."""
        ticket = request.query_params.get("st")
        if ticket is None:
            return None
        claims = tokens.verify(ticket, typ=TYP)
        kwargs = (request.parser_context or {}).get("kwargs", {})
        family = claims.get("fam")
        if claims.get("turn") != kwargs.get("turn_id") or not str(claims["sub"]).isdecimal():
            raise errors.AuthTokenInvalid("This ticket is for another stream")
        user = tokens.live_user(int(claims["sub"]), family_id=UUID(family) if family else None)
        return user, Viewer.of(user, family_id=family)

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="api"'


class StreamTicketScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tickets."""

    target_class = StreamTicketAuthentication
    name = "streamTicket"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """A ticket from `/streams/ticket`."""
        return {
            "type": "apiKey",
            "in": "query",
            "name": "st",
            "description": "The `ticket` of `POST /streams/ticket`, for its turn only.",
        }


class StreamTicketView(KernelView):
    """Gives tickets."""

    @extend_schema(
        operation_id="streams_ticket",
        tags=["streams"],
        summary="Get a ticket for the stream of a turn",
        description="For `EventSource`, which cannot send headers. Good for `JWT_STREAM_TTL` (60 "
        "seconds) and this turn only; checked when the stream is opened, which may be repeated.",
        request=StreamTicketRequest,
        responses={200: StreamTicketSerializer, **refusals(errors.NotFound)},
        examples=[
            example({"turn_id": examples.TURN_ID}, request=True),
            example({"ticket": "eyJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLiJ9…", "expires_in": 60}),
        ],
    )
    def post(self, request: Request) -> Response:
        """Sign a ticket."""
        wanted = checked(StreamTicketRequest, request.data)
        ratelimit.hit("stream_user", str(self.viewer.user_id))
        turn_id = streamable_for(self.viewer, wanted["turn_id"])
        claims = {"sub": str(self.viewer.user_id), "turn": str(turn_id)}
        if self.viewer.family_id:
            claims["fam"] = self.viewer.family_id
        ttl = settings.JWT_STREAM_TTL
        return Response({"ticket": tokens.sign(claims, typ=TYP, ttl=ttl), "expires_in": int(ttl)})


class WhateverIsAccepted(BaseContentNegotiation):
    """Who asks for ``text/event-stream`` gets its refusals as JSON all the same."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return the only parser."""
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """Return the only renderer."""
        return renderers[0], renderers[0].media_type


class TurnStreamView(KernelView):
    """The way into a stream; :mod:`llm.streams.door` carries it on."""

    authentication_classes = [
        StreamTicketAuthentication,
        BearerAuthentication,
        ApiKeyAuthentication,
    ]
    content_negotiation_class = WhateverIsAccepted

    @extend_schema(
        operation_id="streams_turn",
        tags=["streams"],
        summary="Follow all slots of a turn (server-sent events)",
        description="Events `chunk`, `reset`, `final`, `error`, `snapshot`, `done`. `Last-Event-ID`"
        " (or `last_event_id`) resumes with nothing missed or repeated, also after the end; 204 "
        "when there is nothing left to send. The reply to a customer is a turn with one slot. "
        "Reading starts, changes and ends nothing. See docs/streams.md.",
        parameters=[
            OpenApiParameter("last_event_id", OpenApiTypes.STR),
            OpenApiParameter("Last-Event-ID", OpenApiTypes.STR, OpenApiParameter.HEADER),
        ],
        responses={
            (200, "text/event-stream"): OpenApiResponse(
                OpenApiTypes.STR, examples=[OpenApiExample("One slot", value=WIRE)]
            ),
            204: OpenApiResponse(description="Everything was seen."),
            **refusals(errors.NotFound, errors.RateLimited, errors.ServiceUnavailable),
        },
    )
    def get(self, request: Request, turn_id: str) -> HttpResponse:
        """Check who reads what, from where; the answer begins with when to come back."""
        ratelimit.hit("stream_user", str(self.viewer.user_id))
        pk = streamable_for(self.viewer, turn_id)
        asked = request.query_params.get("last_event_id") or ""
        cursor = Cursor.parse(request.headers.get("Last-Event-ID") or asked)
        let_in = getattr(request._request, "scope", {}).get(door.KEY)
        if let_in is not None and request.method == "GET":
            let_in.append(door.Ticket(pk, cursor, self.viewer.user_id))
        return HttpResponse(
            door.PRELUDE,
            headers=door.HEADERS,
        )

"""The caller's own talk with the assistant: one call says something and waits for the reply."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import classonlymethod
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.schema import refusals
from chatsite.lib import dbpool, errors, ratelimit
from chatsite.lib.clock import rfc3339_or_none
from sessions_app import access, actions, listing, payloads
from sessions_app.api import serializers as shapes
from sessions_app.api.base import KernelView, checked
from sessions_app.live import waiting
from sessions_app.models import ChatSession

FAILED = "The assistant could not answer. Try again, or ask for a person."
_SENDER = {"id": 7, "kind": "customer", "name": "Vic", "avatar": None}
_SAID = {
    "id": "0193-…",
    "session_id": "0192-…",
    "seq": 1,
    "prev_seq": 0,
    "kind": "text",
    "sender": _SENDER,
    "content": "Where is my parcel?",
    "attachments": [],
    "client_msg_id": None,
    "reply_to": None,
    "created_at": "2026-11-21T09:00:00.123Z",
    "edited_at": None,
    "deleted_at": None,
    "metadata": {},
}
_REPLY = {
    **_SAID,
    "seq": 2,
    "prev_seq": 1,
    "sender": {"id": None, "kind": "assistant", "name": "Assistant", "avatar": None},
    "content": "On its way: it arrives on Friday.",
    "created_at": "2026-11-21T09:00:02.456Z",
}
ASKED = OpenApiExample("A question", value={"message": "Where is my parcel?"}, request_only=True)
REPLIED = OpenApiExample(
    "The assistant answered",
    value={"session_id": "0192-…", "message": _SAID, "reply": _REPLY},
    response_only=True,
    status_codes=["200"],
)
QUEUED = OpenApiExample(
    "A person will answer",
    value={
        "session_id": "0192-…",
        "message": _SAID,
        "reply": None,
        "status": "queued",
        "error": None,
    },
    response_only=True,
    status_codes=["202"],
)


@dataclass(frozen=True, slots=True)
class Awaited:
    """What a response still waits for."""

    session_id: UUID
    seq: int
    patience_s: float


class SendView(KernelView):
    """Says something and waits for the reply, holding no database connection meanwhile."""

    @classonlymethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., Any]:  # type: ignore[override]
        """Return a view that posts in the request's thread, and then waits in the loop."""
        post = super().as_view(**initkwargs)

        async def view(request: HttpRequest) -> HttpResponseBase:
            response: Response = await sync_to_async(post, thread_sensitive=True)(request)
            if isinstance(awaited := getattr(response, "awaited", None), Awaited):
                await _fill_in(response, awaited)
            return response

        view.cls = view.view_class = cls  # type: ignore[attr-defined]
        view.initkwargs = initkwargs  # type: ignore[attr-defined]
        view.csrf_exempt = True  # type: ignore[attr-defined]
        return view

    @extend_schema(
        operation_id="chat_send",
        tags=["own chat"],
        summary="Say something to the assistant and wait for the reply",
        description="Without `session_id` in the caller's own talk with the assistant, which "
        "begins with the first message. 200 once the reply is whole. 202 with `reply: null` when a "
        "person will answer (`status` is `queued` or `assigned`), when `wait` seconds have passed "
        "(`bot`: the reply comes later, to be read from the history), or when the assistant failed "
        "(`error`). Going away cancels nothing. Repeat with the same `client_msg_id` to wait on.",
        parameters=[shapes.SendQuery],
        request=shapes.SendRequest,
        responses={
            200: OpenApiResponse(shapes.SentSerializer, "The reply"),
            202: OpenApiResponse(shapes.SentUnansweredSerializer, "No reply (yet)"),
            **refusals(errors.SessionNotFound, errors.SessionClosed, errors.Conflict),
        },
        examples=[ASKED, REPLIED, QUEUED],
    )
    def post(self, request: Request) -> Response:
        """Post the message; the reply is filled in by :meth:`as_view`."""
        patience_s = checked(shapes.SendQuery, request.query_params)["wait"]
        wanted = checked(shapes.SendRequest, request.data)
        ratelimit.hit("message_user", str(self.viewer.user_id))
        posted = actions.say(
            viewer=self.viewer,
            content=wanted["message"],
            session_id=wanted.get("session_id"),
            client_msg_id=wanted.get("client_msg_id"),
        )
        message = posted.message
        said = payloads.message(message, staff=False, attachments=[])
        response = Response({"session_id": str(message.session_id), "message": said})
        response.awaited = Awaited(message.session_id, message.seq, patience_s)  # type: ignore[attr-defined]
        dbpool.give_back()
        return response


async def _fill_in(response: Response, awaited: Awaited) -> None:
    state = await waiting.reply_to(awaited.session_id, awaited.seq, patience_s=awaited.patience_s)
    if state.reply is not None:
        response.data["reply"] = payloads.message(state.reply, staff=False)
        return
    response.status_code = status.HTTP_202_ACCEPTED
    error = {"code": state.failure, "message": FAILED} if state.failure else None
    response.data |= {"reply": None, "status": state.status, "error": error}


class HistoryView(KernelView):
    """What was said in the caller's own talk."""

    @extend_schema(
        operation_id="chat_history",
        tags=["own chat"],
        summary="Read the own talk with the assistant",
        description="Ascending, or with `order=desc` the newest first. Empty when nothing was "
        "said since the last clearing.",
        parameters=[shapes.HistoryQuery],
        responses=shapes.HistorySerializer,
    )
    def get(self, request: Request) -> Response:
        """Return a page of messages."""
        wanted = checked(shapes.HistoryQuery, request.query_params)
        session = ChatSession.objects.own_chats(self.viewer.user_id).first()
        if session is None:
            return Response({"session_id": None, "results": [], "next": None})
        member = access.membership(self.viewer, session.id)
        page = listing.history_page(member, **wanted)
        return Response({"session_id": str(session.id), **page})


class ClearView(KernelView):
    """Ends the caller's own talk."""

    @extend_schema(
        operation_id="chat_clear",
        tags=["own chat"],
        summary="Archive the own talk and have it forgotten",
        description="The next message begins a new talk. What the assistant remembered of this one "
        "is forgotten within a minute. Clearing nothing is fine: then both fields are null.",
        request=None,
        responses=shapes.ClearedSerializer,
    )
    def post(self, request: Request) -> Response:
        """Archive it."""
        session = actions.clear_own_chat(viewer=self.viewer)
        return Response(
            {
                "session_id": str(session.id) if session else None,
                "archived_at": rfc3339_or_none(session.archived_at) if session else None,
            }
        )

"""What is said in a session, over REST."""

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.schema import refusals
from chatsite.lib import errors, ratelimit
from sessions_app import access, actions, listing, payloads, queries, transcripts
from sessions_app.api import serializers as shapes
from sessions_app.api.base import KernelView
from sessions_app.api.examples import body_of

MESSAGE_EXAMPLE = OpenApiExample(
    "A message",
    value={"content": "Where is my parcel?", "client_msg_id": "7f1c2b9e-0d0f-4f55"},
    request_only=True,
)
_NOT_OURS = refusals(
    errors.SessionNotFound,
    errors.NotFound,
    errors.PermissionDenied,
    errors.SessionClosed,
    errors.Conflict,
)


class MessageListView(KernelView):
    """Messages of a session."""

    @extend_schema(
        operation_id="messages_list",
        tags=["messages"],
        summary="List messages",
        description="Ascending by `seq`; with `before_seq`, the page that ends there.",
        parameters=[shapes.MessageListQuery],
        responses=shapes.MessagePageSerializer,
    )
    def get(self, request: Request, session_id: str) -> Response:
        """Return a page of messages."""
        wanted = self.checked_in(session_id, shapes.MessageListQuery, request.query_params)
        member = access.membership(self.viewer, session_id)
        return Response(listing.message_page(member, **wanted))

    @extend_schema(
        operation_id="messages_post",
        tags=["messages"],
        summary="Post a message",
        description="201 with the new message; 200 with the first one when the same "
        "`client_msg_id` was posted before; 409 `CONFLICT` when it had another body.",
        request=shapes.PostMessageRequest,
        responses={
            201: shapes.MessageSerializer,
            200: shapes.MessageSerializer,
            **refusals(
                errors.SessionNotFound,
                errors.PermissionDenied,
                errors.SessionClosed,
                errors.Conflict,
            ),
        },
        examples=[MESSAGE_EXAMPLE],
    )
    def post(self, request: Request, session_id: str) -> Response:
        """Post a message."""
        wanted = self.checked_in(session_id, shapes.PostMessageRequest, request.data)
        ratelimit.hit("message_user", str(self.viewer.user_id))
        posted = actions.post_message(viewer=self.viewer, session_id=session_id, **wanted)
        staff = access.membership(self.viewer, session_id).staff
        files = list(posted.message.attachments.all())
        body = payloads.message(posted.message, staff=staff, attachments=files)
        return Response(body, 201 if posted.created else 200)


class MessageView(KernelView):
    """One message."""

    @extend_schema(
        operation_id="messages_edit",
        tags=["messages"],
        summary="Edit an own message",
        description="The message keeps its `seq`; the session's `version` moves.",
        request=shapes.EditMessageRequest,
        examples=body_of("edit"),
        responses={200: shapes.MessageSerializer, **_NOT_OURS},
    )
    def patch(self, request: Request, session_id: str, message_id: str) -> Response:
        """Change a message."""
        wanted = self.checked_in(session_id, shapes.EditMessageRequest, request.data)
        member = access.membership(self.viewer, session_id)
        message = actions.edit_message(
            viewer=self.viewer,
            session_id=session_id,
            message_id=message_id,
            content=wanted["content"],
        )
        return Response(payloads.message(message, staff=member.staff))

    @extend_schema(
        operation_id="messages_delete",
        tags=["messages"],
        summary="Take back an own message",
        responses={204: None, **_NOT_OURS},
    )
    def delete(self, request: Request, session_id: str, message_id: str) -> Response:
        """Take back a message."""
        actions.delete_message(viewer=self.viewer, session_id=session_id, message_id=message_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChangesView(KernelView):
    """What a client without a socket polls."""

    @extend_schema(
        operation_id="sessions_changes",
        tags=["messages"],
        summary="Changes after a version",
        parameters=[shapes.ChangesQuery],
        responses=shapes.ChangesSerializer,
    )
    def get(self, request: Request, session_id: str) -> Response:
        """Return new, edited and deleted messages in the order of the changes."""
        wanted = self.checked_in(session_id, shapes.ChangesQuery, request.query_params)
        member = access.membership(self.viewer, session_id)
        found = queries.catch_up(
            member.session_id,
            staff=member.staff,
            after_version=wanted["after_version"],
            limit=wanted["limit"],
        )
        last = found.messages[-1].version if found.more else found.version
        return Response(
            {
                "results": [payloads.message(item, staff=member.staff) for item in found.messages],
                "version": max(last, wanted["after_version"]) if found.more else last,
                "more": found.more,
            }
        )


class ReadView(KernelView):
    """Read marks."""

    @extend_schema(
        operation_id="sessions_read",
        tags=["messages"],
        summary="Mark messages as read",
        request=shapes.ReadRequest,
        examples=body_of("read"),
        responses={204: None, **refusals(errors.SessionNotFound)},
    )
    def post(self, request: Request, session_id: str) -> Response:
        """Move the read mark."""
        wanted = self.checked_in(session_id, shapes.ReadRequest, request.data)
        actions.mark_read(viewer=self.viewer, session_id=session_id, seq=wanted["seq"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class TranscriptView(KernelView):
    """The conversation as a file."""

    @extend_schema(
        operation_id="sessions_transcript",
        tags=["messages"],
        summary="Download the transcript",
        parameters=[OpenApiParameter("format", OpenApiTypes.STR, enum=["txt", "json", "html"])],
        responses={
            (200, "text/plain"): OpenApiTypes.STR,
            (200, "application/json"): shapes.TranscriptSerializer,
            (200, "text/html"): OpenApiTypes.STR,
            **refusals(errors.SessionNotFound),
        },
    )
    def get(self, request: Request, session_id: str) -> HttpResponse:
        """Return the conversation as text, JSON or HTML."""
        wanted = self.checked_in(session_id, shapes.TranscriptQuery, request.query_params)
        session = access.session_for(self.viewer, session_id)
        staff = access.is_staff_view(self.viewer, session)
        body, media_type = transcripts.render(session, staff=staff, form=wanted["format"])
        name = f"transcript-{session.id}.{wanted['format']}"
        return HttpResponse(
            body,
            content_type=media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

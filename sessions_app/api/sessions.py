"""Sessions over REST."""

from typing import Any, TypeVar

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import actions as accounts_actions
from accounts.viewer import Viewer, viewer_of
from chatsite.lib import ratelimit
from sessions_app import access, actions, listing, origins, payloads, queries, transcripts
from sessions_app.api import serializers as shapes
from sessions_app.models import ChatSession

T = TypeVar("T", bound=serializers.Serializer[Any])

SESSION_EXAMPLE = OpenApiExample(
    "A customer opens a chat",
    value={"title": "Where is my parcel?", "widget_key": "demo", "metadata": {"page": "/cart"}},
    request_only=True,
)
MESSAGE_EXAMPLE = OpenApiExample(
    "A message",
    value={"content": "Where is my parcel?", "client_msg_id": "7f1c2b9e-0d0f-4f55"},
    request_only=True,
)
NO_BODY: Any = None


def checked(kind: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    """Return the validated data of a request; raise the error that names the wrong fields."""
    form = kind(data=data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def shown(viewer: Viewer, session: ChatSession, code: int = 200) -> Response:
    """Answer with a session as the viewer sees it."""
    staff = access.is_staff_view(viewer, session)
    return Response(queries.shown_one(session.id, staff=staff), code)


class KernelView(APIView):
    """A view that knows its viewer and counts the use of the API."""

    viewer: Viewer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, then count."""
        super().initial(request, *args, **kwargs)
        self.viewer = viewer_of(request)
        ratelimit.hit("api_user", str(self.viewer.user_id))


class SessionListView(KernelView):
    """Opens and lists sessions."""

    @extend_schema(
        operation_id="sessions_list",
        tags=["sessions"],
        summary="List sessions",
        description="A customer's own, those of an agent's teams, or all for an admin.",
        parameters=[shapes.SessionListQuery],
        responses=shapes.SessionPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return a page of sessions."""
        wanted = checked(shapes.SessionListQuery, request.query_params)
        return Response(listing.session_page(self.viewer, wanted))

    @extend_schema(
        operation_id="sessions_open",
        tags=["sessions"],
        summary="Open a session",
        request=shapes.OpenSessionRequest,
        responses={201: shapes.SessionSerializer},
        examples=[SESSION_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        """Open a session."""
        wanted = checked(shapes.OpenSessionRequest, request.data)
        ratelimit.hit("session_user", str(self.viewer.user_id))
        key = wanted.pop("widget_key", None)
        if key is not None:
            origin = origins.widget_origin(key, self.viewer)
            wanted |= {
                "team_id": wanted.get("team_id") or origin.team_id,
                "source": origin.source,
                "assistant": origin.assistant,
            }
        session = actions.open_session(viewer=self.viewer, **wanted)
        return shown(self.viewer, session, status.HTTP_201_CREATED)


class SessionCountsView(KernelView):
    """Numbers for the console's views."""

    @extend_schema(
        operation_id="sessions_counts",
        tags=["sessions"],
        summary="Count sessions by view",
        responses=shapes.SessionCountsSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the counts."""
        return Response(listing.counts(self.viewer))


class SessionView(KernelView):
    """One session."""

    @extend_schema(
        operation_id="sessions_get",
        tags=["sessions"],
        summary="Get a session",
        responses=shapes.SessionSerializer,
    )
    def get(self, request: Request, session_id: str) -> Response:
        """Return the session."""
        return shown(self.viewer, access.session_for(self.viewer, session_id))


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
        wanted = checked(shapes.MessageListQuery, request.query_params)
        member = access.membership(self.viewer, session_id)
        return Response(listing.message_page(member, **wanted))

    @extend_schema(
        operation_id="messages_post",
        tags=["messages"],
        summary="Post a message",
        description="201 with the new message; 200 with the first one when the same "
        "`client_msg_id` was posted before; 409 `CONFLICT` when it had another body.",
        request=shapes.PostMessageRequest,
        responses={201: shapes.MessageSerializer, 200: shapes.MessageSerializer},
        examples=[MESSAGE_EXAMPLE],
    )
    def post(self, request: Request, session_id: str) -> Response:
        """Post a message."""
        wanted = checked(shapes.PostMessageRequest, request.data)
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
        responses=shapes.MessageSerializer,
    )
    def patch(self, request: Request, session_id: str, message_id: str) -> Response:
        """Change a message."""
        wanted = checked(shapes.EditMessageRequest, request.data)
        member = access.membership(self.viewer, session_id)
        message = actions.edit_message(
            viewer=self.viewer, message_id=message_id, content=wanted["content"]
        )
        return Response(payloads.message(message, staff=member.staff))

    @extend_schema(
        operation_id="messages_delete",
        tags=["messages"],
        summary="Take back an own message",
        responses={204: None},
    )
    def delete(self, request: Request, session_id: str, message_id: str) -> Response:
        """Take back a message."""
        access.session_for(self.viewer, session_id)
        actions.delete_message(viewer=self.viewer, message_id=message_id)
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
        wanted = checked(shapes.ChangesQuery, request.query_params)
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


class ActionView(KernelView):
    """A deed on a session; subclasses name the request and call one action."""

    form: type[serializers.Serializer[Any]] | None = None

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Do it and return the session."""
        raise NotImplementedError

    def post(self, request: Request, session_id: str) -> Response:
        """Do it and answer with the session."""
        wanted = checked(self.form, request.data) if self.form else {}
        return shown(self.viewer, self.act(session_id, wanted))


def deed(name: str, summary: str, form: Any = NO_BODY, description: str = "") -> Any:
    """Describe an :class:`ActionView` for the schema."""
    return extend_schema_view(
        post=extend_schema(
            operation_id=f"sessions_{name}",
            tags=["sessions"],
            summary=summary,
            description=description,
            request=form,
            responses=shapes.SessionSerializer,
        )
    )


@deed("claim", "Take a session", description="The first one wins and has the floor.")
class ClaimView(ActionView):
    """Claims."""

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Claim it."""
        return actions.claim(viewer=self.viewer, session_id=session_id)


@deed("release", "Give a session back to the queue")
class ReleaseView(ActionView):
    """Releases."""

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Release it."""
        return actions.release(viewer=self.viewer, session_id=session_id)


@deed("assign", "Give a session to an agent or a team", shapes.AssignRequest)
class AssignView(ActionView):
    """Assigns."""

    form = shapes.AssignRequest

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Assign it."""
        return actions.assign(viewer=self.viewer, session_id=session_id, **wanted)


@deed("transfer", "Hand a session on, with a note", shapes.TransferRequest)
class TransferView(ActionView):
    """Transfers."""

    form = shapes.TransferRequest

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Transfer it."""
        return actions.transfer(viewer=self.viewer, session_id=session_id, **wanted)


@deed("close", "Close a session", shapes.CloseRequest)
class CloseView(ActionView):
    """Closes."""

    form = shapes.CloseRequest

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Close it."""
        return actions.close(viewer=self.viewer, session_id=session_id, **wanted)


@deed("reopen", "Reopen a closed session")
class ReopenView(ActionView):
    """Reopens."""

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Reopen it."""
        return actions.reopen(viewer=self.viewer, session_id=session_id)


@deed("rate", "Rate a session", shapes.RateRequest, "Only its customer; the last rating counts.")
class RatingView(ActionView):
    """Rates."""

    form = shapes.RateRequest

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Rate it."""
        return actions.rate(viewer=self.viewer, session_id=session_id, **wanted)


@deed(
    "contact",
    "Leave an e-mail address",
    shapes.ContactRequest,
    "Only its customer. Kept unverified as `contact_email` in the metadata; the last one counts.",
)
class ContactView(ActionView):
    """Keeps where the customer can be reached."""

    form = shapes.ContactRequest

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Keep it."""
        return actions.leave_contact(viewer=self.viewer, session_id=session_id, **wanted)


@deed("handoff", "Ask for a person", shapes.HandoffRequest)
class HandoffView(ActionView):
    """Hands the session from the assistant to people."""

    form = shapes.HandoffRequest

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Ask for a person."""
        reason = wanted.get("reason") or "customer"
        return actions.request_human(viewer=self.viewer, session_id=session_id, reason=reason)


@deed("retry_reply", "Let the assistant try again")
class RetryReplyView(ActionView):
    """Retries the assistant's answer."""

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Make an answer due now."""
        return actions.retry_reply(viewer=self.viewer, session_id=session_id)


class ReadView(KernelView):
    """Read marks."""

    @extend_schema(
        operation_id="sessions_read",
        tags=["messages"],
        summary="Mark messages as read",
        request=shapes.ReadRequest,
        responses={204: None},
    )
    def post(self, request: Request, session_id: str) -> Response:
        """Move the read mark."""
        wanted = checked(shapes.ReadRequest, request.data)
        actions.mark_read(viewer=self.viewer, session_id=session_id, seq=wanted["seq"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class StopReplyView(KernelView):
    """Stops the running answer."""

    @extend_schema(
        operation_id="sessions_reply_stop",
        tags=["sessions"],
        summary="Stop the assistant's running answer",
        request=None,
        responses={204: None},
    )
    def post(self, request: Request, session_id: str) -> Response:
        """Ask it to stop."""
        actions.stop_reply(viewer=self.viewer, session_id=session_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class TagsView(KernelView):
    """Tags of a session."""

    @extend_schema(
        operation_id="sessions_tags",
        tags=["sessions"],
        summary="Replace a session's tags",
        request=shapes.TagsRequest,
        responses=shapes.SessionSerializer,
    )
    def put(self, request: Request, session_id: str) -> Response:
        """Replace the tags."""
        wanted = checked(shapes.TagsRequest, request.data)
        session = actions.set_tags(viewer=self.viewer, session_id=session_id, **wanted)
        return shown(self.viewer, session)


class TranscriptView(KernelView):
    """The conversation as a file."""

    @extend_schema(
        operation_id="sessions_transcript",
        tags=["messages"],
        summary="Download the transcript",
        parameters=[OpenApiParameter("format", OpenApiTypes.STR, enum=["txt", "json", "html"])],
        responses={(200, "text/plain"): str},
    )
    def get(self, request: Request, session_id: str) -> HttpResponse:
        """Return the conversation as text, JSON or HTML."""
        wanted = checked(shapes.TranscriptQuery, request.query_params)
        session = access.session_for(self.viewer, session_id)
        staff = access.is_staff_view(self.viewer, session)
        body, media_type = transcripts.render(session, staff=staff, form=wanted["format"])
        name = f"transcript-{session.id}.{wanted['format']}"
        return HttpResponse(
            body,
            content_type=media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


class SocketTicketView(KernelView):
    """Entry to the socket for browsers, which cannot send headers there."""

    @extend_schema(
        operation_id="ws_ticket",
        tags=["socket"],
        summary="Get a ticket for the WebSocket",
        description="Single use, 60 seconds: connect to `/api/v1/ws?ticket=…`.",
        request=None,
        responses=shapes.TicketSerializer,
    )
    def post(self, request: Request) -> Response:
        """Return a ticket."""
        ratelimit.hit("ticket_user", str(self.viewer.user_id))
        ticket = accounts_actions.issue_ticket(viewer=self.viewer, purpose="ws")
        return Response({"ticket": ticket, "expires_in": 60})

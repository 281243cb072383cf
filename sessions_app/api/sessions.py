"""Sessions over REST: opened, listed, counted, and the way into the socket."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import actions as accounts_actions
from accounts.schema import refusals
from chatsite.lib import errors, ratelimit
from sessions_app import access, actions, listing, origins
from sessions_app.api import serializers as shapes
from sessions_app.api.base import KernelView, checked, shown

SESSION_EXAMPLE = OpenApiExample(
    "A customer opens a chat",
    value={"title": "Where is my parcel?", "widget_key": "demo", "metadata": {"page": "/cart"}},
    request_only=True,
)


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
        responses={201: shapes.SessionSerializer, **refusals(errors.NotFound)},
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

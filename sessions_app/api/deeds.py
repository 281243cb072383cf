"""Deeds on a session, over REST: each is one action, answered with the session."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.schema import refusals
from chatsite.lib import errors
from sessions_app import actions
from sessions_app.api import serializers as shapes
from sessions_app.api.base import NO_BODY, KernelView, shown
from sessions_app.api.examples import body_of
from sessions_app.models import ChatSession

STAFF_WORK = (errors.PermissionDenied, errors.SessionClosed, errors.Conflict)


class ActionView(KernelView, ABC):
    """A deed on a session; subclasses name the request and call one action."""

    form: type[serializers.Serializer[Any]] | None = None

    @abstractmethod
    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Do it and return the session."""

    def post(self, request: Request, session_id: str) -> Response:
        """Do it and answer with the session."""
        wanted = self.checked_in(session_id, self.form, request.data) if self.form else {}
        return shown(self.viewer, self.act(session_id, wanted))


def deed(
    name: str,
    summary: str,
    form: Any = NO_BODY,
    description: str = "",
    refused: Sequence[type[errors.DomainError]] = (),
) -> Any:
    """Describe an :class:`ActionView` for the schema; a stranger's 404 need not be named."""
    return extend_schema_view(
        post=extend_schema(
            operation_id=f"sessions_{name}",
            tags=["sessions"],
            summary=summary,
            description=description,
            request=form,
            examples=body_of(name),
            responses={
                200: shapes.SessionSerializer,
                **refusals(errors.SessionNotFound, *refused),
            },
        )
    )


@deed(
    "claim",
    "Take a session",
    description="The first one wins and has the floor. Claiming one's own again changes nothing.",
    refused=[*STAFF_WORK, errors.SessionAlreadyAssigned],
)
class ClaimView(ActionView):
    """Claims."""

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Claim it."""
        return actions.claim(viewer=self.viewer, session_id=session_id)


@deed("release", "Give a session back to the queue", refused=STAFF_WORK)
class ReleaseView(ActionView):
    """Releases."""

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Release it."""
        return actions.release(viewer=self.viewer, session_id=session_id)


@deed("assign", "Give a session to an agent or a team", shapes.AssignRequest, refused=STAFF_WORK)
class AssignView(ActionView):
    """Assigns."""

    form = shapes.AssignRequest

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Assign it."""
        return actions.assign(viewer=self.viewer, session_id=session_id, **wanted)


@deed("transfer", "Hand a session on, with a note", shapes.TransferRequest, refused=STAFF_WORK)
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


@deed("reopen", "Reopen a closed session", refused=[errors.Conflict])
class ReopenView(ActionView):
    """Reopens."""

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Reopen it."""
        return actions.reopen(viewer=self.viewer, session_id=session_id)


@deed(
    "rate",
    "Rate a session",
    shapes.RateRequest,
    "Only its customer; the last rating counts.",
    [errors.PermissionDenied],
)
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
    [errors.PermissionDenied, errors.SessionClosed],
)
class ContactView(ActionView):
    """Keeps where the customer can be reached."""

    form = shapes.ContactRequest

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Keep it."""
        return actions.leave_contact(viewer=self.viewer, session_id=session_id, **wanted)


@deed(
    "handoff",
    "Ask for a person",
    shapes.HandoffRequest,
    refused=[errors.SessionClosed, errors.Conflict],
)
class HandoffView(ActionView):
    """Hands the session from the assistant to people."""

    form = shapes.HandoffRequest

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Ask for a person."""
        reason = wanted.get("reason") or "customer"
        return actions.request_human(viewer=self.viewer, session_id=session_id, reason=reason)


@deed("retry_reply", "Let the assistant try again", refused=[errors.Conflict])
class RetryReplyView(ActionView):
    """Retries the assistant's answer."""

    def act(self, session_id: str, wanted: dict[str, Any]) -> ChatSession:
        """Make an answer due now."""
        return actions.retry_reply(viewer=self.viewer, session_id=session_id)


class StopReplyView(KernelView):
    """Stops the running answer."""

    @extend_schema(
        operation_id="sessions_reply_stop",
        tags=["sessions"],
        summary="Stop the assistant's running answer",
        request=None,
        responses={204: None, **refusals(errors.SessionNotFound)},
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
        examples=body_of("tags"),
        responses={
            200: shapes.SessionSerializer,
            **refusals(errors.SessionNotFound, errors.PermissionDenied),
        },
    )
    def put(self, request: Request, session_id: str) -> Response:
        """Replace the tags."""
        wanted = self.checked_in(session_id, shapes.TagsRequest, request.data)
        session = actions.set_tags(viewer=self.viewer, session_id=session_id, **wanted)
        return shown(self.viewer, session)

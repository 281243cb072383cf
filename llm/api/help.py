"""Help for agents over REST: drafts, summaries, rewritings and tags for an open chat."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.schema import example, refusals
from chatsite.lib import errors, ratelimit
from llm import turns
from llm.api import turn_examples as examples
from llm.api import turn_shapes as shapes
from llm.turns import queries
from sessions_app.api.base import KernelView, checked


class HelpView(KernelView):
    """Asks for help with a chat."""

    @extend_schema(
        operation_id="sessions_help",
        tags=["turns"],
        summary="Ask for a draft or other help with a chat",
        description="For staff. Nothing of it reaches the customer: drafts are sent by people. "
        "Follow the answers by `/streams/turn/{id}`, by the socket's frames with a `slot`, or "
        "with `/turns/{id}`. Drafts come from models drawn by weight, whose names are hidden until "
        "one is used.",
        request=shapes.HelpRequest,
        responses={
            202: shapes.TurnSerializer,
            **refusals(errors.SessionNotFound, errors.PermissionDenied, errors.ModelNotFound),
        },
        examples=[
            example({"kind": "draft", "models": 2}, request=True),
            example(
                {"kind": "rewrite", "input": {"text": "No.", "how": "friendlier"}}, request=True
            ),
            example(examples.TURN),
        ],
    )
    def post(self, request: Request, session_id: str) -> Response:
        """Queue the answers."""
        wanted = self.checked_in(session_id, shapes.HelpRequest, request.data)
        ratelimit.hit("turn_user", str(self.viewer.user_id))
        turn = turns.ask_for_help(viewer=self.viewer, session_id=session_id, **wanted)
        return Response(queries.shown_turn(turn), status.HTTP_202_ACCEPTED)


class UseDraftView(KernelView):
    """Notes what became of a draft."""

    @extend_schema(
        operation_id="turns_use",
        tags=["turns"],
        summary="Tell which message was made of a draft",
        description="It counts for its model, with the number of characters that were changed.",
        request=shapes.UseDraftRequest,
        responses={200: shapes.TurnSerializer, **refusals(errors.NotFound, errors.Conflict)},
        examples=[
            example({"slot": 0, "message_id": "01935c2e-5a7b-7c1d-8e9f-0a1b2c3d4e5f"}, request=True)
        ],
    )
    def post(self, request: Request, turn_id: str) -> Response:
        """Note it."""
        wanted = checked(shapes.UseDraftRequest, request.data)
        turn = turns.use_draft(viewer=self.viewer, turn_id=turn_id, **wanted)
        return Response(queries.shown_turn(turn))

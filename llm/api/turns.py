"""Turns over REST: how they stand, and what people decide about them."""

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
from llm.turns.access import turn_for
from sessions_app.api.base import KernelView, checked

NOT_FOUND = refusals(errors.NotFound)
SLOT = {"slot": 1}


class TurnView(KernelView):
    """One turn."""

    @extend_schema(
        operation_id="turns_get",
        tags=["turns"],
        summary="Get a turn with its results",
        responses={200: shapes.TurnSerializer, **NOT_FOUND},
        examples=[example(examples.TURN)],
    )
    def get(self, request: Request, turn_id: str) -> Response:
        """Return the turn."""
        return Response(queries.shown_turn(turn_for(self.viewer, turn_id)))


class StopTurnView(KernelView):
    """Stops answers."""

    @extend_schema(
        operation_id="turns_stop",
        tags=["turns"],
        summary="Stop all answers of a turn, or one",
        description="Closes the connections to the providers. What was said so far stays. Stopping "
        "again, or after the end, changes nothing.",
        request=shapes.SlotRequest,
        responses={200: shapes.TurnSerializer, **NOT_FOUND},
        examples=[example(SLOT, request=True), example(examples.TURN)],
    )
    def post(self, request: Request, turn_id: str) -> Response:
        """Ask the answers to stop."""
        turn_for(self.viewer, turn_id)
        wanted = checked(shapes.SlotRequest, request.data)
        turn = turns.stop(viewer=self.viewer, turn_id=turn_id, **wanted)
        return Response(queries.shown_turn(turn))


class PickTurnView(KernelView):
    """Picks an answer."""

    @extend_schema(
        operation_id="turns_pick",
        tags=["turns"],
        summary="Pick the best answer",
        description="The next question continues from it, and it counts for its model. It shows "
        "the names of a blind turn. Another may be picked until the next question; then 409.",
        request=shapes.PickRequest,
        responses={200: shapes.TurnSerializer, **refusals(errors.NotFound, errors.Conflict)},
        examples=[example({"slot": 0}, request=True), example(examples.TURN)],
    )
    def post(self, request: Request, turn_id: str) -> Response:
        """Pick a slot."""
        turn_for(self.viewer, turn_id)
        wanted = checked(shapes.PickRequest, request.data)
        turn = turns.pick(viewer=self.viewer, turn_id=turn_id, **wanted)
        return Response(queries.shown_turn(turn))


class RetryTurnView(KernelView):
    """Asks again."""

    @extend_schema(
        operation_id="turns_retry",
        tags=["turns"],
        summary="Ask again",
        description="Without `slot`, every slot that brought no answer; with it, that one however "
        "it ended. Its new text takes the place of the old one; the old one's cost still counts. "
        "409 `CONFLICT` when there is nothing to ask again or the conversation has gone on.",
        request=shapes.SlotRequest,
        responses={202: shapes.TurnSerializer, **refusals(errors.NotFound, errors.Conflict)},
        examples=[example(SLOT, request=True), example(examples.TURN)],
    )
    def post(self, request: Request, turn_id: str) -> Response:
        """Queue the answers anew."""
        turn_for(self.viewer, turn_id)
        wanted = checked(shapes.SlotRequest, request.data)
        ratelimit.hit("turn_user", str(self.viewer.user_id))
        turn = turns.retry(viewer=self.viewer, turn_id=turn_id, **wanted)
        return Response(queries.shown_turn(turn), status.HTTP_202_ACCEPTED)

"""Conversations with models over REST."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.schema import example, refusals
from chatsite.lib import errors, ratelimit
from llm import turns
from llm.api import turn_examples as examples
from llm.api import turn_shapes as shapes
from llm.turns import queries
from llm.turns.access import conversation_for, require_staff
from sessions_app import payloads
from sessions_app.api.base import KernelView, checked

NOT_FOUND = refusals(errors.ConversationNotFound)


class ConversationListView(KernelView):
    """Opens and lists conversations."""

    @extend_schema(
        operation_id="conversations_list",
        tags=["conversations"],
        summary="List conversations",
        description="The caller's own, the last changed first. Staff only.",
        parameters=[shapes.ConversationListQuery],
        responses={
            200: shapes.ConversationPageSerializer,
            **refusals(errors.PermissionDenied),
        },
        examples=[example({"results": [examples.CONVERSATION], "next": None})],
    )
    def get(self, request: Request) -> Response:
        """Return a page of conversations."""
        require_staff(self.viewer)
        wanted = checked(shapes.ConversationListQuery, request.query_params)
        return Response(queries.conversation_page(self.viewer, wanted))

    @extend_schema(
        operation_id="conversations_open",
        tags=["conversations"],
        summary="Open a conversation",
        description="With the models that are asked by default, up to `LLM_MAX_SLOTS` (6). "
        "Staff and API keys of staff only; the conversation is its opener's alone. The same "
        "`client_conversation_id` again returns the first conversation with 200 and opens nothing; "
        "with another body it is 409 `CONFLICT`.",
        request=shapes.OpenConversationRequest,
        responses={
            200: shapes.ConversationSerializer,
            201: shapes.ConversationSerializer,
            **refusals(errors.PermissionDenied, errors.ModelNotFound, errors.Conflict),
        },
        examples=[example(examples.OPEN, request=True), example(examples.CONVERSATION)],
    )
    def post(self, request: Request) -> Response:
        """Open a conversation."""
        require_staff(self.viewer)
        wanted = checked(shapes.OpenConversationRequest, request.data)
        ratelimit.hit("session_user", str(self.viewer.user_id))
        opened = turns.open_conversation(viewer=self.viewer, **wanted)
        body = queries.shown_conversation(opened.conversation.pk)
        return Response(body, 201 if opened.created else 200)


class ConversationView(KernelView):
    """One conversation."""

    @extend_schema(
        operation_id="conversations_get",
        tags=["conversations"],
        summary="Get a conversation",
        responses={200: shapes.ConversationSerializer, **NOT_FOUND},
        examples=[example(examples.CONVERSATION)],
    )
    def get(self, request: Request, conversation_id: str) -> Response:
        """Return the conversation."""
        found = conversation_for(self.viewer, conversation_id)
        return Response(queries.shown_conversation(found.pk))

    @extend_schema(
        operation_id="conversations_change",
        tags=["conversations"],
        summary="Rename, tag, archive a conversation, or choose its models",
        request=shapes.ConversationChange,
        responses={
            200: shapes.ConversationSerializer,
            **refusals(errors.ConversationNotFound, errors.ModelNotFound),
        },
        examples=[
            example({"title": "Refunds", "archived": True}, request=True),
            example(examples.CONVERSATION),
        ],
    )
    def patch(self, request: Request, conversation_id: str) -> Response:
        """Change what is given."""
        found = conversation_for(self.viewer, conversation_id)
        wanted = checked(shapes.ConversationChange, request.data)
        turns.change_conversation(viewer=self.viewer, conversation_id=found.pk, **wanted)
        return Response(queries.shown_conversation(found.pk))

    @extend_schema(
        operation_id="conversations_forget",
        tags=["conversations"],
        summary="Delete a conversation",
        description="Takes out every word, for good. What its answers cost stays in the "
        "statistics.",
        responses={204: None, **NOT_FOUND},
    )
    def delete(self, request: Request, conversation_id: str) -> Response:
        """Forget it."""
        turns.forget_conversation(viewer=self.viewer, conversation_id=conversation_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ConversationMessagesView(KernelView):
    """Questions of a conversation, and what the models said."""

    @extend_schema(
        operation_id="conversations_history",
        tags=["conversations"],
        summary="History, with each turn's results by model",
        parameters=[shapes.HistoryQuery],
        responses={200: shapes.HistoryPageSerializer, **NOT_FOUND},
        examples=[example(examples.HISTORY)],
    )
    def get(self, request: Request, conversation_id: str) -> Response:
        """Return a page of messages with their turns."""
        found = conversation_for(self.viewer, conversation_id)
        wanted = checked(shapes.HistoryQuery, request.query_params)
        return Response(queries.history_page(found.session, **wanted))

    @extend_schema(
        operation_id="conversations_ask",
        tags=["conversations"],
        summary="Ask several models at once",
        description="All models answer in parallel; follow them at `/streams/turn/{turn_id}`. "
        "Without `model_ids`, the conversation's models are asked. The same `client_msg_id` again "
        "returns the first turn and asks nobody. 409 `CONFLICT` while an earlier turn runs.",
        request=shapes.AskRequest,
        responses={
            202: shapes.AskedSerializer,
            **refusals(errors.ConversationNotFound, errors.ModelNotFound, errors.Conflict),
        },
        examples=[
            example(examples.ASK, name="The conversation's models", request=True),
            example(examples.ASK_MORE, name="Chosen models, names hidden", request=True),
            example(examples.ASKED),
        ],
    )
    def post(self, request: Request, conversation_id: str) -> Response:
        """Post the question and queue its answers."""
        try:
            wanted: dict[str, Any] = checked(shapes.AskRequest, request.data)
        except serializers.ValidationError:
            conversation_for(self.viewer, conversation_id)  # a stranger learns nothing else
            raise
        ratelimit.hit("turn_user", str(self.viewer.user_id))
        asked = turns.ask(viewer=self.viewer, conversation_id=conversation_id, **wanted)
        message = payloads.message(asked.message, staff=True, attachments=[])
        body = {"turn_id": str(asked.turn.pk), "message": message}
        return Response(body, status.HTTP_202_ACCEPTED)

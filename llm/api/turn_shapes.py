"""Shapes of requests about conversations and turns, and of answers, described for the schema."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from llm.models import Answer, Turn
from sessions_app.api.serializers import MAX_ID, MessageSerializer, PageQuery

MODEL_IDS = "Ids of enabled models; a slot is an index here, so one model may stand twice."


def model_ids(**options: Any) -> serializers.ListField:
    """Return the field that names models."""
    return serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID),
        min_length=1,
        max_length=100,
        help_text=MODEL_IDS,
        **options,
    )


class ModelRefSerializer(serializers.Serializer[Any]):
    """A model that answered."""

    id = serializers.IntegerField(allow_null=True, help_text="null once the model is deleted.")
    name = serializers.CharField()


class UsageSerializer(serializers.Serializer[Any]):
    """Tokens."""

    prompt_tokens = serializers.IntegerField(allow_null=True)
    completion_tokens = serializers.IntegerField(allow_null=True)
    total_tokens = serializers.IntegerField(allow_null=True)


class ResultErrorSerializer(serializers.Serializer[Any]):
    """Why a slot brought no answer."""

    code = serializers.CharField(help_text="One of the API's error codes.")
    reason = serializers.CharField(help_text="The class of fault, such as `stalled`.")
    message = serializers.CharField()


class ResultSerializer(serializers.Serializer[Any]):
    """One slot of a turn: what one model has come to."""

    slot = serializers.IntegerField()
    attempt = serializers.IntegerField()
    status = serializers.ChoiceField(Answer.Status.choices)
    model = ModelRefSerializer(
        allow_null=True, help_text="null while the turn is blind and nothing is picked."
    )
    text = serializers.CharField()
    usage = UsageSerializer()
    cost = serializers.FloatField(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    latency_ms = serializers.IntegerField(allow_null=True)
    ttft_ms = serializers.IntegerField(allow_null=True, help_text="Until the first text.")
    finish_reason = serializers.CharField()
    sources = serializers.ListField(child=serializers.DictField())
    error = ResultErrorSerializer(allow_null=True)


class TurnSerializer(serializers.Serializer[Any]):
    """One question to one or several models, with what each has come to."""

    id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    kind = serializers.ChoiceField(Turn.Kind.choices)
    status = serializers.ChoiceField(["running", "done"])
    blind = serializers.BooleanField(help_text="Names stay hidden until one is picked.")
    picked_slot = serializers.IntegerField(allow_null=True)
    question_id = serializers.UUIDField(allow_null=True, help_text="The message that asked.")
    input = serializers.DictField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    results = ResultSerializer(many=True)
    tags = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Of a turn that asks for tags: those it found, all of them known.",
    )


class HelpRequest(serializers.Serializer[Any]):
    """What an agent wants help with."""

    kind = serializers.ChoiceField(["draft", "summary", "rewrite", "tags"])
    input = serializers.DictField(
        required=False,
        help_text="draft: `instruction`; rewrite: `text`, `how` (shorter, friendlier, translate) "
        "and `language`.",
    )
    models = serializers.IntegerField(
        min_value=1, max_value=6, default=1, help_text="Drafts side by side."
    )


class UseDraftRequest(serializers.Serializer[Any]):
    """Which draft became which message."""

    slot = serializers.IntegerField(min_value=0, max_value=32_000)
    message_id = serializers.UUIDField()


class HistoryLineSerializer(MessageSerializer):
    """A message of a conversation, with the turn that it asked."""

    turn = TurnSerializer(allow_null=True)


class HistoryPageSerializer(serializers.Serializer[Any]):
    """A page of history."""

    results = HistoryLineSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class AskedSerializer(serializers.Serializer[Any]):
    """The turn that was begun, and the message that asks."""

    turn_id = serializers.UUIDField()
    message = MessageSerializer()


class ConversationSerializer(serializers.Serializer[Any]):
    """A conversation with models; its id is also that of its chat session."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    model_ids = serializers.ListField(child=serializers.IntegerField())
    system_prompt = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    metadata = serializers.DictField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)
    last_seq = serializers.IntegerField()
    version = serializers.IntegerField()
    running_turn_id = serializers.UUIDField(allow_null=True)


class ConversationPageSerializer(serializers.Serializer[Any]):
    """A page of conversations."""

    results = ConversationSerializer(many=True)
    next = serializers.CharField(allow_null=True)


# --- Requests -----------------------------------------------------------------------------------


class ConversationFields(serializers.Serializer[Any]):
    """What describes a conversation."""

    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=20, required=False
    )
    metadata = serializers.DictField(required=False)
    system_prompt = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, max_length=16_000
    )


class OpenConversationRequest(ConversationFields):
    """A new conversation.  Repeat with the same ``client_conversation_id`` until it is answered."""

    model_ids = model_ids()
    client_conversation_id = serializers.CharField(
        required=False,
        allow_null=True,
        max_length=64,
        help_text="Makes a repeated request the same conversation.",
    )


class ConversationChange(ConversationFields):
    """What may be changed of a conversation; what is left out stays."""

    model_ids = model_ids(required=False)
    archived = serializers.BooleanField(required=False)


class AskParams(serializers.Serializer[Any]):
    """How the models are to answer, above their own defaults."""

    temperature = serializers.FloatField(required=False, min_value=0, max_value=2)
    top_p = serializers.FloatField(required=False, min_value=0, max_value=1)
    max_tokens = serializers.IntegerField(required=False, min_value=1, max_value=1_000_000)


class AskRequest(serializers.Serializer[Any]):
    """A question to models."""

    content = serializers.CharField(trim_whitespace=False)
    model_ids = model_ids(required=False)
    client_msg_id = serializers.CharField(
        required=False,
        allow_null=True,
        max_length=64,
        help_text="Makes a repeated request the same turn.",
    )
    params = AskParams(required=False)
    blind = serializers.BooleanField(required=False, default=False)


class SlotRequest(serializers.Serializer[Any]):
    """One slot, or all of them."""

    slot = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=1000)


class PickRequest(serializers.Serializer[Any]):
    """The slot whose answer is taken."""

    slot = serializers.IntegerField(min_value=0, max_value=1000)


class ConversationListQuery(PageQuery):
    """Which conversations."""

    q = serializers.CharField(
        required=False, max_length=200, help_text="Words in the title, a question or an answer."
    )
    tag = serializers.CharField(required=False, max_length=40)
    archived = serializers.BooleanField(required=False, default=False)


class HistoryQuery(PageQuery):
    """Which part of the history."""

    order = serializers.ChoiceField(
        ["asc", "desc"], default="asc", help_text="`desc` begins with the newest."
    )

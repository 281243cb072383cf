"""Shapes of requests, checked here for their types, and of answers, for the schema."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from sessions_app.api.serializers import MAX_ID, AnyObject, PageQuery

MOST_PROMPT = 20_000


class ModelParamsSerializer(serializers.Serializer[Any]):
    """What a model is asked with. Left out: the endpoint's own default."""

    temperature = serializers.FloatField(required=False, help_text="0 to 2.")
    top_p = serializers.FloatField(required=False, help_text="0 to 1.")
    max_tokens = serializers.IntegerField(required=False, help_text="1 to 1,000,000.")
    timeout_ms = serializers.IntegerField(
        required=False, help_text="100 to 600,000; an answer that takes longer fails."
    )


class ModelPricesSerializer(serializers.Serializer[Any]):
    """Per million tokens."""

    prompt = serializers.FloatField(required=False)
    completion = serializers.FloatField(required=False)
    currency = serializers.CharField(required=False, help_text="ISO 4217; USD if left out.")


class ModelSerializer(serializers.Serializer[Any]):
    """A model. The key itself is never returned."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    provider_name = serializers.CharField()
    base_url = serializers.CharField()
    model = serializers.CharField()
    api_key_hint = serializers.CharField(help_text="The key's last four characters.")
    api_key_state = serializers.ChoiceField(
        ["none", "stored", "enter_again"],
        help_text="`enter_again`: a key is stored, and can no longer be decrypted.",
    )
    default_params = ModelParamsSerializer()
    system_prompt = serializers.CharField()
    enabled = serializers.BooleanField()
    is_default = serializers.BooleanField(help_text="Whether it answers customers.")
    is_demo = serializers.BooleanField()
    notes = serializers.CharField()
    prices = ModelPricesSerializer()
    draft_weight = serializers.IntegerField(help_text="Its share of agents' drafts; 0 is none.")
    max_parallel = serializers.IntegerField(allow_null=True)
    daily_budget = serializers.FloatField(allow_null=True)
    capabilities = serializers.DictField(
        help_text="What was seen of it: `streaming`, `usage_in_stream`, `tools`, request fields it "
        "`refused`, and when it was last `tested`."
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ModelPageSerializer(serializers.Serializer[Any]):
    """A page of models, by id."""

    results = ModelSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Give it as `cursor` for more.")


class ModelTestSerializer(serializers.Serializer[Any]):
    """What came of trying a model. Nothing in it was written by the endpoint."""

    ok = serializers.BooleanField()
    reason = serializers.CharField(help_text="`ok`, or the class of the failure, such as `auth`.")
    detail = serializers.CharField()
    code = serializers.CharField(allow_null=True)
    http_status = serializers.IntegerField(allow_null=True)
    latency_ms = serializers.IntegerField()
    ttft_ms = serializers.IntegerField(allow_null=True, help_text="To the first text.")
    capabilities = serializers.DictField()


class ModelNamesSerializer(serializers.Serializer[Any]):
    """Names an endpoint says it has."""

    results = serializers.ListField(child=serializers.CharField())


# --- Requests -----------------------------------------------------------------------------------


class ChangeModelRequest(serializers.Serializer[Any]):
    """What to change of a model."""

    name = serializers.CharField(required=False, max_length=80)
    provider_name = serializers.CharField(required=False, max_length=80)
    base_url = serializers.CharField(required=False, max_length=500)
    model = serializers.CharField(required=False, max_length=200)
    api_key = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        write_only=True,
        max_length=4000,
        help_text="Kept encrypted and never read back. Left out: the stored one stays, unless "
        "scheme, host or port of `base_url` change. Empty or null: it is forgotten.",
    )
    default_params = AnyObject(required=False)
    system_prompt = serializers.CharField(
        required=False, allow_blank=True, max_length=MOST_PROMPT, trim_whitespace=False
    )
    enabled = serializers.BooleanField(required=False)
    is_default = serializers.BooleanField(
        required=False, help_text="True takes it from the model that was the default."
    )
    notes = serializers.CharField(required=False, allow_blank=True, max_length=4000)
    prices = AnyObject(required=False)
    draft_weight = serializers.IntegerField(required=False, min_value=0, max_value=1000)
    max_parallel = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=10_000
    )
    daily_budget = serializers.FloatField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Expect objects where objects belong."""
        for name in ("default_params", "prices"):
            if name in attrs and not isinstance(attrs[name], dict):
                raise serializers.ValidationError({name: "expected an object"})
        return attrs


class CreateModelRequest(ChangeModelRequest):
    """A new model."""

    name = serializers.CharField(max_length=80)
    base_url = serializers.CharField(max_length=500)
    model = serializers.CharField(max_length=200)


class DiscoverModelsRequest(serializers.Serializer[Any]):
    """Where to look: an address and its key, or a stored model."""

    base_url = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")
    api_key = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, write_only=True, max_length=4000
    )
    provider_name = serializers.CharField(
        required=False, max_length=80, default="openai-compatible"
    )
    model_id = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_ID
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Expect one or the other."""
        if not attrs["base_url"] and attrs.get("model_id") is None:
            raise serializers.ValidationError({"base_url": "base_url or model_id is required"})
        return attrs


class ModelListQuery(PageQuery):
    """Which models."""

    enabled = serializers.BooleanField(required=False, allow_null=True, default=None)
    q = serializers.CharField(required=False, max_length=200, help_text="Words to look for.")

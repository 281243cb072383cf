"""What the statistics' endpoints take and give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from llm.models import Answer
from llm.stats.rows import WANTED
from llm.stats.window import Interval
from sessions_app.api.serializers import MAX_ID, PageQuery

Base = serializers.Serializer[Any]
_RATE = "0 to 1; null where there is nothing to divide by."


def interval_field() -> serializers.ChoiceField:
    return serializers.ChoiceField(
        choices=[(one.value, one.value) for one in Interval],
        required=False,
        help_text="Adds `intervals`: the same figures for each of them. A week begins on Monday.",
    )


class StatsQuery(Base):
    """Which stretch of time, and which answers."""

    to = serializers.CharField(
        required=False, max_length=40, help_text="A date, that day included, or a moment; else now."
    )
    tz = serializers.CharField(
        required=False,
        max_length=64,
        default="UTC",
        help_text="Whose days and midnights, such as `Europe/Paris`.",
    )
    model = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    purpose = serializers.ChoiceField(choices=Answer.Purpose.choices, required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `from`, which Python does not take for a name."""
        start = serializers.CharField(
            required=False,
            max_length=40,
            help_text="A date or a moment (RFC 3339); else seven days, the last one included.",
        )
        return {"from": start, **super().get_fields()}


class UsageQuery(StatsQuery):
    """And how the time is cut, and in which form the figures come."""

    interval = interval_field()
    format = serializers.ChoiceField(choices=["json", "csv"], default="json")


class ConversationStatsQuery(StatsQuery):
    """Which stretch of time, and how it is cut."""

    interval = interval_field()
    model = None  # type: ignore[assignment]
    purpose = None  # type: ignore[assignment]


class AnswerRowsQuery(PageQuery, StatsQuery):
    """Which answers."""

    outcome = serializers.ChoiceField(
        choices=[(one, one) for one in WANTED],
        required=False,
        help_text="What became of them; `requests` all that reached a model, `beside` those that "
        "could be picked, `picked` those that were. Without it, every row.",
    )
    deleted_model = serializers.CharField(
        required=False, max_length=300, help_text="The name of a model that is no more."
    )


class RefusedSerializer(Base):
    """Answers refused before a model was asked."""

    budget = serializers.IntegerField()
    admission = serializers.IntegerField()


class LatencySerializer(Base):
    """Milliseconds until done answers were whole; percentiles from every single one."""

    avg = serializers.FloatField(allow_null=True)
    p50 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(help_text="Of so many answers.")


class FirstTextSerializer(Base):
    """Milliseconds until the first text of done answers."""

    p50 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()


class TokenStatsSerializer(Base):
    """Tokens of all answers, however they ended."""

    prompt = serializers.IntegerField()
    completion = serializers.IntegerField()
    total = serializers.IntegerField()
    estimated_share = serializers.FloatField(
        allow_null=True, help_text="How much of it was estimated because the provider did not say."
    )


class PickedSerializer(Base):
    """How often it was picked in finished comparisons and drafts where another model stood by."""

    picked = serializers.IntegerField()
    n = serializers.IntegerField()
    low = serializers.FloatField(allow_null=True, help_text="Wilson's 95 % interval.")
    high = serializers.FloatField(allow_null=True)
    enough = serializers.BooleanField(help_text="Whether `n` is enough to say anything.")


class FiguresSerializer(Base):
    """What answers came to."""

    requests = serializers.IntegerField(help_text="Asked of the model; refusals are not.")
    success_rate = serializers.FloatField(
        allow_null=True, help_text=f"done / (done + failed). {_RATE}"
    )
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    handoff = serializers.IntegerField(help_text="The model said that a person should answer.")
    stopped = serializers.IntegerField()
    superseded = serializers.IntegerField(help_text="A newer message of the customer took over.")
    open = serializers.IntegerField(help_text="Queued or running.")
    refused = RefusedSerializer()
    latency_ms = LatencySerializer()
    ttft_ms = FirstTextSerializer()
    tokens = TokenStatsSerializer()
    cost = serializers.DictField(
        child=serializers.CharField(),
        help_text="Amounts by currency; XXX where none was named.",
    )
    picked_rate = serializers.FloatField(allow_null=True, help_text=_RATE)
    picked = PickedSerializer()
    handoff_rate = serializers.FloatField(
        allow_null=True, help_text=f"Handed over, of the replies given to customers. {_RATE}"
    )


class IntervalFiguresSerializer(FiguresSerializer):
    """The same of one hour, day or week."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class ModelFiguresSerializer(FiguresSerializer):
    """The same of one model."""

    model_id = serializers.IntegerField(allow_null=True, help_text="Null once it is deleted.")
    model = serializers.CharField()
    intervals = IntervalFiguresSerializer(
        many=True, required=False, help_text="With `interval`: those in which it was asked."
    )


class _WindowSerializer(Base):
    to = serializers.DateTimeField()
    tz = serializers.CharField()
    interval = serializers.CharField(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class UsageStatsSerializer(_WindowSerializer):
    """Figures by model, the busiest first."""

    enough = serializers.IntegerField(help_text="Below so many comparisons a rate says little.")
    results = ModelFiguresSerializer(many=True)
    total = FiguresSerializer()


class RatingFigureSerializer(Base):
    """Ratings of customers."""

    avg = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()


class FirstResponseSerializer(Base):
    """Seconds from when a person was wanted to the first thing a person said."""

    p50 = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()


class ConversationFiguresSerializer(Base):
    """What became of support chats."""

    opened = serializers.IntegerField()
    assistant_replies = serializers.IntegerField()
    handoffs = serializers.IntegerField()
    closed = serializers.IntegerField()
    without_person = serializers.IntegerField(help_text="Closed, and no person ever wrote.")
    deflection = serializers.FloatField(allow_null=True, help_text="without_person / closed.")
    rating = RatingFigureSerializer(help_text="Of chats closed in the time.")
    first_response_s = FirstResponseSerializer(help_text="Of chats opened in the time.")


class IntervalConversationFiguresSerializer(ConversationFiguresSerializer):
    """The same of one hour, day or week."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class ConversationStatsSerializer(_WindowSerializer):
    """Chats of the teams that the caller sees."""

    total = ConversationFiguresSerializer()
    intervals = IntervalConversationFiguresSerializer(many=True, required=False)


class AnswerTokensSerializer(Base):
    """Tokens of one answer."""

    prompt = serializers.IntegerField(allow_null=True)
    completion = serializers.IntegerField(allow_null=True)
    total = serializers.IntegerField(allow_null=True)
    source = serializers.ChoiceField(Answer.UsageSource.choices)  # type: ignore[assignment]


class AnswerRowSerializer(Base):
    """One answer, without its text."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    model_id = serializers.IntegerField(allow_null=True)
    model = serializers.CharField()
    purpose = serializers.ChoiceField(Answer.Purpose.choices)
    outcome = serializers.CharField()
    error_code = serializers.CharField()
    reason = serializers.CharField()
    attempt = serializers.IntegerField()
    tokens = AnswerTokensSerializer()
    cost = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    ttft_ms = serializers.IntegerField(allow_null=True)
    latency_ms = serializers.IntegerField(allow_null=True)
    session_id = serializers.UUIDField(
        allow_null=True, help_text="Null when the caller may not see the chat."
    )
    turn_id = serializers.UUIDField(allow_null=True)
    slot = serializers.IntegerField(allow_null=True)
    picked = serializers.BooleanField(allow_null=True, help_text="Null where nothing was picked.")


class AnswerRowPageSerializer(Base):
    """A page of answers, the newest first."""

    results = AnswerRowSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Give it as `cursor` for more.")

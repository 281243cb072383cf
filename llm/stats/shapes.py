"""What the statistics' endpoints take and give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from llm.models import Answer
from llm.stats import chat_rows
from llm.stats.chosen import PEOPLE
from llm.stats.rows import WANTED
from llm.stats.window import Interval
from sessions_app.api.serializers import MAX_ID, PageQuery
from sessions_app.models import SessionStatus

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
    purpose = serializers.ChoiceField(
        choices=[*Answer.Purpose.choices, (PEOPLE, PEOPLE)],
        required=False,
        help_text="What they were for; `people` is all but `replay`, by which releases are tried. "
        "Without it, all.",
    )

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
    format = serializers.ChoiceField(
        choices=["json", "csv"],
        required=False,
        help_text="Else what `Accept` names first of `text/csv` and `application/json`.",
    )


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
        "could be picked, `picked` those that were; `grounded` those for which passages were "
        "looked for, `unsupported` those that rest on none; `shown` drafts that agents could "
        "read, `sent` those they sent, `unchanged` as they were, and of those sent, `rated`, "
        "`closed` and `reopened` those whose chats were so afterwards. Without it, every row.",
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


class UnsupportedSerializer(Base):
    """Done answers that rest on no passage."""

    unsupported = serializers.IntegerField(
        help_text="None was found, or none of those given is named."
    )
    n = serializers.IntegerField(help_text="Of so many for which passages were looked for.")


class MedianSerializer(Base):
    """A median."""

    p50 = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()


class RatingFigureSerializer(Base):
    """Ratings of customers."""

    avg = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()


class DraftFiguresSerializer(Base):
    """What became of drafts, by when they were asked for."""

    shown = serializers.IntegerField(help_text="Whole, so that an agent could read them.")
    sent = serializers.IntegerField(help_text="A message to the customer was made of it.")
    sent_rate = serializers.FloatField(allow_null=True, help_text=f"sent / shown. {_RATE}")
    unchanged = serializers.IntegerField(help_text="Sent as they were.")
    edit_distance = MedianSerializer(
        help_text="Characters inserted, deleted or replaced between draft and message."
    )
    sent_after_s = MedianSerializer(help_text="Seconds from the request to the message.")
    rating = RatingFigureSerializer(help_text="Of chats that were rated after the message.")
    closed = serializers.IntegerField(help_text="Sent, and the chat was closed after it.")
    reopened = serializers.IntegerField(help_text="Closed after it, and opened again.")
    reopened_rate = serializers.FloatField(allow_null=True, help_text=f"reopened / closed. {_RATE}")


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
    unsupported_rate = serializers.FloatField(allow_null=True, help_text=_RATE)
    unsupported = UnsupportedSerializer()
    drafts = DraftFiguresSerializer()


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


class ChatRowsQuery(PageQuery, StatsQuery):
    """Which chats."""

    outcome = serializers.ChoiceField(
        choices=[(one, one) for one in chat_rows.WANTED],
        help_text="`opened`, `closed` and `without_person` as the figures of those names; `rated` "
        "those behind `rating`, `answered` those behind `first_response_s`, `handoffs` and "
        "`replies` a row for each of them.",
    )
    model = None  # type: ignore[assignment]
    purpose = None  # type: ignore[assignment]


class ChatRowSerializer(Base):
    """One chat."""

    at = serializers.DateTimeField(help_text="The moment for which it was counted.")
    session_id = serializers.UUIDField()
    status = serializers.ChoiceField(SessionStatus.choices)
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    rating = serializers.IntegerField(allow_null=True)


class ChatRowPageSerializer(Base):
    """A page of chats, the newest first."""

    results = ChatRowSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Give it as `cursor` for more.")


class AnswerTokensSerializer(Base):
    """Tokens of one answer."""

    prompt = serializers.IntegerField(allow_null=True)
    completion = serializers.IntegerField(allow_null=True)
    total = serializers.IntegerField(allow_null=True)
    source = serializers.ChoiceField(Answer.UsageSource.choices)  # type: ignore[assignment]


class SentDraftSerializer(Base):
    """What the agent made of a draft, and the customer of the chat afterwards."""

    edit_distance = serializers.IntegerField()
    after_s = serializers.FloatField()
    rating = serializers.IntegerField(allow_null=True)
    closed = serializers.BooleanField()
    reopened = serializers.BooleanField()


class AnswerRowSerializer(Base):
    """One answer, without its text."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    model_id = serializers.IntegerField(allow_null=True)
    model = serializers.CharField(
        allow_null=True, help_text="Null while it is `hidden`, and so are its id and the cost."
    )
    hidden = serializers.BooleanField(help_text="It was asked blindly, and nothing is picked yet.")
    purpose = serializers.ChoiceField(Answer.Purpose.choices)
    outcome = serializers.CharField()
    support = serializers.ChoiceField(
        Answer.Support.choices,
        allow_blank=True,
        help_text="Whether it rests on passages; empty where none were looked for.",
    )
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
    sent = SentDraftSerializer(allow_null=True, help_text="Of a draft that was sent.")


class AnswerRowPageSerializer(Base):
    """A page of answers, the newest first."""

    results = AnswerRowSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Give it as `cursor` for more.")
    hidden = serializers.IntegerField(
        help_text="With `model` or `deleted_model`: so many more are not listed, because nothing "
        "is picked yet in their turns and the list would name their model."
    )

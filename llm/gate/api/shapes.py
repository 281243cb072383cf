"""Shapes of requests, checked here for their types, and of answers, for the schema."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from llm.api.shapes import MOST_PROMPT, ModelParamsSerializer
from llm.gate.actions.cases import (
    LONGEST_NAME,
    LONGEST_PHRASE,
    LONGEST_TEXT,
    MOST_PHRASES,
    MOST_SAID,
    SPEAKERS,
)
from llm.gate.models import Case, Replay
from sessions_app.api.serializers import MAX_ID, MAX_SEQ, AnyObject, PageQuery

Base = serializers.Serializer[Any]


class GateRefSerializer(Base):
    """Something by its id and name."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class ArticleRefSerializer(Base):
    """An article."""

    id = serializers.IntegerField()
    title = serializers.CharField()


class ReplayRefSerializer(Base):
    """A replay, and how it ended."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(Replay.Status.choices)
    passed = serializers.BooleanField(allow_null=True)


# --- Cases ---------------------------------------------------------------------------------------


class CaseLineSerializer(Base):
    """One thing said."""

    role = serializers.ChoiceField(SPEAKERS)
    text = serializers.CharField(max_length=LONGEST_TEXT, trim_whitespace=False)


def _phrases(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_PHRASE),
        max_length=MOST_PHRASES,
        **options,
    )


class CaseExpectationsRequest(Base):
    """What the answer must be like."""

    must_say = _phrases(
        required=False, help_text="Each has to stand in the answer; “a | b” is met by either."
    )
    must_not_say = _phrases(required=False, help_text="None of these may stand in it.")
    handoff = serializers.ChoiceField(Case.Handoff.choices, required=False)
    is_red_team = serializers.BooleanField(
        required=False, help_text="Somebody tries to make the assistant misbehave."
    )


class ChangeCaseRequest(CaseExpectationsRequest):
    """What may be changed of a case."""

    name = serializers.CharField(max_length=LONGEST_NAME, required=False)
    enabled = serializers.BooleanField(required=False)
    talk = serializers.ListField(
        child=CaseLineSerializer(),
        max_length=MOST_SAID,
        required=False,
        help_text="The customer has the last word.",
    )
    cites = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID),
        max_length=50,
        required=False,
        help_text="Articles that the answer has to name.",
    )


class CreateCaseRequest(ChangeCaseRequest):
    """A new case."""

    name = serializers.CharField(max_length=LONGEST_NAME)
    talk = serializers.ListField(child=CaseLineSerializer(), max_length=MOST_SAID)


class KeepCaseRequest(CaseExpectationsRequest):
    """A conversation to keep as a case."""

    name = serializers.CharField(
        max_length=LONGEST_NAME, required=False, help_text="Else made of what was asked."
    )
    upto_seq = serializers.IntegerField(
        min_value=1,
        max_value=MAX_SEQ,
        required=False,
        help_text="The last message to keep; else the newest. It ends with the customer's.",
    )


class BegunCaseQuery(Base):
    """Up to where."""

    upto_seq = serializers.IntegerField(min_value=1, max_value=MAX_SEQ, required=False)


class BegunCaseSerializer(Base):
    """A conversation as a case that is not stored yet."""

    name = serializers.CharField(help_text="A name that is free.")
    is_red_team = serializers.BooleanField()
    talk = CaseLineSerializer(many=True, help_text="Empty when no customer has written.")
    must_say = serializers.ListField(child=serializers.CharField())
    must_not_say = serializers.ListField(child=serializers.CharField())
    handoff = serializers.ChoiceField(Case.Handoff.choices)
    session_id = serializers.UUIDField(allow_null=True)


class CaseSerializer(BegunCaseSerializer):
    """A case."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    enabled = serializers.BooleanField(help_text="Whether replays ask it.")
    cites = ArticleRefSerializer(many=True)
    created_by = GateRefSerializer(allow_null=True)
    created_at = serializers.DateTimeField()


class CasePageSerializer(Base):
    """A page of cases, the newest first."""

    results = CaseSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Give it as `cursor` for more.")


class CaseListQuery(PageQuery):
    """Which cases."""

    enabled = serializers.BooleanField(required=False, allow_null=True, default=None)
    is_red_team = serializers.BooleanField(required=False, allow_null=True, default=None)


# --- Releases ------------------------------------------------------------------------------------


class ChangeReleaseRequest(Base):
    """What may be changed of a release that was never published."""

    name = serializers.CharField(max_length=120, required=False)
    model_id = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    system_prompt = serializers.CharField(
        max_length=MOST_PROMPT,
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="Empty: the built-in one.",
    )
    params = AnyObject(
        required=False,
        help_text="temperature, top_p, max_tokens, timeout_ms; else the model's own.",
    )
    article_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID),
        max_length=200,
        required=False,
        help_text="Their newest text is tried, and published with the release.",
    )
    notes = serializers.CharField(max_length=10_000, required=False, allow_blank=True)


class CreateReleaseRequest(ChangeReleaseRequest):
    """A new release."""

    name = serializers.CharField(max_length=120)
    model_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)


class ReleaseRowSerializer(Base):
    """A release as lists show it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(
        ["candidate", "live", "used"], help_text="`used`: it was live before."
    )
    model = GateRefSerializer()
    system_prompt = serializers.CharField()
    params = ModelParamsSerializer()
    articles = ArticleRefSerializer(many=True)
    notes = serializers.CharField()
    last_replay = ReplayRefSerializer(allow_null=True)
    created_by = GateRefSerializer(allow_null=True)
    created_at = serializers.DateTimeField()


class ReleaseSerializer(ReleaseRowSerializer):
    """A release."""

    passing_replay = ReplayRefSerializer(
        allow_null=True,
        help_text="The replay that it has passed as it is now, with today's cases; null: "
        "publishing needs a reason.",
    )


class ReleasePageSerializer(Base):
    """A page of releases, the newest first."""

    results = ReleaseRowSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Give it as `cursor` for more.")


class ChangedPartSerializer(Base):
    """A part that differs."""

    field = serializers.CharField(help_text="`model`, `system_prompt`, or `params.…`.")
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class ChangedArticleSerializer(ArticleRefSerializer):
    """An article that goes live with the release."""

    change = serializers.ChoiceField(["new", "changed", "same"])


class InUseSerializer(Base):
    """What answers customers now; without a release, the default model in its own words."""

    release = GateRefSerializer(allow_null=True)
    model = GateRefSerializer()


class ReleaseChangesSerializer(Base):
    """What a release changes of what answers customers now."""

    against = InUseSerializer(allow_null=True)
    parts = ChangedPartSerializer(many=True)
    articles = ChangedArticleSerializer(many=True)


class PublishRequest(Base):
    """Letting customers be answered by a release."""

    override_reason = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        help_text="Why it goes live without a pass; kept with your name.",
    )


class PublicationSerializer(Base):
    """One time that a release went live."""

    id = serializers.IntegerField()
    release = GateRefSerializer()
    is_current = serializers.BooleanField()
    is_rollback = serializers.BooleanField()
    replay_id = serializers.UUIDField(allow_null=True, help_text="The replay that let it pass.")
    override_reason = serializers.CharField()
    previous = GateRefSerializer(allow_null=True, help_text="Where `/gate/roll-back` goes.")
    published_by = GateRefSerializer(allow_null=True)
    published_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class PublicationPageSerializer(Base):
    """A page of publications, the newest first."""

    results = PublicationSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Give it as `cursor` for more.")


# --- Replays -------------------------------------------------------------------------------------


class ReplayListQuery(PageQuery):
    """Which replays."""

    release = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)


class ReplaySerializer(Base):
    """A replay as lists show it."""

    id = serializers.UUIDField()
    release = GateRefSerializer()
    against = GateRefSerializer(
        allow_null=True, help_text="The release in use at the start; null: the default model."
    )
    status = serializers.ChoiceField(Replay.Status.choices)
    passed = serializers.BooleanField(allow_null=True)
    asked_by = GateRefSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ReplayPageSerializer(Base):
    """A page of replays, the newest first."""

    results = ReplaySerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Give it as `cursor` for more.")


class CheckSerializer(Base):
    """One expectation, and whether it was met."""

    check = serializers.ChoiceField(
        ["answers", "cites", "says", "does_not_say", "hands_over", "keeps"]
    )
    wanted = serializers.CharField()
    ok = serializers.BooleanField()


class CitedSerializer(Base):
    """An article that an answer names."""

    article_id = serializers.IntegerField()
    title = serializers.CharField()


class CaseResultSerializer(Base):
    """What one side answered to a case."""

    passed = serializers.BooleanField(allow_null=True, help_text="Null while it is open.")
    text = serializers.CharField()
    cited = CitedSerializer(many=True)
    handed_over = serializers.BooleanField()
    error = serializers.CharField()
    checks = CheckSerializer(many=True)
    latency_ms = serializers.IntegerField(allow_null=True)
    ttft_ms = serializers.IntegerField(allow_null=True)
    total_tokens = serializers.IntegerField(allow_null=True)
    cost = serializers.FloatField(allow_null=True)


class ReplayedCaseRefSerializer(GateRefSerializer):
    """A case by its name."""

    is_red_team = serializers.BooleanField()


class ComparedCaseSerializer(Base):
    """One case, as both sides answered it."""

    case = ReplayedCaseRefSerializer()
    change = serializers.ChoiceField(
        ["broken", "failing", "fixed", "met", "open"],
        help_text="`broken` by the release; `failing` as before; `fixed` by it.",
    )
    candidate = CaseResultSerializer()
    in_use = CaseResultSerializer(allow_null=True)


class ReplayTotalsSerializer(Base):
    """What one side came to; means of times, money in the currency of its prices."""

    cases = serializers.IntegerField()
    passed = serializers.IntegerField()
    latency_ms = serializers.IntegerField(allow_null=True)
    ttft_ms = serializers.IntegerField(allow_null=True)
    total_tokens = serializers.IntegerField()
    cost = serializers.FloatField(allow_null=True)


class ReplayReportSerializer(ReplaySerializer):
    """A replay with what it has shown so far."""

    open = serializers.IntegerField(help_text="Answers to come, of both sides.")
    candidate = ReplayTotalsSerializer()
    in_use = ReplayTotalsSerializer()
    cases = ComparedCaseSerializer(many=True, help_text="What the release broke comes first.")

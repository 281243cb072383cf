"""Shapes of requests, checked here, and of answers, described for the schema."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from llm.knowledge.found import Outcome
from llm.knowledge.models import Article, Asking, Audience, Question
from sessions_app.api.serializers import MAX_ID, TeamRefSerializer

MOST_RESULTS = 20


class KnowledgePersonSerializer(serializers.Serializer[Any]):
    """A member of staff."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class ArticleSourceSerializer(serializers.Serializer[Any]):
    """Where an article's text came from."""

    kind = serializers.ChoiceField(Article.Source.choices)
    url = serializers.CharField()
    name = serializers.CharField(help_text="A file's name.")
    imported_at = serializers.DateTimeField(allow_null=True)


class ArticleRowSerializer(serializers.Serializer[Any]):
    """An article as lists show it."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    excerpt = serializers.CharField(help_text="The beginning of its text.")
    language = serializers.CharField()
    status = serializers.ChoiceField(Article.Status.choices)
    audience = serializers.ChoiceField(Audience.choices)
    team = TeamRefSerializer(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    version = serializers.IntegerField(help_text="How often it was published.")
    published_version = serializers.IntegerField(
        allow_null=True, help_text="The version that replies use."
    )
    has_changes = serializers.BooleanField(
        help_text="Something was changed since it was last published."
    )
    source = ArticleSourceSerializer()  # type: ignore[assignment]
    author = KnowledgePersonSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True)


class ArticleSerializer(ArticleRowSerializer):
    """An article with its text."""

    body = serializers.CharField(help_text="Markdown.")


class ArticlePageSerializer(serializers.Serializer[Any]):
    """A page of articles."""

    results = ArticleRowSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Give it as `cursor` for more.")


class ArticleVersionSerializer(serializers.Serializer[Any]):
    """An article as it was published."""

    number = serializers.IntegerField()
    title = serializers.CharField()
    body = serializers.CharField()
    language = serializers.CharField()
    audience = serializers.ChoiceField(Audience.choices)
    tags = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    created_by = KnowledgePersonSerializer(allow_null=True)


class ArticleVersionsSerializer(serializers.Serializer[Any]):
    """All kept versions, the newest first."""

    results = ArticleVersionSerializer(many=True)


class ArticleWriteSerializer(serializers.Serializer[Any]):
    """What may be changed of an article."""

    title = serializers.CharField(max_length=200)
    body = serializers.CharField(help_text="Markdown.")
    language = serializers.CharField(
        max_length=16, required=False, help_text="Such as en, zh-hans."
    )
    audience = serializers.ChoiceField(Audience.choices, required=False)
    team_id = serializers.IntegerField(
        min_value=1,
        max_value=MAX_ID,
        required=False,
        allow_null=True,
        help_text="Only for chats of this team; null for all.",
    )
    tags = serializers.ListField(child=serializers.CharField(max_length=40), required=False)
    source_url = serializers.CharField(
        max_length=500, required=False, allow_blank=True, help_text="Shown with citations."
    )


class ArticleCreateSerializer(ArticleWriteSerializer):
    """A new article."""

    question_id = serializers.IntegerField(
        min_value=1,
        max_value=MAX_ID,
        required=False,
        help_text="An unanswered question that it is written for: publishing it closes that.",
    )


class ArticleImportRequest(serializers.Serializer[Any]):
    """A web page's address, or a text."""

    url = serializers.CharField(max_length=500, required=False)
    text = serializers.CharField(required=False, help_text="Markdown.")
    title = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        help_text="Of a text; without it, its first heading or line.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of the two."""
        if ("url" in attrs) == ("text" in attrs):
            raise serializers.ValidationError({"url": "Give either url or text"})
        return attrs


class ArticlePublishRequest(serializers.Serializer[Any]):
    """Which version to use."""

    version = serializers.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        allow_null=True,
        help_text="A kept version to go back to; without it, the article as it is now.",
    )


class ArticleListQuery(serializers.Serializer[Any]):
    """Filters of the list."""

    status = serializers.ChoiceField(Article.Status.choices, required=False)
    audience = serializers.ChoiceField(Audience.choices, required=False)
    language = serializers.CharField(max_length=16, required=False)
    source_kind = serializers.ChoiceField(Article.Source.choices, required=False)
    team = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    q = serializers.CharField(max_length=200, required=False, help_text="In title or text.")
    cursor = serializers.CharField(max_length=400, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class KnowledgeSearchRequest(serializers.Serializer[Any]):
    """A question."""

    query = serializers.CharField(max_length=1000)
    k = serializers.IntegerField(min_value=1, max_value=MOST_RESULTS, default=5)


class PassageArticleSerializer(serializers.Serializer[Any]):
    """The article of a passage, as it was published."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    url = serializers.CharField()
    version = serializers.IntegerField()
    language = serializers.CharField()
    audience = serializers.ChoiceField(Audience.choices)


class PassageSerializer(serializers.Serializer[Any]):
    """A passage that was found."""

    rank = serializers.IntegerField(help_text="1 is the best.")
    article = PassageArticleSerializer()
    heading = serializers.CharField(help_text="The headings it stands under.")
    text = serializers.CharField(help_text="Markdown.")
    supports = serializers.BooleanField(help_text="Near enough to the question to answer it.")


class KnowledgeSearchSerializer(serializers.Serializer[Any]):
    """What a search came to."""

    outcome = serializers.ChoiceField(
        [(one.value, one.value) for one in Outcome],
        help_text="`weak`: there are passages, but none that answers the question.",
    )
    by_meaning = serializers.BooleanField(
        help_text="False when only words were compared: no vector index, or not in time."
    )
    results = PassageSerializer(many=True)


class QuestionArticleSerializer(serializers.Serializer[Any]):
    """The article that answers a question."""

    id = serializers.IntegerField()
    title = serializers.CharField()


class QuestionSerializer(serializers.Serializer[Any]):
    """A question that the knowledge did not answer."""

    id = serializers.IntegerField()
    text = serializers.CharField()
    language = serializers.CharField()
    team = TeamRefSerializer(allow_null=True)
    status = serializers.ChoiceField(Question.Status.choices)
    count = serializers.IntegerField(help_text="How often it, or one like it, was asked.")
    first_asked_at = serializers.DateTimeField()
    last_asked_at = serializers.DateTimeField()
    article = QuestionArticleSerializer(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_by = KnowledgePersonSerializer(allow_null=True)


class AskingSerializer(serializers.Serializer[Any]):
    """One time it was asked."""

    session_id = serializers.UUIDField()
    text = serializers.CharField()
    reason = serializers.ChoiceField(Asking.Reason.choices)
    asked_at = serializers.DateTimeField()


class QuestionDetailSerializer(QuestionSerializer):
    """A question with the latest times it was asked."""

    askings = AskingSerializer(many=True)


class QuestionPageSerializer(serializers.Serializer[Any]):
    """A page of questions."""

    results = QuestionSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Give it as `cursor` for more.")


class QuestionListQuery(serializers.Serializer[Any]):
    """Filters of the list."""

    status = serializers.ChoiceField(Question.Status.choices, required=False)
    cursor = serializers.CharField(max_length=400, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class QuestionAnswerRequest(serializers.Serializer[Any]):
    """The article that answers it."""

    article_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)

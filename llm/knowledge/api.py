"""The knowledge over REST, for staff."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from llm.knowledge import access, actions, payloads, queries, search
from llm.knowledge import serializers as shapes
from llm.knowledge.scope import Scope
from sessions_app.api.base import NO_BODY, KernelView, checked

_ROW = {
    "id": 7,
    "title": "When do I get my refund?",
    "excerpt": "We refund within 3 working days of your return reaching our warehouse.",
    "language": "en",
    "status": "published",
    "audience": "public",
    "team": None,
    "tags": ["refunds"],
    "version": 2,
    "published_version": 2,
    "has_changes": False,
    "source": {"kind": "written", "url": "", "name": "", "imported_at": None},
    "author": {"id": 1, "name": "Ada Brandt"},
    "created_at": "2026-11-21T09:00:00.123Z",
    "updated_at": "2026-11-22T10:30:00.000Z",
    "published_at": "2026-11-22T10:30:00.000Z",
}
_BODY = "We refund within **3 working days** of your return reaching our warehouse."
_QUESTION = {
    "id": 3,
    "text": "Do you rent tents?",
    "language": "en",
    "team": {"id": 1, "name": "Support"},
    "status": "open",
    "count": 4,
    "first_asked_at": "2026-11-20T08:00:00.000Z",
    "last_asked_at": "2026-11-22T10:30:00.000Z",
    "article": None,
    "closed_at": None,
    "closed_by": None,
}
_VERSION = {
    "number": 2,
    "title": "When do I get my refund?",
    "body": _BODY,
    "language": "en",
    "audience": "public",
    "tags": ["refunds"],
    "created_at": "2026-11-22T10:30:00.000Z",
    "created_by": {"id": 1, "name": "Ada Brandt"},
}


def _shows(name: str, value: Any, code: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=[str(code)])


ARTICLE = _shows("An article", {**_ROW, "body": _BODY})
NEW_ARTICLE = _shows("An article", {**_ROW, "body": _BODY}, 201)
WRITE = OpenApiExample(
    "An article",
    value={"title": "When do I get my refund?", "body": _BODY, "language": "en"},
    request_only=True,
)
QUESTION = _shows("A question", _QUESTION)


class ArticleListView(KernelView):
    """Lists and makes articles."""

    @extend_schema(
        operation_id="knowledge_articles_list",
        tags=["knowledge"],
        summary="List articles",
        description="For staff: an agent sees articles of own teams and those of no team.",
        parameters=[shapes.ArticleListQuery],
        responses=shapes.ArticlePageSerializer,
        examples=[_shows("A page", {"results": [_ROW], "next": None})],
    )
    def get(self, request: Request) -> Response:
        """Return a page of articles."""
        wanted = checked(shapes.ArticleListQuery, request.query_params)
        return Response(queries.article_page(self.viewer, wanted))

    @extend_schema(
        operation_id="knowledge_articles_create",
        tags=["knowledge"],
        summary="Write an article",
        description="It is a draft until an admin publishes it.",
        request=shapes.ArticleCreateSerializer,
        responses={201: shapes.ArticleSerializer},
        examples=[WRITE, NEW_ARTICLE],
    )
    def post(self, request: Request) -> Response:
        """Make a draft."""
        access.require_staff(self.viewer)
        wanted = checked(shapes.ArticleCreateSerializer, request.data)
        make = actions.write_answer if "question_id" in wanted else actions.create_article
        made = make(viewer=self.viewer, **wanted)
        shown = payloads.article(access.article_for(self.viewer, made.pk))
        return Response(shown, status.HTTP_201_CREATED)


class ArticleView(KernelView):
    """One article."""

    @extend_schema(
        operation_id="knowledge_articles_get",
        tags=["knowledge"],
        summary="Get an article",
        responses=shapes.ArticleSerializer,
        examples=[ARTICLE],
    )
    def get(self, request: Request, article_id: str) -> Response:
        """Return the article."""
        return Response(payloads.article(access.article_for(self.viewer, article_id)))

    @extend_schema(
        operation_id="knowledge_articles_edit",
        tags=["knowledge"],
        summary="Change an article",
        description="Replies go on with the published version until it is published again.",
        request=shapes.ArticleWriteSerializer,
        responses=shapes.ArticleSerializer,
        examples=[WRITE, ARTICLE],
    )
    def patch(self, request: Request, article_id: str) -> Response:
        """Change what is given."""
        access.article_for(self.viewer, article_id)
        form = shapes.ArticleWriteSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        changed = actions.edit_article(
            viewer=self.viewer, article_id=article_id, **form.validated_data
        )
        return Response(payloads.article(changed))

    @extend_schema(
        operation_id="knowledge_articles_delete",
        tags=["knowledge"],
        summary="Delete an article",
        description="With all its versions; for admins. Its passages leave the index in a moment.",
        responses={204: OpenApiResponse(description="It is gone.")},
    )
    def delete(self, request: Request, article_id: str) -> Response:
        """Delete it."""
        actions.delete_article(viewer=self.viewer, article_id=article_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ArticlePublishView(KernelView):
    """Publishing."""

    @extend_schema(
        operation_id="knowledge_articles_publish",
        tags=["knowledge"],
        summary="Publish an article",
        description="For admins. Replies use it from now on; with `version`, as it once was.",
        request=shapes.ArticlePublishRequest,
        responses=shapes.ArticleSerializer,
        examples=[
            OpenApiExample("As it is now", value={}, request_only=True),
            OpenApiExample("As it was", value={"version": 1}, request_only=True),
            ARTICLE,
        ],
    )
    def post(self, request: Request, article_id: str) -> Response:
        """Publish."""
        access.article_for(self.viewer, article_id)
        wanted = checked(shapes.ArticlePublishRequest, request.data or {})
        published = actions.publish_article(
            viewer=self.viewer, article_id=article_id, version=wanted.get("version")
        )
        return Response(payloads.article(published))


class ArticleArchiveView(KernelView):
    """Taking out of use."""

    @extend_schema(
        operation_id="knowledge_articles_archive",
        tags=["knowledge"],
        summary="Archive an article",
        description="For admins. Replies use it no more; it can be published again.",
        request=NO_BODY,
        responses=shapes.ArticleSerializer,
        examples=[ARTICLE],
    )
    def post(self, request: Request, article_id: str) -> Response:
        """Archive."""
        archived = actions.archive_article(viewer=self.viewer, article_id=article_id)
        return Response(payloads.article(archived))


class ArticleUnarchiveView(KernelView):
    """Taking back."""

    @extend_schema(
        operation_id="knowledge_articles_unarchive",
        tags=["knowledge"],
        summary="Make a draft of an archived article again",
        description="For admins. Replies use it once it is published. One that is not archived "
        "stays as it is.",
        request=NO_BODY,
        responses=shapes.ArticleSerializer,
        examples=[ARTICLE],
    )
    def post(self, request: Request, article_id: str) -> Response:
        """Take it back."""
        taken = actions.unarchive_article(viewer=self.viewer, article_id=article_id)
        return Response(payloads.article(taken))


class ArticleVersionListView(KernelView):
    """Versions."""

    @extend_schema(
        operation_id="knowledge_versions_list",
        tags=["knowledge"],
        summary="List an article's versions",
        responses=shapes.ArticleVersionsSerializer,
        examples=[_shows("Versions", {"results": [_VERSION]})],
    )
    def get(self, request: Request, article_id: str) -> Response:
        """Return all versions."""
        kept = queries.versions_of(self.viewer, article_id)
        return Response({"results": [payloads.version(one) for one in kept]})


class KnowledgeSearchView(KernelView):
    """Search."""

    @extend_schema(
        operation_id="knowledge_search",
        tags=["knowledge"],
        summary="Search the published articles",
        description="What a reply to this question would be given, for staff: by words and by "
        "meaning, fused by rank.",
        request=shapes.KnowledgeSearchRequest,
        responses=shapes.KnowledgeSearchSerializer,
        examples=[
            OpenApiExample(
                "A question", value={"query": "When do I get my money?", "k": 3}, request_only=True
            ),
            _shows(
                "One passage",
                {
                    "outcome": "supported",
                    "by_meaning": True,
                    "results": [
                        {
                            "rank": 1,
                            "article": {
                                "id": 7,
                                "title": "When do I get my refund?",
                                "url": "",
                                "version": 2,
                                "language": "en",
                                "audience": "public",
                            },
                            "heading": "",
                            "text": _BODY,
                            "supports": True,
                        }
                    ],
                },
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Return the best passages."""
        access.require_staff(self.viewer)
        wanted = checked(shapes.KnowledgeSearchRequest, request.data)
        scope = Scope.of_staff(self.viewer)
        return Response(payloads.found(search.find(wanted["query"], scope, k=wanted["k"])))


class QuestionListView(KernelView):
    """Unanswered questions."""

    @extend_schema(
        operation_id="knowledge_questions_list",
        tags=["knowledge"],
        summary="List unanswered questions",
        description="Questions that replies found nothing for; the most asked first.",
        parameters=[shapes.QuestionListQuery],
        responses=shapes.QuestionPageSerializer,
        examples=[_shows("A page", {"results": [_QUESTION], "next": None})],
    )
    def get(self, request: Request) -> Response:
        """Return a page of questions."""
        wanted = checked(shapes.QuestionListQuery, request.query_params)
        return Response(queries.question_page(self.viewer, wanted))


class QuestionView(KernelView):
    """One question."""

    @extend_schema(
        operation_id="knowledge_questions_get",
        tags=["knowledge"],
        summary="Get an unanswered question",
        description="With the latest times it was asked.",
        responses=shapes.QuestionDetailSerializer,
        examples=[
            _shows(
                "A question",
                {
                    **_QUESTION,
                    "askings": [
                        {
                            "session_id": "019a8c1e-7f00-7000-8000-000000000001",
                            "text": "Can I rent a tent?",
                            "reason": "weak",
                            "asked_at": "2026-11-22T10:30:00.000Z",
                        }
                    ],
                },
            )
        ],
    )
    def get(self, request: Request, question_id: str) -> Response:
        """Return the question."""
        return Response(queries.question_shown(self.viewer, question_id))


class QuestionAnswerView(KernelView):
    """Answering."""

    @extend_schema(
        operation_id="knowledge_questions_answer",
        tags=["knowledge"],
        summary="Close a question with the article that answers it",
        request=shapes.QuestionAnswerRequest,
        responses=shapes.QuestionSerializer,
        examples=[
            OpenApiExample("An article", value={"article_id": 7}, request_only=True),
            QUESTION,
        ],
    )
    def post(self, request: Request, question_id: str) -> Response:
        """Close it."""
        access.question_for(self.viewer, question_id)
        wanted = checked(shapes.QuestionAnswerRequest, request.data)
        closed = actions.answer_question(
            viewer=self.viewer, question_id=question_id, article_id=wanted["article_id"]
        )
        return Response(payloads.question(closed))


class QuestionDismissView(KernelView):
    """Dismissing."""

    @extend_schema(
        operation_id="knowledge_questions_dismiss",
        tags=["knowledge"],
        summary="Close a question that needs no article",
        request=NO_BODY,
        responses=shapes.QuestionSerializer,
        examples=[QUESTION],
    )
    def post(self, request: Request, question_id: str) -> Response:
        """Close it."""
        closed = actions.dismiss_question(viewer=self.viewer, question_id=question_id)
        return Response(payloads.question(closed))


class QuestionReopenView(KernelView):
    """Reopening."""

    @extend_schema(
        operation_id="knowledge_questions_reopen",
        tags=["knowledge"],
        summary="Put a question back on the list",
        request=NO_BODY,
        responses=shapes.QuestionSerializer,
        examples=[QUESTION],
    )
    def post(self, request: Request, question_id: str) -> Response:
        """Open it again."""
        opened = actions.reopen_question(viewer=self.viewer, question_id=question_id)
        return Response(payloads.question(opened))

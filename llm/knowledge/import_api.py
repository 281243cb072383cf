"""Imports into the knowledge over REST, for staff."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.schema import refusals
from chatsite.lib import errors, ratelimit
from chatsite.lib.errors import ValidationFailed
from llm.knowledge import access, actions, payloads
from llm.knowledge import serializers as shapes
from llm.knowledge.api import NEW_ARTICLE
from llm.knowledge.models import Article
from sessions_app.api.base import KernelView, checked
from sessions_app.api.uploads import UploadParser

_REFUSALS = refusals(errors.UploadTooLarge, errors.UploadTypeRejected, errors.RateLimited)


class _ImportView(KernelView):
    """What both have in common: who may, how often, and the answer."""

    def admit(self) -> None:
        """Let staff in, now and then."""
        access.require_staff(self.viewer)
        ratelimit.hit("upload_user", str(self.viewer.user_id))

    def shown(self, made: Article) -> Response:
        """Answer with the draft."""
        article = access.article_for(self.viewer, made.pk)
        return Response(payloads.article(article), status.HTTP_201_CREATED)


class ImportView(_ImportView):
    """Web pages and pasted texts."""

    @extend_schema(
        operation_id="knowledge_articles_import",
        tags=["knowledge"],
        summary="Import a web page or a text",
        description="Makes a draft. Of a page its main part is taken, as Markdown; importing the "
        "same address again brings the text of that article up to date, and what is published "
        "stays as it is. The server fetches the page itself: from public addresses only, up to "
        "8 MB.",
        request=shapes.ArticleImportRequest,
        responses={201: shapes.ArticleSerializer, **_REFUSALS},
        examples=[
            OpenApiExample(
                "A page", value={"url": "https://shop.example.com/refunds"}, request_only=True
            ),
            OpenApiExample(
                "A text",
                value={"title": "Refunds", "text": "We refund within **3 days**."},
                request_only=True,
            ),
            NEW_ARTICLE,
        ],
    )
    def post(self, request: Request) -> Response:
        """Import."""
        self.admit()
        wanted = checked(shapes.ArticleImportRequest, request.data)
        if "url" in wanted:
            return self.shown(actions.import_url(viewer=self.viewer, url=wanted["url"]))
        made = actions.import_text(viewer=self.viewer, text=wanted["text"], title=wanted["title"])
        return self.shown(made)


class ImportFileView(_ImportView):
    """Files."""

    parser_classes = [UploadParser]

    @extend_schema(
        operation_id="knowledge_articles_import_file",
        tags=["knowledge"],
        summary="Import a file",
        description="`.md .markdown .txt .html .htm .pdf .docx`, up to 20 MB and 300 pages; makes "
        "a draft of its text. A file with a password, and one that is damaged, is refused.",
        request={
            "multipart/form-data": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
        responses={201: shapes.ArticleSerializer, **_REFUSALS},
        examples=[NEW_ARTICLE],
    )
    def post(self, request: Request) -> Response:
        """Import."""
        self.admit()
        files = request.FILES.getlist("file")
        if len(files) != 1 or len(request.FILES) != 1:
            raise ValidationFailed.of("file", "send exactly one file, named `file`", "required")
        return self.shown(actions.import_file(viewer=self.viewer, file=files[0]))

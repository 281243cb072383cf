"""The page of the knowledge: a shell that signs in, and what the server lays out for it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Team
from accounts.viewer import Viewer
from llm.frame import framed
from llm.knowledge import access, queries, search
from llm.knowledge import serializers as shapes
from llm.knowledge.found import Outcome
from llm.knowledge.importing.reading import KINDS
from llm.knowledge.models import Article, Audience, Question
from llm.knowledge.page.markdown import rendered
from llm.knowledge.scope import Scope
from llm.knowledge.standing import standing
from sessions_app.api.base import KernelView, checked

Laid = tuple[str, dict[str, Any]]


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """One shell for everybody; what is in it comes from the panel below."""
    return framed(
        request,
        "llm/knowledge/page.html",
        here="knowledge",
        name=_("Knowledge"),
        lead=_("The articles that replies rest on, and the questions they do not answer."),
        texts=_texts(),
    )


def _texts() -> dict[str, str]:
    return {
        "unsaved": _("What you have changed here is not saved. Leave it?"),
        "importing": _("Importing…"),
        "took_too_long": _("That took too long. Try again in a moment."),
        "undo": _("Undo"),
    }


class PanelQuery(shapes.ArticleListQuery):
    """The parameters of the page's address."""

    view = serializers.ChoiceField(
        choices=[(name, name) for name in ("articles", "article", "questions", "import", "try")],
        default="articles",
    )
    article = serializers.CharField(max_length=20, required=False)
    question = serializers.CharField(max_length=20, required=False)
    asked = serializers.CharField(max_length=1000, required=False)
    state = serializers.ChoiceField(Question.Status.choices, default=Question.Status.OPEN)


class PanelView(KernelView):
    """The page's content as HTML: what one address of the page shows."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """Return ``{html}`` for the page's own script; nobody else's interface."""
        access.require_staff(self.viewer)
        # A form sends its empty fields too.
        wanted = checked(PanelQuery, {k: v for k, v in request.query_params.items() if v})
        lay_out = {
            "articles": _articles,
            "article": _article,
            "questions": _questions,
            "import": _import,
            "try": _try,
        }[wanted["view"]]
        template, context = lay_out(self.viewer, wanted)
        shown = {**context, "view": wanted["view"], "is_admin": self.viewer.is_admin}
        shown["open_questions"] = (
            Question.objects.visible_to(self.viewer).filter(status=Question.Status.OPEN).count()
        )
        return Response({"html": render_to_string(template, shown)})


class PreviewRequest(serializers.Serializer[Any]):
    """A text that is being written."""

    body = serializers.CharField(max_length=200_000, allow_blank=True)


class PreviewView(KernelView):
    """A text as it will be read."""

    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        """Return ``{html}`` for the page's own script."""
        access.require_staff(self.viewer)
        return Response({"html": rendered(checked(PreviewRequest, request.data)["body"])})


class StandingView(KernelView):
    """How far the index of meanings is."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """Return ``{text, is_whole, is_changing}`` for the page's own script."""
        access.require_staff(self.viewer)
        return Response(asdict(standing()))


class ChoicesQuery(serializers.Serializer[Any]):
    """The beginning of a choice."""

    q = serializers.CharField(max_length=200, default="", allow_blank=True)


class ChoicesView(KernelView):
    """Articles to choose from, by their titles."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """Return ``{results: [{id, title}]}``, at most fifty, for the page's own script."""
        words = checked(ChoicesQuery, request.query_params)["q"]
        found = queries.articles_named(self.viewer, words)
        return Response({"results": [{"id": pk, "title": title} for pk, title in found]})


def _articles(viewer: Viewer, wanted: dict[str, Any]) -> Laid:
    reads = get_language() or settings.LANGUAGE_CODE
    found = queries.article_page(viewer, wanted, reads=reads)
    names = ("q", "language", "status", "audience")
    kept = {name: wanted[name] for name in names if wanted.get(name)}
    visible = Article.objects.visible_to(viewer)
    languages = visible.order_by("language").values_list("language", flat=True).distinct()
    statuses, audiences = dict(Article.Status.choices), dict(Audience.choices)
    return "llm/knowledge/articles.html", {
        "rows": [
            {
                **row,
                "status_name": statuses[row["status"]],
                "audience_name": audiences[row["audience"]],
                "is_near": row["language"].split("-")[0].lower() == reads.split("-")[0],
            }
            for row in found["results"]
        ],
        "chosen": {name: wanted.get(name, "") for name in names},
        "filtered": bool(kept),
        "older": "?" + urlencode({**kept, "cursor": found["next"]}) if found["next"] else "",
        "statuses": Article.Status.choices,
        "audiences": Audience.choices,
        "languages": languages,
        # Of one language alone, nothing needs to be told apart.
        "grouped": len(languages) > 1 and "language" not in kept,
        "reads": reads,
        "standing": standing(),
    }


def _article(viewer: Viewer, wanted: dict[str, Any]) -> Laid:
    teams = Team.objects.order_by("name")
    if not viewer.is_admin:
        teams = teams.filter(pk__in=viewer.team_ids)
    context: dict[str, Any] = {"teams": teams, "audiences": Audience.choices}
    if wanted.get("question"):
        context["question"] = access.question_for(viewer, wanted["question"])
    if not wanted.get("article"):
        asked = context.get("question")
        language = asked.language if asked else get_language() or settings.LANGUAGE_CODE
        team_id = asked.team_id if asked else None
        title = asked.text[:200] if asked else ""
        context["article"] = Article(title=title, language=language, team_id=team_id)
        return "llm/knowledge/article.html", context
    article = access.article_for(viewer, wanted["article"])
    return "llm/knowledge/article.html", {
        **context,
        "article": article,
        "html": rendered(article.body),
        "versions": [
            {"row": kept, "html": rendered(kept.body), "used": kept.pk == article.published_id}
            for kept in queries.versions_of(viewer, article.pk)
        ],
        "waiting": article.questions.filter(status=Question.Status.OPEN),
    }


def _questions(viewer: Viewer, wanted: dict[str, Any]) -> Laid:
    state = wanted["state"]
    page, following = queries.question_rows(viewer, {**wanted, "status": state})
    kept = {"view": "questions", "state": state}
    return "llm/knowledge/questions.html", {
        "rows": [
            {"row": question, "askings": question.askings.order_by("-asked_at")[:10]}
            for question in page
        ],
        "more": "?" + urlencode({**kept, "cursor": following}) if following else "",
        "state": state,
        "states": Question.Status.choices,
    }


def _import(viewer: Viewer, wanted: dict[str, Any]) -> Laid:
    return "llm/knowledge/import.html", {
        "accept": ",".join(sorted(KINDS)),
        "megabytes": settings.UPLOAD_FILE_BYTES // 1024 // 1024,
    }


def _try(viewer: Viewer, wanted: dict[str, Any]) -> Laid:
    asked = wanted.get("asked", "")
    context: dict[str, Any] = {"asked": asked, "standing": standing()}
    if asked:
        found = search.find(asked, Scope.of_staff(viewer), k=settings.KNOWLEDGE_PASSAGES)
        context["found"] = found
        context["passages"] = [
            {"row": passage, "html": rendered(passage.text)} for passage in found.passages
        ]
        context["verdict"] = {
            Outcome.SUPPORTED: _(
                "A reply would be given the passages marked “Given to the reply”, the nearest "
                "first, and name those it used."
            ),
            Outcome.WEAK: _(
                "There is something near, but nothing that answers it: a reply would say that it "
                "does not know, and offer a person."
            ),
            Outcome.NOTHING: _(
                "Nothing was found: a reply would say that it does not know, and offer a person."
            ),
        }[found.outcome]
    return "llm/knowledge/try.html", context

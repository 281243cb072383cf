"""Statistics over REST, for staff."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.schema import refusals
from chatsite.lib.errors import ModelNotFound, PermissionDenied
from llm import access
from llm.stats import chat_rows, examples, export, payloads, rows, shapes, window
from llm.stats.chats import chats
from llm.stats.chosen import Chosen
from llm.stats.usage import usage
from sessions_app.api.base import KernelView, checked

REFUSALS: dict[Any, Any] = refusals(PermissionDenied, ModelNotFound)


def window_of(wanted: dict[str, Any]) -> window.Window:
    """Return the stretch of time that checked parameters name."""
    return window.read(
        start=wanted.get("from"),
        end=wanted.get("to"),
        interval=wanted.get("interval"),
        zone=wanted.get("tz"),
    )


class AnyAccept(BaseContentNegotiation):
    """Whatever a client accepts gets an answer: a spreadsheet that asks for a table gets one."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return the parser for JSON."""
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer of JSON; what is no JSON does not pass through it."""
        return renderers[0], renderers[0].media_type


class StatsView(KernelView):
    """A view of figures, which only staff see."""

    content_negotiation_class = AnyAccept

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let staff in."""
        super().initial(request, *args, **kwargs)
        access.staff_only(self.viewer)

    def chosen(self, wanted: dict[str, Any]) -> Chosen:
        """Return which answers are meant; a model that does not exist is an error."""
        if (model_id := wanted.get("model")) is not None:
            access.model_for(self.viewer, model_id)
        return Chosen(model_id, wanted.get("deleted_model", ""), wanted.get("purpose", ""))


class UsageView(StatsView):
    """What models did."""

    @extend_schema(
        operation_id="stats_usage",
        tags=["statistics"],
        summary="Figures by model",
        description="Counted from the rows of answers, by when they were asked for. Rates, means "
        "and percentiles are of rows, never of other means; `/stats/answers` lists the rows. "
        "As CSV, a line for each model (and interval).",
        parameters=[shapes.UsageQuery],
        responses={
            (200, "application/json"): shapes.UsageStatsSerializer,
            (200, "text/csv"): OpenApiResponse(str),
            **REFUSALS,
        },
        examples=[examples.USAGE],
    )
    def get(self, request: Request) -> Response | HttpResponse:
        """Return the figures."""
        wanted = checked(shapes.UsageQuery, request.query_params)
        found = usage(window_of(wanted), self.chosen(wanted))
        if wanted.get("format", _accepted(request)) == "json":
            return Response(payloads.usage(found))
        # With a mark, without which spreadsheets do not read UTF-8.
        return HttpResponse(
            export.as_csv(found).encode("utf-8-sig"),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="usage.csv"'},
        )


class AnswerRowsView(StatsView):
    """The rows behind every figure."""

    @extend_schema(
        operation_id="stats_answers",
        tags=["statistics"],
        summary="List the answers behind a figure",
        description="The newest first, without texts. `session_id` stands only where the caller "
        "may see the chat.",
        parameters=[shapes.AnswerRowsQuery],
        responses={200: shapes.AnswerRowPageSerializer, **REFUSALS},
        examples=[examples.ROWS],
    )
    def get(self, request: Request) -> Response:
        """Return a page of answers."""
        wanted = checked(shapes.AnswerRowsQuery, request.query_params)
        page = rows.page(
            self.viewer,
            window_of(wanted),
            self.chosen(wanted),
            wanted=wanted.get("outcome", ""),
            cursor=wanted.get("cursor", ""),
            limit=wanted["limit"],
        )
        return Response(
            {
                "results": [rows.as_json(row) for row in page.rows],
                "next": page.next,
                "hidden": page.hidden,
            }
        )


class ConversationStatsView(StatsView):
    """What became of chats."""

    @extend_schema(
        operation_id="stats_conversations",
        tags=["statistics"],
        summary="Figures of support chats",
        description="Of an agent's teams, or all for an admin.",
        parameters=[shapes.ConversationStatsQuery],
        responses={200: shapes.ConversationStatsSerializer, **refusals(PermissionDenied)},
        examples=[examples.CONVERSATIONS],
    )
    def get(self, request: Request) -> Response:
        """Return the figures."""
        wanted = checked(shapes.ConversationStatsQuery, request.query_params)
        seen = window_of(wanted)
        return Response(payloads.chats(chats(self.viewer, seen), seen))


class ChatRowsView(StatsView):
    """The chats behind every figure of chats."""

    @extend_schema(
        operation_id="stats_chats",
        tags=["statistics"],
        summary="List the chats behind a figure",
        description="The newest first; of an agent's teams, or all for an admin.",
        parameters=[shapes.ChatRowsQuery],
        responses={200: shapes.ChatRowPageSerializer, **refusals(PermissionDenied)},
        examples=[examples.CHATS],
    )
    def get(self, request: Request) -> Response:
        """Return a page of chats."""
        wanted = checked(shapes.ChatRowsQuery, request.query_params)
        page = chat_rows.page(
            self.viewer,
            window_of(wanted),
            wanted["outcome"],
            cursor=wanted.get("cursor", ""),
            limit=wanted["limit"],
        )
        results = [chat_rows.as_json(row) for row in page.rows]
        return Response({"results": results, "next": page.next})


def _accepted(request: Request) -> str:
    """Return the format that a client's ``Accept`` names first; JSON if it names neither."""
    for part in request.headers.get("Accept", "").split(","):
        match part.split(";")[0].strip():
            case "text/csv":
                return "csv"
            case "application/json":
                return "json"
    return "json"

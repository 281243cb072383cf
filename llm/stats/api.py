"""Statistics over REST, for staff."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.schema import refusals
from chatsite.lib.errors import ModelNotFound, PermissionDenied
from llm import access
from llm.stats import examples, export, payloads, rows, shapes, window
from llm.stats.chats import chats
from llm.stats.usage import usage
from sessions_app.api.sessions import KernelView, checked

REFUSALS: dict[Any, Any] = refusals(PermissionDenied, ModelNotFound)


def window_of(wanted: dict[str, Any]) -> window.Window:
    """Return the stretch of time that checked parameters name."""
    return window.read(
        start=wanted.get("from"),
        end=wanted.get("to"),
        interval=wanted.get("interval"),
        zone=wanted.get("tz"),
    )


class StatsView(KernelView):
    """A view of figures, which only staff see."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let staff in."""
        super().initial(request, *args, **kwargs)
        access.staff_only(self.viewer)

    def chosen(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Return which answers are meant; a model that does not exist is an error."""
        if (model_id := wanted.get("model")) is not None:
            access.model_for(self.viewer, model_id)
        return {"model_id": model_id, "purpose": wanted.get("purpose", "")}


class UsageView(StatsView):
    """What models did."""

    @extend_schema(
        operation_id="stats_usage",
        tags=["statistics"],
        summary="Figures by model",
        description="Counted from the rows of answers, by when they were asked for. Rates, means "
        "and percentiles are of rows, never of other means; `/stats/answers` lists the rows. "
        "With `format=csv`, a line for each model (and interval).",
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
        found = usage(window_of(wanted), **self.chosen(wanted))
        if wanted["format"] == "json":
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
            **self.chosen(wanted),
            wanted=wanted.get("outcome", ""),
            deleted_model=wanted.get("deleted_model", ""),
            cursor=wanted.get("cursor", ""),
            limit=wanted["limit"],
        )
        return Response({"results": [rows.as_json(row) for row in page.rows], "next": page.next})


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

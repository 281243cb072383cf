"""The page of statistics: a shell that signs in, and what the server lays out for it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from chatsite.lib import clock
from chatsite.lib.page_texts import shared_texts
from llm.models import Answer, ModelConfig
from llm.stats import board, cells, drawing, rows, shapes
from llm.stats.api import StatsView, window_of
from llm.stats.chats import chats
from llm.stats.links import Links
from llm.stats.usage import usage
from llm.stats.window import DEFAULT_DAYS, Interval, Window
from sessions_app.api.sessions import checked

PRESETS = (1, 7, 30, 90)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """One shell for everybody; what is in it comes from the panel below."""
    config = {"language_cookie": settings.LANGUAGE_COOKIE_NAME}
    response = render(request, "llm/stats/page.html", {"texts": shared_texts(), "config": config})
    patch_cache_control(response, no_cache=True)
    return response


class PanelQuery(shapes.AnswerRowsQuery):
    """The parameters of the page's address."""

    interval = shapes.interval_field()
    days = serializers.ChoiceField(choices=[(n, str(n)) for n in PRESETS], required=False)
    sort = serializers.CharField(required=False, max_length=20, default="")
    rows = serializers.ChoiceField(choices=["all", *rows.WANTED], required=False)


class PanelView(StatsView):
    """The page's content as HTML: what one address of the page shows."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """Return ``{html}`` for the page's own script; nobody else's interface."""
        # A form sends its empty fields too.
        given = {name: value for name, value in request.query_params.items() if value}
        wanted = checked(PanelQuery, given)
        seen = window_of(_timed(wanted))
        lay_out = self._rows if "rows" in wanted else self._figures
        template, context = lay_out(wanted, seen)
        return Response({"html": render_to_string(template, context)})

    def _figures(self, wanted: dict[str, Any], seen: Window) -> tuple[str, dict[str, Any]]:
        links = Links(_kept(wanted))
        found = usage(seen, **self.chosen(wanted))
        heads, lines, whole = board.table(found, links, wanted["sort"])
        talk = chats(self.viewer, seen)
        return "llm/stats/figures.html", {
            **_choices(wanted, seen, links),
            "empty": not found.models,
            "tiles": board.tiles(found, links),
            "charts": drawing.all_charts(found, links) if found.models else [],
            "part_names": board.part_names(),
            "parts": board.parts(found, links),
            "left_out": max(0, len(found.models) - board.MOST_DRAWN),
            "heads": heads,
            "lines": lines,
            "whole": whole,
            "csv": _csv(wanted, seen),
            "chat_tiles": board.chat_tiles(talk.everything),
            "chat_lines": [
                (cells.interval_name(seen, seen.starts[number]), board.chat_tiles(part))
                for number, part in sorted(talk.intervals.items())
            ],
        }

    def _rows(self, wanted: dict[str, Any], seen: Window) -> tuple[str, dict[str, Any]]:
        links = Links(_kept(wanted))
        outcome = "" if wanted["rows"] == "all" else wanted["rows"]
        found = rows.page(
            self.viewer,
            seen,
            **self.chosen(wanted),
            wanted=outcome,
            deleted_model=wanted.get("deleted_model", ""),
            cursor=wanted.get("cursor", ""),
            limit=wanted["limit"],
        )
        model = ModelConfig.objects.filter(pk=wanted.get("model", 0)).first()
        return "llm/stats/rows.html", {
            "back": links.to(rows=None, cursor=None, deleted_model=None),
            "name": model.name if model else wanted.get("deleted_model", _("All models")),
            "what": cells.outcome_name(wanted["rows"]),
            "start": seen.start.astimezone(seen.zone),
            "end": seen.end.astimezone(seen.zone),
            "rows": [_row(row, seen) for row in found.rows],
            "next": links.to(rows=wanted["rows"], cursor=found.next) if found.next else "",
        }


def _timed(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with dates and an interval that suits their length."""
    days = int(wanted.get("days") or (0 if wanted.get("from") else DEFAULT_DAYS))
    if days and not wanted.get("from"):
        zone = window_of({"tz": wanted["tz"]}).zone
        first = clock.now().astimezone(zone).date() - dt.timedelta(days=days - 1)
        wanted = {**wanted, "from": str(first)}
    if not wanted.get("interval"):
        seen = window_of(wanted)
        length = seen.end - seen.start
        fitting = Interval.HOUR if length <= dt.timedelta(days=2) else Interval.DAY
        wanted["interval"] = Interval.WEEK if length > dt.timedelta(days=92) else fitting
    return wanted


def _kept(wanted: dict[str, Any]) -> dict[str, Any]:
    names = ("from", "to", "days", "interval", "model", "purpose", "sort", "deleted_model")
    return {name: wanted.get(name) for name in names}


def _choices(wanted: dict[str, Any], seen: Window, links: Links) -> dict[str, Any]:
    last = (seen.end - dt.timedelta(microseconds=1)).astimezone(seen.zone)
    days = int(wanted.get("days") or 0) or (0 if wanted.get("from") else DEFAULT_DAYS)
    timeless = {"from": None, "to": None, "interval": None}
    return {
        "presets": [(n, links.to(days=n, **timeless), n == days) for n in PRESETS],
        "from": str(seen.start.astimezone(seen.zone).date()),
        "to": str(last.date()),
        "zone": seen.zone.key,
        "interval": seen.interval,
        "chosen_interval": wanted.get("interval", ""),
        "model": wanted.get("model"),
        "purpose": wanted.get("purpose", ""),
        "sort": wanted["sort"],
        "models": list(ModelConfig.objects.values_list("pk", "name")),
        "purposes": Answer.Purpose.choices,
    }


def _csv(wanted: dict[str, Any], seen: Window) -> str:
    query = {
        "from": seen.start.isoformat(),
        "to": seen.end.isoformat(),
        "tz": seen.zone.key,
        "interval": seen.interval,
        "model": wanted.get("model"),
        "purpose": wanted.get("purpose"),
        "format": "csv",
    }
    return "/api/v1/stats/usage" + Links({}).to(**query)


def _row(row: rows.Row, seen: Window) -> dict[str, Any]:
    answer = row.answer
    currency = answer.prices.get("currency") or ""
    return {
        "at": answer.created_at.astimezone(seen.zone),
        "model": answer.model.name if answer.model else answer.model_label,
        "purpose": answer.get_purpose_display(),
        "key": row.outcome,
        "outcome": cells.outcome_name(row.outcome),
        "reason": row.reason or answer.error_code,
        "tokens": answer.total_tokens,
        "estimated": answer.usage_source == Answer.UsageSource.ESTIMATED,
        "cost": "" if answer.cost is None else cells.money(answer.cost, currency or "XXX"),
        "ttft": "" if answer.ttft_ms is None else cells.seconds(answer.ttft_ms),
        "latency": "" if answer.latency_ms is None else cells.seconds(answer.latency_ms),
        "picked": row.picked,
        "chat": f"/console/#/open/{row.session_id}" if row.is_support else "",
    }

"""The page of statistics: a shell that signs in, and what the server lays out for it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from chatsite.lib import clock
from llm.frame import framed
from llm.models import Answer, ModelConfig
from llm.stats import board, cells, chat_rows, drawing, rows, shapes
from llm.stats.api import StatsView, window_of
from llm.stats.chats import chats
from llm.stats.chosen import PEOPLE, Chosen
from llm.stats.counting import NO_CURRENCY
from llm.stats.links import Links
from llm.stats.usage import usage
from llm.stats.window import DEFAULT_DAYS, Interval, Window
from sessions_app.api.base import checked

PRESETS = (1, 7, 30, 90)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """One shell for everybody; what is in it comes from the panel below."""
    return framed(
        request,
        "llm/stats/page.html",
        here="stats",
        name=_("Statistics"),
        lead=_("What the assistant's models did, and what it cost."),
    )


class PanelQuery(shapes.AnswerRowsQuery):
    """The parameters of the page's address."""

    interval = shapes.interval_field()
    days = serializers.ChoiceField(choices=[(n, str(n)) for n in PRESETS], required=False)
    sort = serializers.CharField(required=False, max_length=20, default="")
    rows = serializers.ChoiceField(choices=["all", *rows.WANTED], required=False)
    chats = serializers.ChoiceField(choices=chat_rows.WANTED, required=False)
    part = serializers.ChoiceField(choices=["charts", "chats"], required=False)


class PanelView(StatsView):
    """The page's content as HTML: what one address of the page shows."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """Return ``{html}`` for the page's own script; nobody else's interface."""
        # A form sends its empty fields too.
        given = {name: value for name, value in request.query_params.items() if value}
        wanted = checked(PanelQuery, given)
        seen = window_of(_timed(wanted))
        lay_out = self._figures
        if "rows" in wanted:
            lay_out = self._rows
        elif "chats" in wanted:
            lay_out = self._chats
        elif "part" in wanted:
            lay_out = self._charts if wanted["part"] == "charts" else self._chat_figures
        template, context = lay_out(wanted, seen)
        return Response({"html": render_to_string(template, context)})

    def chosen(self, wanted: dict[str, Any]) -> Chosen:
        """Return which answers are meant: here, unless told otherwise, those of people."""
        return super().chosen({**wanted, "purpose": wanted.get("purpose", PEOPLE)})

    def _figures(self, wanted: dict[str, Any], seen: Window) -> tuple[str, dict[str, Any]]:
        links = Links(_kept(wanted))
        chosen = self.chosen(wanted)
        found = usage(seen, chosen)
        heads, lines, whole = board.table(found, links, wanted["sort"])
        draft_heads, draft_lines, draft_whole = board.draft_table(found, links)
        return "llm/stats/figures.html", {
            **_choices(wanted, seen, links),
            "kinds": board.kinds(found, links, chosen.purpose),
            "empty": not found.models,
            "tiles": board.tiles(found, links),
            "heads": heads,
            "lines": lines,
            "whole": whole,
            "draft_heads": draft_heads,
            "draft_lines": draft_lines,
            "draft_whole": draft_whole,
            "csv": _csv(wanted, seen, chosen),
            # What takes longer comes after: nobody waits with it for the figures.
            "charts": links.to(part="charts"),
            "chats": links.to(part="chats"),
        }

    def _charts(self, wanted: dict[str, Any], seen: Window) -> tuple[str, dict[str, Any]]:
        links = Links(_kept(wanted))
        found = usage(seen, self.chosen(wanted))
        return "llm/stats/charts.html", {
            "legend": enumerate(one.asked.name for one in found.models[: board.MOST_DRAWN]),
            "charts": drawing.all_charts(found, links) if found.models else [],
            "part_names": board.part_names(),
            "parts": board.parts(found, links),
            "left_out": max(0, len(found.models) - board.MOST_DRAWN),
        }

    def _chat_figures(self, wanted: dict[str, Any], seen: Window) -> tuple[str, dict[str, Any]]:
        links = Links(_kept(wanted))
        talk = chats(self.viewer, seen)
        return "llm/stats/chat_figures.html", {
            "chat_tiles": board.chat_tiles(talk.everything, links.chats),
            "chat_lines": [
                (
                    cells.interval_name(seen, seen.starts[number]),
                    board.chat_tiles(
                        part, links.chats_in(seen.starts[number], seen.end_of(number))
                    ),
                )
                for number, part in sorted(talk.intervals.items())
            ],
        }

    def _chats(self, wanted: dict[str, Any], seen: Window) -> tuple[str, dict[str, Any]]:
        links = Links(_kept(wanted))
        found = chat_rows.page(
            self.viewer,
            seen,
            wanted["chats"],
            cursor=wanted.get("cursor", ""),
            limit=wanted["limit"],
        )
        return "llm/stats/chats.html", {
            "back": links.to(chats=None, cursor=None),
            "what": cells.chats_name(wanted["chats"]),
            "start": seen.start.astimezone(seen.zone),
            "end": seen.end.astimezone(seen.zone),
            "rows": [_chat(row, seen) for row in found.rows],
            "next": links.to(chats=wanted["chats"], cursor=found.next) if found.next else "",
        }

    def _rows(self, wanted: dict[str, Any], seen: Window) -> tuple[str, dict[str, Any]]:
        links = Links(_kept(wanted))
        outcome = "" if wanted["rows"] == "all" else wanted["rows"]
        found = rows.page(
            self.viewer,
            seen,
            self.chosen(wanted),
            wanted=outcome,
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
            "hidden": found.hidden,
            "of_drafts": wanted["rows"] in rows.OF_DRAFTS,
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
    }


def _csv(wanted: dict[str, Any], seen: Window, chosen: Chosen) -> str:
    query = {
        "from": seen.start.isoformat(),
        "to": seen.end.isoformat(),
        "tz": seen.zone.key,
        "interval": seen.interval,
        "model": wanted.get("model"),
        "purpose": chosen.purpose,
        "format": "csv",
    }
    return "/api/v1/stats/usage" + Links({}).to(**query)


def _row(row: rows.Row, seen: Window) -> dict[str, Any]:
    answer, sent = row.answer, row.sent
    currency = answer.prices.get("currency") or NO_CURRENCY
    cost = None if row.is_hidden else answer.cost
    return {
        "at": answer.created_at.astimezone(seen.zone),
        "model": row.model,
        "support": answer.get_support_display() if answer.support else "",
        "purpose": answer.get_purpose_display(),
        "key": row.outcome,
        "outcome": cells.outcome_name(row.outcome),
        "reason": row.reason or answer.error_code,
        "tokens": answer.total_tokens,
        "estimated": answer.usage_source == Answer.UsageSource.ESTIMATED,
        "cost": "" if cost is None else cells.money(cost, currency),
        "ttft": "" if answer.ttft_ms is None else cells.seconds(answer.ttft_ms),
        "latency": "" if answer.latency_ms is None else cells.seconds(answer.latency_ms),
        "picked": row.picked,
        "sent": sent,
        "after": cells.minutes(sent.after_s) if sent else "",
        "chat": f"/console/#/open/{row.session_id}" if row.is_support else "",
    }


def _chat(row: chat_rows.ChatRow, seen: Window) -> dict[str, Any]:
    session = row.session
    return {
        "at": row.at.astimezone(seen.zone),
        "opened": session.created_at.astimezone(seen.zone),
        "closed": session.closed_at and session.closed_at.astimezone(seen.zone),
        "status": session.get_status_display(),
        "rating": session.rating_score,
        "href": f"/console/#/open/{session.pk}",
    }

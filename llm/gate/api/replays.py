"""Replays over REST, for admins."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.schema import example, refusals
from chatsite.lib import errors
from llm.gate import access, actions, pages, payloads
from llm.gate.api import examples, shapes
from llm.gate.api.cases import ADMINS, ONE
from llm.gate.queries import report
from sessions_app.api.base import NO_BODY, KernelView, checked

RUNNING = {**examples.REPLAY, "status": "running", "passed": None, "finished_at": None}


class AskForReplayView(KernelView):
    """Trying a release."""

    @extend_schema(
        operation_id="gate_releases_replay",
        tags=["releases"],
        summary="Try a release on all cases",
        description="For admins. It and what is in use are asked every enabled case, by the same "
        "workers and limits as replies. Follow it with `/gate/replays/{id}`.",
        request=NO_BODY,
        responses={
            202: shapes.ReplaySerializer,
            **refusals(errors.PermissionDenied, errors.NotFound, errors.Conflict),
        },
        examples=[example(RUNNING)],
    )
    def post(self, request: Request, release_id: str) -> Response:
        """Ask for it."""
        release = access.release_for(self.viewer, release_id)
        made = actions.ask_for_replay(viewer=self.viewer, release=release)
        shown = payloads.replay(pages.replays().get(pk=made.pk))
        return Response(shown, status.HTTP_202_ACCEPTED)


class ReplayListView(KernelView):
    """Lists replays."""

    @extend_schema(
        operation_id="gate_replays_list",
        tags=["releases"],
        summary="List replays",
        description="For admins.",
        parameters=[shapes.ReplayListQuery],
        responses={200: shapes.ReplayPageSerializer, **ADMINS},
        examples=[examples.page(examples.REPLAY)],
    )
    def get(self, request: Request) -> Response:
        """Return a page of replays."""
        access.require_admin(self.viewer)
        wanted = checked(shapes.ReplayListQuery, request.query_params)
        found, following = pages.replay_page(
            pages.filtered(pages.replays(), wanted, "release"),
            limit=wanted["limit"],
            cursor=wanted.get("cursor", ""),
        )
        return Response({"results": [payloads.replay(one) for one in found], "next": following})


class ReplayView(KernelView):
    """One replay."""

    @extend_schema(
        operation_id="gate_replays_get",
        tags=["releases"],
        summary="Get a replay with what it has shown",
        description="For admins: what the release broke, fixed and still fails, the answers of "
        "both sides, times, tokens and cost. Complete once `open` is 0.",
        responses={200: shapes.ReplayReportSerializer, **ONE},
        examples=[example(examples.REPORT)],
    )
    def get(self, request: Request, replay_id: str) -> Response:
        """Return the report."""
        return Response(payloads.replay_shown(report(access.replay_for(self.viewer, replay_id))))


class StopReplayView(KernelView):
    """Stopping."""

    @extend_schema(
        operation_id="gate_replays_stop",
        tags=["releases"],
        summary="Stop a replay",
        description="For admins. One that has ended stays as it is.",
        request=NO_BODY,
        responses={200: shapes.ReplaySerializer, **ONE},
        examples=[example({**RUNNING, "status": "stopped"})],
    )
    def post(self, request: Request, replay_id: str) -> Response:
        """Stop it."""
        replay = access.replay_for(self.viewer, replay_id)
        actions.stop_replay(viewer=self.viewer, replay=replay)
        return Response(payloads.replay(pages.replays().get(pk=replay.pk)))

"""Cases over REST: admins write them, agents keep conversations as such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.schema import example, refusals
from chatsite.lib import errors
from chatsite.lib.errors import ValidationFailed
from llm.gate import access, actions, pages, payloads
from llm.gate.api import examples, shapes
from llm.gate.models import Case
from llm.knowledge.models import Article
from sessions_app.api.base import KernelView, checked

ADMINS = refusals(errors.PermissionDenied)
ONE = refusals(errors.PermissionDenied, errors.NotFound)
KEPT = refusals(errors.SessionNotFound, errors.PermissionDenied)


class CaseListView(KernelView):
    """Lists and adds cases."""

    @extend_schema(
        operation_id="gate_cases_list",
        tags=["releases"],
        summary="List cases",
        description="For admins: the talks that releases are tried on.",
        parameters=[shapes.CaseListQuery],
        responses={200: shapes.CasePageSerializer, **ADMINS},
        examples=[examples.page(examples.CASE)],
    )
    def get(self, request: Request) -> Response:
        """Return a page of cases."""
        access.require_admin(self.viewer)
        wanted = checked(shapes.CaseListQuery, request.query_params)
        rows = pages.filtered(pages.cases(), wanted, "enabled", "is_red_team")
        found, following = pages.page(rows, limit=wanted["limit"], cursor=wanted.get("cursor", ""))
        return Response({"results": [payloads.case(one) for one in found], "next": following})

    @extend_schema(
        operation_id="gate_cases_create",
        tags=["releases"],
        summary="Add a case",
        description="For admins. With it, passes of releases count no more: they have to be tried "
        "on it.",
        request=shapes.CreateCaseRequest,
        responses={
            201: shapes.CaseSerializer,
            **refusals(errors.PermissionDenied, errors.Conflict),
        },
        examples=[example(examples.WRITE_CASE, request=True), example(examples.CASE)],
    )
    def post(self, request: Request) -> Response:
        """Add it."""
        access.require_admin(self.viewer)
        wanted = checked(shapes.CreateCaseRequest, request.data)
        cites = _articles(wanted.pop("cites", []))
        made = actions.save_case(viewer=self.viewer, case=Case(**wanted), cites=cites)
        return Response(_shown(made), status.HTTP_201_CREATED)


class CaseView(KernelView):
    """One case."""

    @extend_schema(
        operation_id="gate_cases_get",
        tags=["releases"],
        summary="Get a case",
        responses={200: shapes.CaseSerializer, **ONE},
        examples=[example(examples.CASE)],
    )
    def get(self, request: Request, case_id: str) -> Response:
        """Return it."""
        return Response(_shown(access.case_for(self.viewer, case_id)))

    @extend_schema(
        operation_id="gate_cases_update",
        tags=["releases"],
        summary="Change a case",
        description="For admins. Releases have to be tried on it anew. Only what is given changes, "
        "whatever another admin changes at the same time.",
        request=shapes.ChangeCaseRequest,
        responses={
            200: shapes.CaseSerializer,
            **refusals(errors.PermissionDenied, errors.NotFound, errors.Conflict),
        },
        examples=[
            example({"enabled": True, "must_say": ["60 days"]}, request=True),
            example(examples.CASE),
        ],
    )
    def patch(self, request: Request, case_id: str) -> Response:
        """Change what is given."""
        access.case_for(self.viewer, case_id)
        wanted = checked(shapes.ChangeCaseRequest, request.data)
        if "cites" in wanted:
            wanted["cites"] = _articles(wanted["cites"])
        return Response(_shown(actions.change_case(viewer=self.viewer, case_id=case_id, **wanted)))

    @extend_schema(
        operation_id="gate_cases_delete",
        tags=["releases"],
        summary="Delete a case",
        description="For admins, with what it showed in replays; switching it off keeps that.",
        responses={
            204: OpenApiResponse(description="It is gone."),
            **refusals(errors.PermissionDenied, errors.NotFound, errors.Conflict),
        },
    )
    def delete(self, request: Request, case_id: str) -> Response:
        """Delete it."""
        actions.delete_case(viewer=self.viewer, case=access.case_for(self.viewer, case_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class KeptCaseView(KernelView):
    """A chat as a case."""

    @extend_schema(
        operation_id="sessions_case_begin",
        tags=["releases"],
        summary="See a chat as a case",
        description="For staff who see the chat. Nothing is stored.",
        parameters=[shapes.BegunCaseQuery],
        responses={200: shapes.BegunCaseSerializer, **KEPT},
        examples=[example({**examples.BEGUN, "must_say": [], "must_not_say": []})],
    )
    def get(self, request: Request, session_id: str) -> Response:
        """Return it."""
        wanted = self.checked_in(session_id, shapes.BegunCaseQuery, request.query_params)
        begun = actions.case_of(self.viewer, session_id, **wanted)
        return Response(payloads.case_begun(begun))

    @extend_schema(
        operation_id="sessions_case_keep",
        tags=["releases"],
        summary="Keep a chat as a case",
        description="For staff who see the chat. An agent's is switched off until an admin "
        "switches it on.",
        request=shapes.KeepCaseRequest,
        responses={
            201: shapes.CaseSerializer,
            **refusals(errors.SessionNotFound, errors.PermissionDenied, errors.Conflict),
        },
        examples=[example(examples.KEEP_CASE, request=True), example(examples.CASE)],
    )
    def post(self, request: Request, session_id: str) -> Response:
        """Keep it."""
        wanted = self.checked_in(session_id, shapes.KeepCaseRequest, request.data)
        made = actions.keep_case(viewer=self.viewer, session_id=session_id, **wanted)
        return Response(_shown(made), status.HTTP_201_CREATED)


def _articles(ids: Sequence[int]) -> list[Article]:
    return articles("cites", ids)


def articles(field: str, ids: Sequence[int]) -> list[Article]:
    """Return articles by id; raise ValidationFailed when one does not exist."""
    found = list(Article.objects.filter(pk__in=ids))
    if len(found) < len(set(ids)):
        raise ValidationFailed.of(field, "no such article", "does_not_exist")
    return found


def _shown(case: Case) -> dict[str, Any]:
    return payloads.case(pages.cases().get(pk=case.pk))

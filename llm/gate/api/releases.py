"""Releases over REST, for admins: made, compared, tried, published, taken back."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from accounts.schema import example, refusals
from accounts.viewer import Viewer
from chatsite.lib import errors
from llm.access import model_for
from llm.gate import access, actions, pages, payloads
from llm.gate.api import examples, shapes
from llm.gate.api.cases import ADMINS, ONE, articles
from llm.gate.changes import changes_of
from llm.gate.models import Publication, Release
from sessions_app.api.base import NO_BODY, KernelView, checked
from sessions_app.api.serializers import PageQuery

CHANGED = refusals(errors.PermissionDenied, errors.NotFound, errors.Conflict)


class ReleaseListView(KernelView):
    """Lists and adds releases."""

    @extend_schema(
        operation_id="gate_releases_list",
        tags=["releases"],
        summary="List releases",
        description="For admins: a model with its prompt and parameters, and the articles that go "
        "live with them.",
        parameters=[PageQuery],
        responses={200: shapes.ReleasePageSerializer, **ADMINS},
        examples=[examples.page(examples.RELEASE)],
    )
    def get(self, request: Request) -> Response:
        """Return a page of releases."""
        access.require_admin(self.viewer)
        wanted = checked(PageQuery, request.query_params)
        found, following = pages.page(pages.releases(), **wanted)
        return Response({"results": [payloads.release(one) for one in found], "next": following})

    @extend_schema(
        operation_id="gate_releases_create",
        tags=["releases"],
        summary="Add a release",
        description="For admins. Customers notice nothing before it is published.",
        request=shapes.CreateReleaseRequest,
        responses={
            201: shapes.ReleaseSerializer,
            **refusals(errors.PermissionDenied, errors.ModelNotFound),
        },
        examples=[
            example(examples.WRITE_RELEASE, request=True),
            example({**examples.RELEASE, "last_replay": None, "passing_replay": None}),
        ],
    )
    def post(self, request: Request) -> Response:
        """Add it."""
        access.require_admin(self.viewer)
        wanted = _wanted(self.viewer, shapes.CreateReleaseRequest, request.data)
        chosen = wanted.pop("articles", None)
        made = actions.save_release(viewer=self.viewer, release=Release(**wanted), articles=chosen)
        return Response(_shown(made), status.HTTP_201_CREATED)


class ReleaseView(KernelView):
    """One release."""

    @extend_schema(
        operation_id="gate_releases_get",
        tags=["releases"],
        summary="Get a release",
        responses={200: shapes.ReleaseSerializer, **ONE},
        examples=[example({**examples.RELEASE, "passing_replay": examples.REPLAY_REF})],
    )
    def get(self, request: Request, release_id: str) -> Response:
        """Return it."""
        return Response(_shown(access.release_for(self.viewer, release_id)))

    @extend_schema(
        operation_id="gate_releases_update",
        tags=["releases"],
        summary="Change a release",
        description="For admins; one that was ever published stays as it is. A pass counts for "
        "what was tried only.",
        request=shapes.ChangeReleaseRequest,
        responses={200: shapes.ReleaseSerializer, **CHANGED},
        examples=[
            example({"system_prompt": "Answer in one sentence."}, request=True),
            example({**examples.RELEASE, "passing_replay": None}),
        ],
    )
    def patch(self, request: Request, release_id: str) -> Response:
        """Change what is given."""
        access.release_for(self.viewer, release_id)
        wanted = _wanted(self.viewer, shapes.ChangeReleaseRequest, request.data)
        changed = actions.change_release(viewer=self.viewer, release_id=release_id, **wanted)
        return Response(_shown(changed))

    @extend_schema(
        operation_id="gate_releases_delete",
        tags=["releases"],
        summary="Delete a release",
        description="For admins, with its replays. What was ever published is kept.",
        responses={204: OpenApiResponse(description="It is gone."), **CHANGED},
    )
    def delete(self, request: Request, release_id: str) -> Response:
        """Delete it."""
        release = access.release_for(self.viewer, release_id)
        actions.delete_release(viewer=self.viewer, release=release)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CopyReleaseView(KernelView):
    """Copies."""

    @extend_schema(
        operation_id="gate_releases_copy",
        tags=["releases"],
        summary="Copy a release",
        description="For admins: a candidate that begins as the other is.",
        request=NO_BODY,
        responses={201: shapes.ReleaseSerializer, **ONE},
        examples=[example({**examples.RELEASE, "last_replay": None, "passing_replay": None})],
    )
    def post(self, request: Request, release_id: str) -> Response:
        """Copy it."""
        release = access.release_for(self.viewer, release_id)
        made = actions.copy_release(viewer=self.viewer, release=release)
        return Response(_shown(made), status.HTTP_201_CREATED)


class ReleaseChangesView(KernelView):
    """Comparisons."""

    @extend_schema(
        operation_id="gate_releases_changes",
        tags=["releases"],
        summary="See what a release changes",
        description="For admins: against what answers customers now. What that does to answers, a "
        "replay tells.",
        responses={200: shapes.ReleaseChangesSerializer, **ONE},
        examples=[example(examples.CHANGES)],
    )
    def get(self, request: Request, release_id: str) -> Response:
        """Return the differences."""
        release = access.release_for(self.viewer, release_id)
        return Response(payloads.changes(changes_of(release)))


class PublishReleaseView(KernelView):
    """Publishing."""

    @extend_schema(
        operation_id="gate_releases_publish",
        tags=["releases"],
        summary="Publish a release",
        description="For admins. Customers are answered by it from now on, and its articles are "
        "published. Needs a passed replay of exactly this, or a reason, which is kept.",
        request=shapes.PublishRequest,
        responses={201: shapes.PublicationSerializer, **CHANGED},
        examples=[
            example({}, name="after a pass", request=True),
            example({"override_reason": "The shop is on fire"}, name="without", request=True),
            example(examples.PUBLICATION),
        ],
    )
    def post(self, request: Request, release_id: str) -> Response:
        """Publish it."""
        release = access.release_for(self.viewer, release_id)
        wanted = checked(shapes.PublishRequest, request.data or {})
        made = actions.publish(viewer=self.viewer, release=release, **wanted)
        return Response(_published(made), status.HTTP_201_CREATED)


class PublicationListView(KernelView):
    """The history."""

    @extend_schema(
        operation_id="gate_publications_list",
        tags=["releases"],
        summary="List what was published",
        description="For admins; the newest first, and the current one is what answers customers. "
        "An empty list: the default model answers in its own words.",
        parameters=[PageQuery],
        responses={200: shapes.PublicationPageSerializer, **ADMINS},
        examples=[examples.page(examples.PUBLICATION)],
    )
    def get(self, request: Request) -> Response:
        """Return a page of publications."""
        access.require_admin(self.viewer)
        wanted = checked(PageQuery, request.query_params)
        found, following = pages.page(pages.publications(), **wanted)
        results = [payloads.publication(one) for one in found]
        return Response({"results": results, "next": following})


class RollBackView(KernelView):
    """The way back."""

    @extend_schema(
        operation_id="gate_roll_back",
        tags=["releases"],
        summary="Go back to what was live before",
        description="For admins: to the publication before the current one, and to the version of "
        "every article that replies used on its last day. Twice goes further back.",
        request=NO_BODY,
        responses={
            201: shapes.PublicationSerializer,
            **refusals(errors.PermissionDenied, errors.Conflict),
        },
        examples=[
            example({**examples.PUBLICATION, "is_rollback": True, "replay_id": None, "id": 10})
        ],
    )
    def post(self, request: Request) -> Response:
        """Go back."""
        made = actions.roll_back(viewer=self.viewer)
        return Response(_published(made), status.HTTP_201_CREATED)


def _wanted(viewer: Viewer, shape: type[Serializer[Any]], given: object) -> dict[str, Any]:
    """Return what is to be stored, with the model and the articles that the ids stand for."""
    wanted = checked(shape, given)
    if "model_id" in wanted:
        wanted["model"] = model_for(viewer, wanted.pop("model_id"))
    if "article_ids" in wanted:
        wanted["articles"] = articles("article_ids", wanted.pop("article_ids"))
    return wanted


def _shown(release: Release) -> dict[str, Any]:
    return payloads.release_shown(pages.releases().get(pk=release.pk))


def _published(made: Publication) -> dict[str, Any]:
    return payloads.publication(pages.publications().get(pk=made.pk))

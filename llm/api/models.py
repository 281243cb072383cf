"""Models over REST: staff read them, admins set them up."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from chatsite.lib import errors
from chatsite.lib.errors import DomainError
from llm import access, actions, payloads, queries
from llm.api import shapes
from llm.api.examples import CREATED, DISCOVERED, NAMES, NEW_MODEL, NEW_PRICE, TESTED
from llm.providers import ProviderFailure
from llm.providers.words import sentence
from sessions_app.api.base import KernelView, checked

CODES: Final = {
    kind.code: kind
    for kind in (errors.ProviderError, errors.ProviderUnavailable, errors.ProviderTimeout)
}


class ModelListView(KernelView):
    """Lists and adds models."""

    @extend_schema(
        operation_id="models_list",
        tags=["models"],
        summary="List models",
        description="For staff.",
        parameters=[shapes.ModelListQuery],
        responses=shapes.ModelPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return a page of models."""
        access.staff_only(self.viewer)
        wanted = checked(shapes.ModelListQuery, request.query_params)
        found, following = queries.model_page(**wanted)
        return Response({"results": [payloads.model(item) for item in found], "next": following})

    @extend_schema(
        operation_id="models_create",
        tags=["models"],
        summary="Add a model",
        description="For admins. The address must be https on the public internet, unless the "
        "server's operator allows private networks (`LLM_ALLOW_PRIVATE_NETWORKS`).",
        request=shapes.CreateModelRequest,
        responses={201: shapes.ModelSerializer},
        examples=[NEW_MODEL, CREATED],
    )
    def post(self, request: Request) -> Response:
        """Add a model."""
        access.admins_only(self.viewer)
        wanted = checked(shapes.CreateModelRequest, request.data)
        made = actions.create_model(viewer=self.viewer, **wanted)
        return Response(payloads.model(made), status.HTTP_201_CREATED)


class ModelView(KernelView):
    """One model."""

    @extend_schema(
        operation_id="models_get",
        tags=["models"],
        summary="Get a model",
        responses=shapes.ModelSerializer,
        examples=[CREATED],
    )
    def get(self, request: Request, model_id: str) -> Response:
        """Return the model."""
        return Response(payloads.model(access.model_for(self.viewer, model_id)))

    @extend_schema(
        operation_id="models_update",
        tags=["models"],
        summary="Change a model",
        description="For admins. Another scheme, host or port drops the stored key, unless a new "
        "one comes with it.",
        request=shapes.ChangeModelRequest,
        responses=shapes.ModelSerializer,
        examples=[NEW_PRICE, CREATED],
    )
    def patch(self, request: Request, model_id: str) -> Response:
        """Change what is given."""
        access.model_to_change(self.viewer, model_id)
        wanted = checked(shapes.ChangeModelRequest, request.data)
        changed = actions.update_model(viewer=self.viewer, model_id=model_id, **wanted)
        return Response(payloads.model(changed))

    @extend_schema(
        operation_id="models_delete",
        tags=["models"],
        summary="Take a model away",
        description="For admins. Its answers stay, with the name it had.",
        responses={204: None},
    )
    def delete(self, request: Request, model_id: str) -> Response:
        """Delete the model."""
        actions.delete_model(viewer=self.viewer, model_id=model_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class TestModelView(KernelView):
    """Tries a model."""

    __test__ = False  # no test of ours

    @extend_schema(
        operation_id="models_test",
        tags=["models"],
        summary="Try a model",
        description="For admins. Asks one small question and waits for at most ten seconds. "
        "A failed try is a 200 with `ok: false`; what the endpoint sent is never passed on.",
        request=None,
        responses=shapes.ModelTestSerializer,
        examples=[TESTED],
    )
    def post(self, request: Request, model_id: str) -> Response:
        """Ask once and say what came of it."""
        probe = actions.probe_model(viewer=self.viewer, model_id=model_id)
        return Response(payloads.probe(probe))


class DiscoverView(KernelView):
    """Looks which models an endpoint has."""

    @extend_schema(
        operation_id="models_discover",
        tags=["models"],
        summary="List the models that an endpoint has",
        description="For admins. By an address and its key, or by a stored model, whose key goes "
        "only where it was given for.",
        request=shapes.DiscoverModelsRequest,
        responses=shapes.ModelNamesSerializer,
        examples=[DISCOVERED, NAMES],
    )
    def post(self, request: Request) -> Response:
        """Return the names."""
        access.admins_only(self.viewer)
        wanted = checked(shapes.DiscoverModelsRequest, request.data)
        try:
            names = actions.discover(viewer=self.viewer, **wanted)
        except ProviderFailure as failure:
            raise as_domain_error(failure) from None
        return Response({"results": names})


def as_domain_error(failure: ProviderFailure) -> DomainError:
    """Return a provider's failure as the API tells it, without a word of the provider."""
    error: Any = CODES[failure.code]
    told: DomainError = error(sentence(failure.reason), retry_after=failure.retry_after)
    return told

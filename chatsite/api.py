"""What every REST endpoint shares: strict JSON in, problem+json out, and the schema's errors."""

import logging
from typing import IO, Any

import orjson
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample
from rest_framework import exceptions, status
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from chatsite.lib import errors, jsons, request_id
from chatsite.lib.errors import DomainError, FieldError

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
MOST_BODY_BYTES = 1024 * 1024
MOST_BODY_DEPTH = 64


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 has it: no NaN, no lone surrogates, bounded depth and size."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Any = None,
    ) -> Any:
        """Return the parsed body; raise ParseError when it is not JSON."""
        # REST framework hands the stream over before Django's own limit is looked at.
        raw = stream.read(MOST_BODY_BYTES + 1)
        if len(raw) > MOST_BODY_BYTES:
            raise RequestDataTooBig
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise exceptions.ParseError("The body is not valid JSON") from error
        if _is_deeper(body, MOST_BODY_DEPTH):
            raise exceptions.ParseError("The body is nested too deeply")
        return body


def _is_deeper(value: Any, most: int) -> bool:
    """Tell whether lists and objects stand in each other more than ``most`` times.

    REST framework turns values into strings, and Python's stack ends before orjson's 1,024 levels.
    """
    level = [value]
    for _depth in range(most + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


class OrjsonRenderer(BaseRenderer):
    """JSON out; a problem keeps its own media type."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        """Return ``data`` as JSON; nothing for an empty answer."""
        if data is None:
            return b""
        return jsons.dumps(data, option=orjson.OPT_NON_STR_KEYS)


def problem(error: DomainError) -> dict[str, Any]:
    """Return the RFC 9457 body of an error."""
    return {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id.current(),
        "errors": [
            {"field": item.field, "code": item.code, "detail": item.detail} for item in error.errors
        ],
    }


def problem_headers(error: DomainError) -> dict[str, str]:
    """Return the headers that go with a problem."""
    headers = {"Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if error.status == status.HTTP_401_UNAUTHORIZED:
        headers["WWW-Authenticate"] = f'Bearer error="{error.code}"'
    return headers


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Translate whatever a view raised; the only place where REST does."""
    known = as_domain_error(error)
    if isinstance(known, errors.InternalError):
        log.error("unexpected error", exc_info=error)
    set_rollback()
    return Response(
        problem(known), known.status, headers=problem_headers(known), content_type=PROBLEM_JSON
    )


def as_domain_error(error: Exception) -> DomainError:
    """Return the domain error that tells a caller about ``error``, and no more than it may."""
    match error:
        case DomainError():
            return error
        case exceptions.ValidationError():
            return errors.ValidationFailed(
                "The request is not valid", errors=list(_field_errors(error.get_full_details()))
            )
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return errors.AuthTokenInvalid()
        case exceptions.PermissionDenied() | DjangoPermissionDenied():
            return errors.PermissionDenied()
        case exceptions.NotFound() | Http404():
            return errors.NotFound()
        case RequestDataTooBig():
            return _TooLarge()
        case SuspiciousOperation():  # such as a thousand query parameters
            return errors.ValidationFailed()
        case exceptions.APIException() if error.status_code < 500:
            return _refused(error)
        case InterfaceError() | DatabaseError() if _is_outage(error):
            log.warning("database unreachable", extra={"error": type(error).__name__})
            return errors.ServiceUnavailable(retry_after=2)
        case _:
            return errors.InternalError()


def _is_outage(error: Exception) -> bool:
    return type(error).__name__ in {"OperationalError", "InterfaceError"}


def _refused(error: exceptions.APIException) -> DomainError:
    """DRF's own refusals (wrong method, media type) keep their status."""
    refused = errors.ValidationFailed(str(error.detail))
    refused.status = error.status_code  # type: ignore[misc]
    return refused


class _TooLarge(errors.ValidationFailed):
    status = 413
    title = "The request is too large"


def _field_errors(details: Any, path: str = "") -> Any:
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        yield FieldError(path or "body", str(details["code"]), str(details["message"]))
    elif isinstance(details, dict):
        for key, value in details.items():
            name = "body" if key == "non_field_errors" else str(key)
            yield from _field_errors(value, f"{path}.{name}" if path else name)
    else:
        for item in details:
            yield from _field_errors(item, path)


def plain_problem(error: DomainError) -> JsonResponse:
    """Return a problem outside of REST framework (404 and 500 handlers)."""
    return JsonResponse(
        problem(error),
        status=error.status,
        content_type=PROBLEM_JSON,
        headers=problem_headers(error),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for an address nobody serves."""
    return _page_or_problem(request, errors.NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for an error that nothing translated: no traceback, no query, no path."""
    return _page_or_problem(request, errors.InternalError())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for a request that Django itself refuses (such as an unknown host)."""
    return plain_problem(errors.ValidationFailed())


def denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for a refused request outside of REST framework."""
    return _page_or_problem(request, errors.PermissionDenied())


def _page_or_problem(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A page for a person who went astray; programs, and the API, get the problem as JSON."""
    asked = request.headers.get("Accept", "")
    if request.path.startswith("/api/") or "text/html" not in asked:
        return plain_problem(error)
    shown = {"title": PAGE_TITLES[error.status], "request_id": request_id.current()}
    # Without context processors: after a crash, nothing is asked of the database.
    page = render_to_string("page/problem.html", shown)
    return HttpResponse(page, status=error.status)


PAGE_TITLES = {
    403: _("You may not do this"),
    404: _("There is no such page"),
    500: _("Something went wrong on our side"),
}


PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong (RFC 9457). `code` is stable; the texts are for people.",
    "required": ["type", "title", "status", "detail", "code", "request_id", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {
            "type": "string",
            "enum": sorted(
                kind.code
                for kind in vars(errors).values()
                if isinstance(kind, type)
                and issubclass(kind, DomainError)
                and kind is not DomainError
            ),
        },
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

_COMMON = {"400": "The request is not valid", "429": "Too many requests; see `Retry-After`"}
_SECURED = {
    "401": "A valid token is required",
    "403": "The caller's role, or a key that may only read, does not allow it",
}
_WITH_BODY = {
    "413": "The body is too large",
    "415": "The body is not of the documented media type",
}
_WITH_ID = {"404": "It does not exist, or the caller may not see it"}


def add_problem_responses(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Add the errors that every operation can answer with (a hook of the schema generator)."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    for path, operations in result["paths"].items():
        for operation in operations.values():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            wanted = dict(_COMMON)
            if any(operation.get("security", [])):
                wanted |= _SECURED
            if "requestBody" in operation:
                wanted |= _WITH_BODY
            if "{" in path:
                wanted |= _WITH_ID
            for code, text in wanted.items():
                operation["responses"].setdefault(
                    code,
                    {
                        "description": text,
                        "content": {
                            PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}
                        },
                    },
                )
    return result


def example(name: str, value: Any, **kwargs: Any) -> OpenApiExample:
    """Return a named example for the schema."""
    return OpenApiExample(name, value=value, **kwargs)

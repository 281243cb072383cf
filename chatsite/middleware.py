"""Middleware of the project: the request id, one log line and the metrics of each request."""

import time
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject
from structlog.contextvars import bound_contextvars

from chatsite.lib import clock, request_id, served

Response = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class RequestContext:
    """Accepts or makes ``X-Request-ID``, returns it, and logs the request without its query.

    A query string can hold a ticket, so only the path is ever logged.
    """

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Response) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Serve the request with its id in every log line."""
        given = request_id.accept_or_make(request.headers.get("X-Request-ID"))
        began = time.perf_counter()
        # Before any waiting for a thread: which of two requests came first can matter.
        request.META["arrived_at"] = clock.now()
        with request_id.use(given), bound_contextvars(request_id=given):
            response = await self.get_response(request)
            seconds = time.perf_counter() - began
            match = request.resolver_match
            view = match.view_name if match else "unknown"
            served.note(
                method=request.method,
                path=request.path,
                view=view,
                status=response.status_code,
                seconds=seconds,
                user_id=_user_id(request),
            )
        response.headers["X-Request-ID"] = given
        return response


def _user_id(request: HttpRequest) -> object:
    """Return who asked, if that was found out: this is no place to query the database."""
    user = vars(request).get("user")
    if isinstance(user, SimpleLazyObject):
        user = vars(request).get("_cached_user")
    return getattr(user, "pk", None)


request_context = RequestContext

"""WhiteNoise under ASGI."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]
from whitenoise.responders import StaticFile  # type: ignore[import-untyped]


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Answers with whole files instead of streams, and lets everything else pass.

    WhiteNoise streams from a plain file, which an ASGI server cannot do: Django would read it all
    at once anyway, in another thread and with a warning for each file. And it knows no async: a
    thread would wait for each request, and nothing in it would learn that its client has left.
    """

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        super().__init__(get_response)
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with a file, or let the product answer."""
        if request.path_info.startswith(self.static_prefix):
            found = await asyncio.to_thread(self._read, request)
            if found is not None:
                return found
        response: HttpResponseBase = await self.get_response(request)
        return response

    def _read(self, request: HttpRequest) -> HttpResponse | None:
        path = request.path_info
        file: Any = self.find_file(path) if self.autorefresh else self.files.get(path)
        return None if file is None else self.serve(file, request)

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """Return the file, or the 304 or range that the request asks for."""
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with found.file as file:
                body = file.read()
        response = HttpResponse(body, status=int(found.status))
        del response["content-type"]
        for key, value in found.headers:
            response[key] = value
        return response

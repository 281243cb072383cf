"""The frame of the pages for staff beside the console: a bar, signing in, and an empty panel."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from chatsite.lib.page_texts import shared_texts


def framed(
    request: HttpRequest,
    template: str,
    *,
    here: str,
    name: str,
    lead: str,
    texts: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Answer with ``template``, which extends ``llm/frame.html``.

    It is the same shell for everybody; what only staff may see is fetched by its script. ``here``
    marks the page in the bar, ``texts`` are words its script needs beside the shared ones.
    """
    shown = {
        "here": here,
        "name": name,
        "lead": lead,
        "texts": {**shared_texts(), **(texts or {})},
        "config": {"language_cookie": settings.LANGUAGE_COOKIE_NAME},
    }
    response = render(request, template, shown)
    patch_cache_control(response, no_cache=True)
    return response

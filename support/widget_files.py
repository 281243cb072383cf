"""What the widget loads: its loader on other people's pages, and one script and one style sheet in
the frame. Every answer can be checked again by its ETag."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.views.decorators.http import condition, require_safe

from support import bundle

LOADER = "support/widget.js"
SCRIPT = "support/widget/main.js"
STYLES = ("chatsite/css/tokens.css", "support/widget/frame.css", "support/widget/log.css")
MORE_SCRIPT = "support/widget/more.js"
MORE_STYLES = ("support/widget/more.css", "sessions_app/css/files.css")
MAX_AGE_S = 300


def _tag(text: str) -> str:
    # Weak: the compressed answer and the plain one are the same thing in two codings.
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


@require_safe
@condition(etag_func=lambda request: _tag(bundle.plain_script_of(LOADER)))
def widget_loader(request: HttpRequest) -> HttpResponse:
    """The script other sites embed, under an address that never changes."""
    response = _answer(request, bundle.plain_script_of(LOADER), "text/javascript")
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
@condition(etag_func=lambda request: _tag(bundle.script_of(SCRIPT)))
def widget_script(request: HttpRequest) -> HttpResponse:
    """The widget's modules in one answer; a module changed on disk shows at once."""
    return _answer(request, bundle.script_of(SCRIPT), "text/javascript")


@require_safe
@condition(etag_func=lambda request: _tag(bundle.style_of(*STYLES)))
def widget_style(request: HttpRequest) -> HttpResponse:
    """The widget's look in one answer."""
    return _answer(request, bundle.style_of(*STYLES), "text/css")


@require_safe
@condition(etag_func=lambda request: _tag(bundle.script_of(MORE_SCRIPT)))
def more_script(request: HttpRequest) -> HttpResponse:
    """What few conversations need, loaded when one does."""
    return _answer(request, bundle.script_of(MORE_SCRIPT), "text/javascript")


@require_safe
@condition(etag_func=lambda request: _tag(bundle.style_of(*MORE_STYLES)))
def more_style(request: HttpRequest) -> HttpResponse:
    """The look of what few conversations need."""
    return _answer(request, bundle.style_of(*MORE_STYLES), "text/css")


class _Readable(DjangoJSONEncoder):
    """Chinese as Chinese: half the bytes of its escapes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ensure_ascii": False})


def json_block(element_id: str, value: object) -> SafeString:
    """A JSON data block for the frame's page; nothing in it can end the element."""
    return json_script(value, element_id, encoder=_Readable)


def _answer(request: HttpRequest, text: str, kind: str) -> HttpResponse:
    response = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.content = _compressed(text)
        response["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ["Accept-Encoding"])
    patch_cache_control(response, public=True, max_age=MAX_AGE_S)
    return response


@lru_cache(maxsize=8)
def _compressed(text: str) -> bytes:
    return gzip.compress(text.encode(), 9)

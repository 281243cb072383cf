"""What the widget loads: its loader on other people's pages, and one script and one style sheet in
the frame. Every answer can be checked again by its ETag."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.http import quote_etag
from django.views.decorators.http import condition, require_safe

from support import bundle

LOADER = "support/widget.js"
SCRIPT = "support/widget/main.js"
STYLES = ("chatsite/css/tokens.css", "support/widget/frame.css", "support/widget/log.css")
MAX_AGE_S = 300


def _tag(text: str) -> str:
    return quote_etag(hashlib.sha256(text.encode()).hexdigest()[:32])


@require_safe
@condition(etag_func=lambda request: _tag(bundle.plain_script_of(LOADER)))
def widget_loader(request: HttpRequest) -> HttpResponse:
    """The script other sites embed, under an address that never changes."""
    response = _answer(bundle.plain_script_of(LOADER), "text/javascript")
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
@condition(etag_func=lambda request: _tag(bundle.script_of(SCRIPT)))
def widget_script(request: HttpRequest) -> HttpResponse:
    """The widget's modules in one answer; a module changed on disk shows at once."""
    return _answer(bundle.script_of(SCRIPT), "text/javascript")


@require_safe
@condition(etag_func=lambda request: _tag(bundle.style_of(*STYLES)))
def widget_style(request: HttpRequest) -> HttpResponse:
    """The widget's look in one answer."""
    return _answer(bundle.style_of(*STYLES), "text/css")


def _answer(text: str, kind: str) -> HttpResponse:
    response = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    patch_cache_control(response, public=True, max_age=MAX_AGE_S)
    return response

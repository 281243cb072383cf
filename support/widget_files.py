"""The one script and the one style sheet of the chat's frame."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.http import quote_etag
from django.views.decorators.http import condition, require_safe

from support import bundle

SCRIPT = "support/widget/main.js"
STYLES = ("chatsite/css/tokens.css", "support/widget/frame.css", "support/widget/log.css")
MAX_AGE_S = 300


def _script(_request: HttpRequest) -> str:
    return quote_etag(hashlib.sha256(bundle.script_of(SCRIPT).encode()).hexdigest()[:32])


def _style(_request: HttpRequest) -> str:
    return quote_etag(hashlib.sha256(bundle.style_of(*STYLES).encode()).hexdigest()[:32])


@require_safe
@condition(etag_func=_script)
def widget_script(request: HttpRequest) -> HttpResponse:
    """The widget's modules in one answer; a module changed on disk shows at once."""
    return _answer(bundle.script_of(SCRIPT), "text/javascript")


@require_safe
@condition(etag_func=_style)
def widget_style(request: HttpRequest) -> HttpResponse:
    """The widget's look in one answer."""
    return _answer(bundle.style_of(*STYLES), "text/css")


def _answer(text: str, kind: str) -> HttpResponse:
    response = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    patch_cache_control(response, public=True, max_age=MAX_AGE_S)
    return response

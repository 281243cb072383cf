"""The pages: demo shop, console, and the document of the widget's frame."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from chatsite.lib.errors import NotFound
from sessions_app.file_types import upload_limits
from support import demo, locales, payloads, queries, shop
from support.console_texts import console_texts
from support.models import Widget
from support.texts import more_texts, widget_texts
from support.widget_files import MAX_AGE_S, json_block

# What an agent may have a text translated to: as the model is told, and as people know it.
HELP_LANGUAGES = (
    ("English", "English"),
    ("Simplified Chinese", "简体中文"),
    ("German", "Deutsch"),
    ("French", "Français"),
    ("Spanish", "Español"),
    ("Portuguese", "Português"),
    ("Italian", "Italiano"),
    ("Japanese", "日本語"),
    ("Korean", "한국어"),
    ("Arabic", "العربية"),
)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The demo shop where the demo was seeded, else a quiet page that says what this is."""
    widget = Widget.objects.live().filter(key=demo.WIDGET_KEY).first()
    if widget is None:
        return render(request, "support/shop_quiet.html")
    context = {
        "products": shop.PRODUCTS,
        "answers": shop.ANSWERS,
        "logins": demo.logins(),
        "widget": widget,
    }
    return render(request, "support/shop.html", context)


@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """The agents' console: one shell for everybody; what is in it comes from the API."""
    config: dict[str, Any] = {
        "api": "/api/v1",
        "files": upload_limits(),
        "ws": "/api/v1/ws",
        "locale": translation.get_language() or settings.LANGUAGE_CODE,
        "locales": locales.codes(),
        "language_cookie": settings.LANGUAGE_COOKIE_NAME,
        "demo_assistant": not settings.LLM_API_URL and not settings.PRODUCTION,
    }
    context = {"texts": console_texts(), "config": config, "help_languages": HELP_LANGUAGES}
    response = render(request, "support/console.html", context)
    patch_cache_control(response, no_cache=True)
    return response


@gzip_page  # nothing secret is in it that its length could give away
@require_safe
@xframe_options_exempt
def widget_frame(request: HttpRequest, key: str) -> HttpResponse:
    """The chat itself: a document of our own origin, framed by the widget's sites only."""
    try:
        widget = queries.live_widget(key)
    except NotFound as error:
        raise Http404 from error
    locale = locales.of_request(request)
    with translation.override(locale):
        context = {
            "widget": widget,
            "config": json_block("config", payloads.widget_config(widget, locale=locale)),
            "texts": json_block("texts", widget_texts()),
            "locale": locale,
            "dir": locales.direction(locale),
            "accept": upload_limits()["accept"],
        }
        response = render(request, "support/widget.html", context)
    response["Content-Language"] = locale
    patch_cache_control(response, no_cache=True)
    patch_vary_headers(response, ["Accept-Language"])
    _allow_framing(response, widget)
    return response


@gzip_page
@require_safe
def widget_more(request: HttpRequest) -> HttpResponse:
    """The parts of the frame that few conversations need, in the visitor's language."""
    locale = locales.of_request(request)
    with translation.override(locale):
        context = {"locale": locale, "texts": json_block("more", more_texts())}
        response = render(request, "support/widget_more.html", context)
    patch_cache_control(response, public=True, max_age=MAX_AGE_S)
    patch_vary_headers(response, ["Accept-Language"])
    return response


def _allow_framing(response: HttpResponse, widget: Widget) -> None:
    # Origins were checked when they were stored: nothing in them can end this directive.
    ancestors = ["'self'", *widget.allowed_origins]
    response._csp_replace = {"frame-ancestors": ancestors}  # type: ignore[attr-defined]

"""The playground's page: one shell for everybody; what is in it comes from the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from llm.playground.texts import playground_texts


@require_safe
def playground(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """The page, at whatever conversation: its script reads the address."""
    config: dict[str, Any] = {
        "most_models": settings.LLM_MAX_SLOTS,
        "most_chars": settings.MESSAGE_MAX_CHARS,
        "models_url": reverse("admin:llm_modelconfig_changelist"),
        "language_cookie": settings.LANGUAGE_COOKIE_NAME,
    }
    context = {"texts": playground_texts(), "config": config}
    response = render(request, "llm/playground.html", context)
    patch_cache_control(response, no_cache=True)
    return response

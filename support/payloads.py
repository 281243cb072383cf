"""The JSON shapes of the support product."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from chatsite.lib.clock import rfc3339_or_none
from sessions_app.file_types import upload_limits
from support import locales
from support.models import Widget
from support.queries import Colleague, is_anyone_online, opening

Payload = dict[str, Any]


def widget_config(widget: Widget, *, locale: str) -> Payload:
    """What anybody may know of a widget: look, texts, hours, and whether someone is there."""
    hours = opening(widget)
    no_suggestions: list[str] = []
    return {
        "key": widget.key,
        "name": widget.name,
        "brand": {
            "name": widget.name,
            "color": widget.color,
            "logo": None,
            "launcher": widget.position,
        },
        "texts": {
            "greeting": locales.pick(widget.greeting, locale, ""),
            "suggestions": locales.pick(widget.suggestions, locale, no_suggestions),
        },
        "locale": locale,
        "dir": locales.direction(locale),
        "locales": locales.codes(),
        "hours": {"open": hours.open, "next_open_at": rfc3339_or_none(hours.next_open_at)},
        "online": is_anyone_online(widget.team),
        "assistant": widget.assistant_enabled,
        # By this name an answer is shown while it is written, before its message says so itself.
        "demo": not settings.LLM_API_URL and not settings.PRODUCTION,
        "files": {name: most for name, most in upload_limits().items() if name != "accept"},
        "api": {"base": "/api/v1", "ws": "/api/v1/ws"},
    }


def colleague(person: Colleague) -> Payload:
    """An agent or admin as colleagues see them."""
    return {
        "id": person.user.pk,
        "name": person.user.name,
        "avatar": person.user.avatar or None,
        "role": person.user.role,
        "online": person.online,
        "status": person.status,
        "team_ids": person.team_ids,
        "open_chats": person.open_chats,
    }

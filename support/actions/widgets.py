"""Making and changing widgets. Every door (admin, seed, shell) comes through here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import Team
from chatsite.lib import crypto
from chatsite.lib.errors import ValidationFailed
from support import hours, origins, proofs
from support.models import Widget

MAX_GREETING = 300
MAX_SUGGESTIONS = 6
MAX_SUGGESTION = 80
_COLOR = re.compile(r"#[0-9a-f]{6}")
FIELDS = (
    "name",
    "team",
    "allowed_origins",
    "color",
    "position",
    "greeting",
    "suggestions",
    "business_hours",
    "assistant_enabled",
    "enabled",
)


def create_widget(*, key: str = "", team: Team, name: str, **fields: Any) -> tuple[Widget, str]:
    """Make a widget and return it with its secret in the clear: the only time it is shown.

    `fields` are those of FIELDS. Raises ValidationFailed naming the field.
    """
    if key and not proofs.is_key(key):
        raise ValidationFailed.of("key", "3 to 40 letters, digits, - or _")
    secret = proofs.new_secret()
    widget = Widget(key=key or proofs.new_key(), secret_encrypted=crypto.encrypt(secret))
    _apply(widget, {"team": team, "name": name, **fields})
    widget.save(force_insert=True)
    return widget, secret


def update_widget(*, widget: Widget, **fields: Any) -> Widget:
    """Change the given fields of FIELDS; raises ValidationFailed naming the field."""
    _apply(widget, fields)
    if fields:
        widget.save(update_fields=list(fields))
    return widget


def rotate_secret(*, widget: Widget) -> str:
    """Replace the secret and return the new one in the clear. The old one ends at once."""
    secret = proofs.new_secret()
    with transaction.atomic():
        locked = Widget.objects.select_for_update().get(pk=widget.pk)
        locked.secret_encrypted = crypto.encrypt(secret)
        locked.save(update_fields=["secret_encrypted"])
    widget.secret_encrypted = locked.secret_encrypted
    return secret


def check_widget(field: str, value: Any) -> Any:
    """The tidied value of one field of FIELDS; raises ValidationFailed naming the field."""
    check = _CHECKS.get(field)
    return check(value) if check else value


def _apply(widget: Widget, fields: Mapping[str, Any]) -> None:
    for field, value in fields.items():
        if field not in FIELDS:
            raise TypeError(f"not a field of a widget: {field}")
        setattr(widget, field, check_widget(field, value))


def _name(raw: object) -> str:
    name = raw.strip() if isinstance(raw, str) else ""
    if not 1 <= len(name) <= 80:
        raise ValidationFailed.of("name", "1 to 80 characters are needed")
    return name


def _color(raw: object) -> str:
    # Strict on purpose: the colour reaches a style sheet.
    color = raw.strip().lower() if isinstance(raw, str) else ""
    if not _COLOR.fullmatch(color):
        raise ValidationFailed.of("color", "a colour is written like #4f46e5")
    return color


def _position(raw: object) -> str:
    if raw not in Widget.Position.values:
        raise ValidationFailed.of("position", "right or left")
    return str(raw)


def _by_locale(raw: object, *, field: str) -> dict[str, Any]:
    known = {code for code, _ in settings.LANGUAGES}
    if not isinstance(raw, dict) or not set(raw) <= known:
        raise ValidationFailed.of(field, f"texts by language: {', '.join(sorted(known))}")
    return raw


def _greeting(raw: object) -> dict[str, str]:
    texts = _by_locale(raw, field="greeting")
    for text in texts.values():
        if not isinstance(text, str) or len(text) > MAX_GREETING:
            raise ValidationFailed.of("greeting", f"a text of at most {MAX_GREETING} characters")
    return texts


def _suggestions(raw: object) -> dict[str, list[str]]:
    texts = _by_locale(raw, field="suggestions")
    for entries in texts.values():
        good = isinstance(entries, list) and len(entries) <= MAX_SUGGESTIONS
        if not good or not all(
            isinstance(e, str) and 0 < len(e) <= MAX_SUGGESTION for e in entries
        ):
            raise ValidationFailed.of(
                "suggestions",
                f"at most {MAX_SUGGESTIONS} questions of up to {MAX_SUGGESTION} characters",
            )
    return texts


def _business_hours(raw: object) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ValidationFailed.of("business_hours", "an object is needed")
    try:
        if raw:
            hours.parse(raw)
    except hours.InvalidSchedule as error:
        raise ValidationFailed.of("business_hours", str(error)) from error
    return raw


_CHECKS = {
    "name": _name,
    "allowed_origins": origins.clean,
    "color": _color,
    "position": _position,
    "greeting": _greeting,
    "suggestions": _suggestions,
    "business_hours": _business_hours,
}

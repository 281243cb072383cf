"""What an article may hold; every door passes here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import Team
from accounts.viewer import Viewer
from chatsite.lib.errors import ValidationFailed
from llm.knowledge.models import Article, Audience

MOST_TAGS = 20
LONGEST_TAG = 40
LONGEST_TITLE = 200
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")


def checked(viewer: Viewer, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of an article, tidied; raises ValidationFailed for the first wrong one."""
    check: dict[str, Callable[[Any], Any]] = {
        "title": _title,
        "body": _body,
        "language": _language,
        "audience": _audience,
        "tags": _tags,
        "source_url": _url,
        "source_name": _name,
        "source_kind": _kind,
        "imported_at": lambda value: value,
    }
    found = {name: check[name](value) for name, value in raw.items() if name != "team_id"}
    if "team_id" in raw:
        found["team_id"] = _team(viewer, raw["team_id"])
    return found


def _text(field: str, raw: Any, most: int) -> str:
    text = raw.strip() if isinstance(raw, str) else ""
    if not text:
        raise ValidationFailed.of(field, _("may not be empty"), "blank")
    if len(text) > most:
        raise ValidationFailed.of(field, _("may have at most %d characters") % most, "max_length")
    if "\0" in text:
        raise ValidationFailed.of(field, _("may not hold the NUL character"))
    return text


def _title(raw: Any) -> str:
    return " ".join(_text("title", raw, LONGEST_TITLE).split())


def _body(raw: Any) -> str:
    return _text("body", raw, settings.KNOWLEDGE_ARTICLE_CHARS).replace("\r\n", "\n")


def is_language(tag: str) -> bool:
    """Say whether something is a language tag as we store them."""
    return len(tag) <= 16 and bool(_LANGUAGE.fullmatch(tag))


def _language(raw: Any) -> str:
    text = str(raw).strip().casefold().replace("_", "-")
    if not is_language(text):
        raise ValidationFailed.of("language", _("a language tag such as en or zh-hans is needed"))
    return text


def _audience(raw: Any) -> str:
    if raw not in Audience.values:
        raise ValidationFailed.of("audience", "public or internal is needed", "invalid_choice")
    return str(raw)


def _kind(raw: Any) -> str:
    if raw not in Article.Source.values:
        raise ValidationFailed.of("source_kind", "unknown", "invalid_choice")
    return str(raw)


def _tags(raw: Any) -> list[str]:
    if not isinstance(raw, list) or len(raw) > MOST_TAGS:
        raise ValidationFailed.of("tags", _("a list of at most %d is needed") % MOST_TAGS)
    tags = [_text("tags", tag, LONGEST_TAG).casefold() for tag in raw]
    return list(dict.fromkeys(tags))


def _url(raw: Any) -> str:
    if not raw:
        return ""
    text = _text("source_url", raw, 500)
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in text
    except ValueError:
        good = False
    if not good or re.search(r"[\s<>\"'\\]", text):
        raise ValidationFailed.of("source_url", _("an http or https address is needed"))
    return text


def _name(raw: Any) -> str:
    return _text("source_name", raw, 200) if raw else ""


def _team(viewer: Viewer, raw: Any) -> int | None:
    if raw is None:
        return None
    mine = viewer.is_admin or raw in viewer.team_ids
    if not isinstance(raw, int) or not mine or not Team.objects.filter(pk=raw).exists():
        raise ValidationFailed.of("team_id", _("no such team"), "does_not_exist")
    return raw

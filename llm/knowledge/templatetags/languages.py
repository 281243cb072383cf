"""Languages by their names."""

from __future__ import annotations

from django import template
from django.conf.locale import LANG_INFO

register = template.Library()


@register.filter
def language_name(tag: str) -> str:
    """Return what a language calls itself, or its tag where nobody knows."""
    name = str(LANG_INFO.get(tag, {}).get("name_local", tag))
    return name[:1].upper() + name[1:]


@register.simple_tag
def known_languages() -> list[tuple[str, str]]:
    """Return tag and name of the languages that have one, by name."""
    named = [
        (tag, language_name(tag)) for tag, about in LANG_INFO.items() if "fallback" not in about
    ]
    return sorted(named, key=lambda one: one[1].casefold())

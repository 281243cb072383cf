"""Texts by language: which language to answer in, and which text of a widget fits it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

Text = TypeVar("Text")
_CHINESE = {"zh", "zh-cn", "zh-sg", "zh-my", "zh-hans"}


def codes() -> list[str]:
    """The languages the product speaks, the default first."""
    return [code for code, _ in settings.LANGUAGES]


def match(wish: str) -> str | None:
    """Our language for one wish (`zh-CN`, `en-GB`), or None when it is not spoken here."""
    wish = wish.strip().lower().replace("_", "-")
    if wish in codes():
        return wish
    if wish in _CHINESE or wish.startswith("zh-hans"):
        return "zh-hans"
    base = wish.split("-")[0]
    return base if base in codes() else None


def of_request(request: HttpRequest) -> str:
    """?lang, else the first language of Accept-Language that is spoken here, else the default."""
    wishes = [request.GET.get("lang", "")]
    header = request.headers.get("Accept-Language", "")
    wishes += [code for code, _ in parse_accept_lang_header(header[:500])]
    found = (match(wish) for wish in wishes if wish)
    return next((code for code in found if code), settings.LANGUAGE_CODE)


def pick(texts: Mapping[str, Text], locale: str, fallback: Text) -> Text:
    """The entry for a language, else the default language's, else any, else `fallback`."""
    for code in (locale, settings.LANGUAGE_CODE, *texts):
        if texts.get(code):
            return texts[code]
    return fallback


def direction(locale: str) -> str:
    """`rtl` or `ltr`, for the document."""
    return "rtl" if translation.get_language_info(locale)["bidi"] else "ltr"

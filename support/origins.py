"""Web origins: which sites may show a widget. Pure functions over strings."""

from __future__ import annotations

import re
from collections.abc import Iterable

from chatsite.lib.errors import ValidationFailed

MAX_ORIGINS = 50
# Strict on purpose: an origin ends up inside a Content-Security-Policy header.
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:]{2,39}\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
_USUAL_PORT = {"http": "80", "https": "443"}


def normalise(raw: str) -> str | None:
    """An origin as browsers write it (lower case, no usual port), or None if it is none."""
    match = _ORIGIN.fullmatch(raw.strip().lower().removesuffix("/"))
    if match is None:
        return None
    scheme, host, port = match["scheme"], match["host"], match["port"]
    if port is None or port == _USUAL_PORT[scheme]:
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{port}" if int(port) < 65536 else None


def clean(raw: object) -> list[str]:
    """The list of allowed origins a person typed, tidied; raises ValidationFailed."""
    if not isinstance(raw, list) or len(raw) > MAX_ORIGINS:
        raise ValidationFailed.of("allowed_origins", f"a list of at most {MAX_ORIGINS} is needed")
    found: list[str] = []
    for entry in raw:
        origin = normalise(entry) if isinstance(entry, str) else None
        if origin is None:
            raise ValidationFailed.of(
                "allowed_origins", "each entry is an origin such as https://shop.example"
            )
        found.append(origin)
    return list(dict.fromkeys(found))


def is_allowed(origin: str, *, allowed: Iterable[str], own: str) -> bool:
    """May a page of `origin` use a widget? `own` is the origin this site was asked at."""
    tidy = normalise(origin)
    return tidy is not None and (tidy == normalise(own) or tidy in allowed)

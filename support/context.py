"""What templates of any app may ask the support product for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from support import demo
from support.models import Widget


def demo_logins(request: HttpRequest) -> dict[str, Callable[[], Any]]:
    """Offer ``demo_logins``: who can sign in where the demo was seeded, else nobody.

    A function, so that only a page that shows them asks the database.
    """
    return {"demo_logins": _demo_logins}


def _demo_logins() -> list[dict[str, str]]:
    if not Widget.objects.live().filter(key=demo.WIDGET_KEY).exists():
        return []
    return demo.logins()

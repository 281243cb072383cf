"""Requests that ride on a cookie must come from our own pages."""

from django.conf import settings
from django.http import HttpRequest

from chatsite.lib.errors import PermissionDenied


def is_own_page(request: HttpRequest) -> bool:
    """Whether a browser says that one of this site's own pages sent this; programs do not say.

    Narrower than what may use the cookies of the API: a session opens the admin pages.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    own = f"{request.scheme}://{request.get_host()}"
    if origin is not None:
        return origin in (own, *settings.CSRF_TRUSTED_ORIGINS)
    return site == "same-origin"


def require_own_origin(request: HttpRequest) -> None:
    """Refuse a browser that acts for another site; programs send neither header and have no jar.

    A foreign page could otherwise log its visitor in as somebody else, or out.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site in ("same-origin", "none") or (site is None and origin is None):
        return
    own = f"{request.scheme}://{request.get_host()}"
    if origin in (own, *settings.CSRF_TRUSTED_ORIGINS, *settings.CORS_ALLOWED_ORIGINS):
        return
    raise PermissionDenied("This request came from a page of another site.")

"""The look of the admin pages, for django-unfold."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Cland Chat",
    "SITE_HEADER": "Cland Chat",
    "SITE_SUBHEADER": _("Administration"),
    "SITE_URL": "/",
    "SITE_ICON": lambda request: f"{settings.STATIC_URL}support/console/icon.svg",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: f"{settings.STATIC_URL}support/console/icon.svg",
        }
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "ENVIRONMENT": "support.admin_home.environment",
    "DASHBOARD_CALLBACK": "support.admin_home.dashboard",
    "STYLES": [lambda request: f"{settings.STATIC_URL}support/admin/admin.css"],
    "COLORS": {
        "primary": {
            "50": "#eef2ff",
            "100": "#e0e7ff",
            "200": "#c7d2fe",
            "300": "#a5b4fc",
            "400": "#818cf8",
            "500": "#7f88f7",
            "600": "#4f46e5",
            "700": "#4338ca",
            "800": "#3730a3",
            "900": "#312e81",
            "950": "#1e1b4b",
        }
    },
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "support.admin_home.navigation",
    },
}

"""The Content-Security-Policy by page: no inline script anywhere, few pages get more."""

from __future__ import annotations

from typing import Any

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Other people's pages need more than ours: the admin theme's Alpine compiles its expressions, and
# it, Swagger and Redoc write style attributes. Script stays limited to our own files everywhere.
RELAXED: dict[str, dict[str, Any]] = {
    "/admin/": {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]},
    "/api/docs": {"style-src": [UNSAFE_INLINE]},
    "/api/redoc": {"style-src": [UNSAFE_INLINE], "worker-src": [SELF, "blob:"]},
}


class PolicyMiddleware(CSPMiddleware):
    """Adds the relaxations of RELAXED to the settings' policy, by the path's beginning."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """The policy of one response."""
        parts = super().get_policy_parts(request, response, report_only)
        for prefix, more in RELAXED.items():
            if request.path_info.startswith(prefix) and parts.update is None:
                parts.update = more
        return parts

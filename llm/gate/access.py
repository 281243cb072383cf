"""Who may see and change what decides the assistant's behaviour."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.viewer import Viewer
from chatsite.lib.errors import PermissionDenied


def require_admin(viewer: Viewer) -> None:
    """Raise PermissionDenied for everyone but administrators."""
    if not viewer.is_admin:
        raise PermissionDenied(_("Only administrators decide what the assistant is"))

"""Who may see and change what decides the assistant's behaviour."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.viewer import Viewer
from chatsite.lib.errors import NotFound, PermissionDenied
from llm.gate.models import Case, Release, Replay

BIGGEST_ID = 2**63 - 1


def require_admin(viewer: Viewer) -> None:
    """Raise PermissionDenied for everyone but administrators."""
    if not viewer.is_admin:
        raise PermissionDenied(_("Only administrators decide what the assistant is"))


def case_for(viewer: Viewer, case_id: object) -> Case:
    """Return a case; raise PermissionDenied for all but admins, NotFound when there is none."""
    require_admin(viewer)
    found = Case.objects.filter(pk=_number(case_id)).first()
    if found is None:
        raise NotFound("No such case")
    return found


def release_for(viewer: Viewer, release_id: object) -> Release:
    """Return a release; raise PermissionDenied for all but admins, NotFound when there is none."""
    require_admin(viewer)
    found = Release.objects.select_related("model").filter(pk=_number(release_id)).first()
    if found is None:
        raise NotFound("No such release")
    return found


def replay_for(viewer: Viewer, replay_id: object) -> Replay:
    """Return a replay; raise PermissionDenied for all but admins, NotFound when there is none."""
    require_admin(viewer)
    try:
        pk = UUID(str(replay_id))
    except ValueError:
        raise NotFound("No such replay") from None
    found = (
        Replay.objects.select_related("release__model", "against", "asked_by").filter(pk=pk).first()
    )
    if found is None:
        raise NotFound("No such replay")
    return found


def _number(raw: object) -> int:
    text = str(raw)
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else 0
    return number if number <= BIGGEST_ID else 0

"""The only way from an id in a request to a model: absent and forbidden look the same."""

from __future__ import annotations

from accounts.viewer import Viewer
from chatsite.lib.errors import ModelNotFound, PermissionDenied
from llm.models import ModelConfig

BIGGEST_ID = 2**63 - 1


def model_for(viewer: Viewer, model_id: object) -> ModelConfig:
    """Return a model that ``viewer`` may see (staff see all); else :class:`ModelNotFound`."""
    raw = str(model_id)[:20]  # Python refuses to read thousands of digits
    number = int(raw) if raw.isascii() and raw.isdigit() else 0
    if not viewer.is_staff or not 0 < number <= BIGGEST_ID:
        raise ModelNotFound
    model = ModelConfig.objects.filter(pk=number).first()
    if model is None:
        raise ModelNotFound
    return model


def model_to_change(viewer: Viewer, model_id: object) -> ModelConfig:
    """Return a model that ``viewer`` may change.

    Raises :class:`PermissionDenied` for staff who may only look.
    """
    model = model_for(viewer, model_id)
    admins_only(viewer)
    return model


def staff_only(viewer: Viewer) -> None:
    """Refuse customers."""
    if not viewer.is_staff:
        raise PermissionDenied("Only staff may do this")


def admins_only(viewer: Viewer) -> None:
    """Refuse everybody but admins."""
    if not viewer.is_admin:
        raise PermissionDenied("Only an admin may do this")

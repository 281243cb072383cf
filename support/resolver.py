"""Tells the messaging kernel where a chat opened through a widget belongs."""

from __future__ import annotations

from accounts.viewer import Viewer
from chatsite.lib.errors import NotFound
from sessions_app.origins import SessionOrigin
from support.queries import live_widget


def widget_origin(key: str, viewer: Viewer) -> SessionOrigin:
    """Team, source and assistant of a chat opened with `key`.

    Raises NotFound for an unknown widget, and for one other than the visitor's token was made for.
    """
    widget = live_widget(key)
    if viewer.widget_id is not None and viewer.widget_id != widget.pk:
        raise NotFound("No such widget")
    return SessionOrigin(
        team_id=widget.team_id, source=f"widget:{widget.key}", assistant=widget.assistant_enabled
    )

"""Where a support session comes from.  The app above that owns widgets registers how a widget's
key becomes a team, because the kernel does not know widgets."""

from collections.abc import Callable
from dataclasses import dataclass

from accounts.viewer import Viewer
from chatsite.lib.errors import NotFound


@dataclass(frozen=True, slots=True)
class SessionOrigin:
    """What an origin decides about a new session."""

    team_id: int | None
    source: str
    assistant: bool = True


Resolver = Callable[[str, Viewer], SessionOrigin]
_resolvers: list[Resolver] = []


def register_widget_resolver(resolver: Resolver) -> None:
    """Let ``resolver(key, viewer)`` answer for widget keys; it raises NotFound for unknown ones."""
    _resolvers[:] = [resolver]


def widget_origin(key: str, viewer: Viewer) -> SessionOrigin:
    """Return the origin of a widget key; raise :class:`NotFound` when it is not known."""
    if not _resolvers:
        raise NotFound("No such widget")
    return _resolvers[0](key, viewer)

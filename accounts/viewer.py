"""Who is asking: built once at the edge, passed everywhere instead of a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accounts.models import Role
from chatsite.lib.errors import AuthTokenInvalid

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True, slots=True)
class Viewer:
    """One identity at one moment. `expires_at` is Unix seconds; None means no end of its own."""

    user_id: int
    role: str
    team_ids: frozenset[int]
    name: str
    avatar: str
    is_visitor: bool = False
    widget_id: int | None = None
    family_id: str | None = None
    expires_at: float | None = None

    @classmethod
    def of(
        cls,
        user: User,
        *,
        widget_id: int | None = None,
        family_id: str | None = None,
        expires_at: float | None = None,
        team_ids: frozenset[int] | None = None,
    ) -> Viewer:
        """Read role and teams of `user` as they are now: one query for staff, else none.

        None with `team_ids`, for who has read them already.
        """
        teams = team_ids or frozenset()
        if team_ids is None and user.role != Role.CUSTOMER:
            teams = frozenset(user.teams.values_list("id", flat=True))
        return cls(
            user_id=user.pk,
            role=user.role,
            team_ids=teams,
            name=user.name,
            avatar=user.avatar,
            is_visitor=user.is_visitor,
            widget_id=widget_id,
            family_id=family_id,
            expires_at=expires_at,
        )

    @property
    def is_customer(self) -> bool:
        """Sees own sessions only."""
        return self.role == Role.CUSTOMER

    @property
    def is_agent(self) -> bool:
        """Sees the sessions of own teams."""
        return self.role == Role.AGENT

    @property
    def is_admin(self) -> bool:
        """Sees everything."""
        return self.role == Role.ADMIN

    @property
    def is_staff(self) -> bool:
        """Agent or admin."""
        return self.is_agent or self.is_admin


def viewer_of(request: Any) -> Viewer:
    """The viewer of a REST request; raises AuthTokenInvalid when nobody is logged in."""
    viewer = getattr(request, "auth", None)
    if isinstance(viewer, Viewer):
        return viewer
    raise AuthTokenInvalid

"""The JSON shapes of people and devices."""

from __future__ import annotations

from typing import Any

from accounts.models import RefreshFamily, User
from chatsite.lib import clock


def person(user: User) -> dict[str, Any]:
    """Somebody as they see themselves."""
    return {
        "id": user.pk,
        "username": user.username,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "is_visitor": user.is_visitor,
        **profile(user),
        "teams": [{"id": team.pk, "name": team.name} for team in user.teams.all()],
        "created_at": clock.rfc3339(user.created_at),
    }


def profile(user: User) -> dict[str, Any]:
    """What people may change about themselves."""
    return {
        "display_name": user.display_name,
        "email": user.email,
        "avatar": user.avatar,
        "locale": user.locale,
        "timezone": user.timezone,
        "theme": user.theme,
    }


def device(family: RefreshFamily, *, current_id: str | None) -> dict[str, Any]:
    """One logged-in device for its owner."""
    return {
        "id": str(family.pk),
        "user_agent": family.user_agent,
        "ip": family.ip,
        "issued_at": clock.rfc3339(family.created_at),
        "last_used_at": clock.rfc3339(family.last_used_at),
        "expires_at": clock.rfc3339(family.expires_at),
        "current": str(family.pk) == current_id,
    }

"""Reads of the support product: widgets, who is online, who could take a chat."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from accounts.models import Role, Team, User
from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import NotFound
from sessions_app.actions.assignment import team_online
from sessions_app.models import (
    ChatSession,
    Presence,
    PresenceStatus,
    SessionKind,
    SessionStatus,
)
from sessions_app.queries import online_ids
from support import hours, proofs
from support.models import Widget


def live_widget(key: str) -> Widget:
    """The enabled widget with this public key; raises NotFound."""
    # What is no key (NUL, say) never reaches the database, which would refuse it loudly.
    found = Widget.objects.live().select_related("team").filter(key=key)
    widget = found.first() if proofs.is_key(key) else None
    if widget is None:
        raise NotFound("No such widget")
    return widget


def is_anyone_online(team: Team) -> bool:
    """Is an agent of the team, or an admin, there right now? The same answer as at a hand-off."""
    return team_online(team.pk)


def opening(widget: Widget) -> hours.Status:
    """Whether the widget's desk is open now by its business hours, and when it opens next."""
    return hours.status(widget.business_hours, at=clock.now())


def newest_open_session(*, user: User) -> ChatSession | None:
    """The visitor's last support chat that is not closed, to take up again."""
    return (
        ChatSession.objects.filter(customer=user, kind=SessionKind.SUPPORT, archived_at=None)
        .exclude(status=SessionStatus.CLOSED)
        .order_by("-recency", "-updated_at", "-id")
        .first()
    )


@dataclass(frozen=True, slots=True)
class Colleague:
    """An agent or admin with whom a chat may be shared."""

    user: User
    status: str
    team_ids: list[int]
    open_chats: int

    @property
    def online(self) -> bool:
        """Connected, and not saying otherwise (someone who is away is still there)."""
        return self.status != PresenceStatus.OFFLINE


def colleagues(*, viewer: Viewer) -> list[Colleague]:
    """Everyone who can answer the chats `viewer` sees: own teams' agents, and the admins.

    Admins see all agents. Four queries whatever the number of people.
    """
    people = User.objects.filter(is_active=True, role__in=[Role.AGENT, Role.ADMIN])
    if not viewer.is_admin:
        people = people.filter(Q(teams__in=viewer.team_ids) | Q(role=Role.ADMIN)).distinct()
    found = list(people.prefetch_related("teams").order_by("display_name", "pk"))
    alive = statuses(user.pk for user in found)
    load = dict(
        ChatSession.objects.filter(status=SessionStatus.ASSIGNED, assignee__in=found)
        .values_list("assignee")
        .annotate(number=Count("pk"))
    )
    return [
        Colleague(
            user=user,
            status=alive.get(user.pk, PresenceStatus.OFFLINE),
            team_ids=sorted(team.pk for team in user.teams.all()),
            open_chats=load.get(user.pk, 0),
        )
        for user in found
    ]


def statuses(user_ids: Iterable[int]) -> dict[int, str]:
    """What the connected ones of these users say of themselves: online or away."""
    rows = Presence.objects.filter(user_id__in=online_ids(user_ids))
    return dict(rows.values_list("user_id", "status"))


def teams() -> list[Team]:
    """The teams a chat may be handed to: all of them, since a transfer may leave one's own."""
    return list(Team.objects.order_by("name", "pk"))

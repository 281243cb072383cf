"""Whose eyes a search has: the one description that every filter is made from."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from accounts.viewer import Viewer
from llm.knowledge.models import Article, Audience


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be found: internal articles or not, and those of which teams (None: of every)."""

    internal: bool
    teams: frozenset[int] | None

    @classmethod
    def of_customer(cls, team_id: int | None) -> Scope:
        """What a reply to a customer in a team's chat may rest on."""
        return cls(internal=False, teams=frozenset() if team_id is None else frozenset({team_id}))

    @classmethod
    def of_staff(cls, viewer: Viewer) -> Scope:
        """What an agent or admin may find; a customer, what customers may."""
        if viewer.is_admin:
            return cls(internal=True, teams=None)
        return cls(internal=viewer.is_staff, teams=viewer.team_ids)

    @classmethod
    def of_session(cls, team_id: int | None) -> Scope:
        """What help for an agent in a team's chat may rest on."""
        return cls(internal=True, teams=frozenset() if team_id is None else frozenset({team_id}))

    def of_chunks(self) -> Q:
        """The filter for passages in the database, where the truth is."""
        seen = Q(article__status=Article.Status.PUBLISHED)
        if not self.internal:
            seen &= Q(article__published__audience=Audience.PUBLIC)
        if self.teams is not None:
            seen &= Q(article__published__team__isnull=True) | Q(
                article__published__team_id__in=self.teams
            )
        return seen

"""Whom a chat can be handed to, and who is there."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.schema import refusals
from accounts.viewer import viewer_of
from chatsite.lib.errors import NotFound
from support import payloads, queries

EXAMPLE = {
    "teams": [
        {"id": 1, "name": "Support", "mine": True},
        {"id": 2, "name": "Sales", "mine": False},
    ],
    "agents": [
        {
            "id": 3,
            "name": "Bea Lindqvist",
            "avatar": None,
            "role": "agent",
            "online": True,
            "status": "online",
            "team_ids": [1, 2],
            "open_chats": 4,
        }
    ],
}


class TeamEntrySerializer(serializers.Serializer[Any]):
    """A team."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    mine = serializers.BooleanField()


class ColleagueSerializer(serializers.Serializer[Any]):
    """An agent or admin."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    avatar = serializers.CharField(allow_null=True)
    role = serializers.ChoiceField(["agent", "admin"])
    online = serializers.BooleanField()
    status = serializers.ChoiceField(["online", "away", "offline"])
    team_ids = serializers.ListField(child=serializers.IntegerField())
    open_chats = serializers.IntegerField()


class SupportTeamSerializer(serializers.Serializer[Any]):
    """Teams and colleagues."""

    teams = TeamEntrySerializer(many=True)
    agents = ColleagueSerializer(many=True)


class SupportTeamView(APIView):
    """Staff only; to anybody else this address does not exist."""

    @extend_schema(
        operation_id="support_team",
        tags=["support"],
        summary="Teams and colleagues",
        description="Whom a chat can be handed to, who is connected, and how many chats each has.",
        responses={200: SupportTeamSerializer, **refusals(NotFound)},
        examples=[OpenApiExample("Two teams", value=EXAMPLE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """Answer with all teams, and the colleagues the viewer shares chats with."""
        viewer = viewer_of(request)
        if not viewer.is_staff:
            raise NotFound
        return Response(
            {
                "teams": [
                    {"id": team.pk, "name": team.name, "mine": team.pk in viewer.team_ids}
                    for team in queries.teams()
                ],
                "agents": [payloads.colleague(one) for one in queries.colleagues(viewer=viewer)],
            }
        )

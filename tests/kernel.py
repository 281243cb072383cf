"""Helpers of the kernel's tests: teams, sessions, and REST as somebody."""

from __future__ import annotations

from typing import Any

import orjson
from django.test import Client

from accounts.models import Team, User
from accounts.tokens import issue_access
from accounts.viewer import Viewer
from sessions_app import actions
from sessions_app.models import ChatSession

API = "/api/v1"


def team(name: str, *members: User, is_default: bool = False) -> Team:
    """A team with these members."""
    made, _ = Team.objects.get_or_create(
        slug=name, defaults={"name": name.title(), "is_default": is_default}
    )
    made.members.add(*members)
    return made


def chat(customer: User, *, assistant: bool = False, team_id: int | None = None) -> ChatSession:
    """An open support session of a customer."""
    return actions.open_session(
        viewer=Viewer.of(customer), assistant=assistant, team_id=team_id, source="test"
    )


class Rest:
    """REST as a user, or as nobody."""

    def __init__(self, user: User | None = None) -> None:
        self._client = Client(raise_request_exception=False)
        token = issue_access(user) if user else ""
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call an endpoint below /api/v1; ``body`` is JSON unless it is bytes."""
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        return self._client.generic(
            method, f"{API}{path}", raw, "application/json", headers=self._headers
        )

    def get(self, path: str) -> Any:
        """GET."""
        return self.call("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        """POST; no body is an empty object."""
        return self.call("POST", path, {} if body is None else body)


def code(response: Any) -> tuple[int, str]:
    """Status and error code of a problem, whose shape is checked too."""
    problem = response.json()
    assert response["Content-Type"] == "application/problem+json", response.content
    assert problem["status"] == response.status_code
    assert problem["request_id"] == response["X-Request-ID"]
    return response.status_code, problem["code"]

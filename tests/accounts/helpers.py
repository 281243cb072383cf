"""Small tools of the account tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import connections
from rest_framework.test import APIClient

from accounts.models import User
from tests.cast import PASSWORD

AUTH = "/api/v1/auth"

Result = TypeVar("Result")


def log_in(user: User, client: APIClient | None = None, **body: Any) -> tuple[APIClient, Any]:
    """A client that logged in over REST, and the answer's body."""
    client = client or APIClient()
    answer = client.post(
        f"{AUTH}/login", {"username": user.username, "password": PASSWORD, **body}, format="json"
    )
    assert answer.status_code == 200, answer.content
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access_token']}")
    return client, answer.json()


def bearer(token: str) -> APIClient:
    """A client with an access token."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def problem(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


def at_once(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run the calls in threads that start together; their results in order."""
    start = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(index: int) -> None:
        start.wait()
        try:
            results[index] = calls[index]()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results

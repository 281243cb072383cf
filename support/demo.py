"""The demo's cast and logins. Public by design: they exist only where the demo was seeded."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

WIDGET_KEY = "demo"
SHOP = "Fern & Field"


@dataclass(frozen=True, slots=True)
class Login:
    """Someone of the demo who can sign in."""

    username: str
    email: str
    name: str
    role: str
    password: str
    teams: tuple[str, ...] = ()


ADA = Login("ada", "ada@example.com", "Ada Okafor", "admin", "demo-admin")
BEN = Login("ben", "ben@example.com", "Ben Halvorsen", "agent", "demo-agent", ("support",))
BEA = Login("bea", "bea@example.com", "Bea Lindqvist", "agent", "demo-agent", ("support", "sales"))
CAST = (ADA, BEN, BEA)


def logins() -> list[dict[str, str]]:
    """The logins to print on pages; none in production."""
    if settings.PRODUCTION:
        return []
    return [
        {
            "name": one.name,
            "role": one.role,
            "username": one.username,
            "email": one.email,
            "password": one.password,
        }
        for one in CAST
    ]

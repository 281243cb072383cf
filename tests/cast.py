"""The people in our tests. Each call gives the person as stored, made on first use.

Ada runs the place; Ben and Bea are agents; Vic and Mia are customers; Eve means no good.
"""

from __future__ import annotations

from functools import cache

from django.contrib.auth.hashers import make_password

from accounts.models import Role, User

PASSWORD = "correct horse battery staple"


def ada() -> User:
    """The admin."""
    return _person("ada", Role.ADMIN)


def ben() -> User:
    """An agent."""
    return _person("ben", Role.AGENT)


def bea() -> User:
    """Another agent."""
    return _person("bea", Role.AGENT)


def vic() -> User:
    """A customer."""
    return _person("vic", Role.CUSTOMER)


def mia() -> User:
    """Another customer."""
    return _person("mia", Role.CUSTOMER)


def eve() -> User:
    """A customer who tries doors."""
    return _person("eve", Role.CUSTOMER)


def _person(name: str, role: Role) -> User:
    return User.objects.get_or_create(
        username=name,
        defaults={
            "email": f"{name}@example.com",
            "display_name": name.title(),
            "role": role,
            "is_superuser": role == Role.ADMIN,
            "password": _hash(),
        },
    )[0]


@cache
def _hash() -> str:
    return make_password(PASSWORD)

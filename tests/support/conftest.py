"""The widget of our tests, and doors to knock at."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Team
from support.actions import create_widget
from tests import cast

SITE = "http://testserver"
SHOP = "https://shop.example"


@pytest.fixture
def team(db):
    """The team that answers; Ben is in it, Bea is not."""
    made = Team.objects.create(name="Support", slug="support", is_default=True)
    made.members.add(cast.ben())
    return made


@pytest.fixture
def other_team(db):
    """Bea's team."""
    made = Team.objects.create(name="Sales", slug="sales")
    made.members.add(cast.bea())
    return made


@pytest.fixture
def widget_and_secret(team):
    """A widget for SHOP and its secret in the clear."""
    return create_widget(
        key="fern",
        name="Fern & Field",
        team=team,
        allowed_origins=[SHOP],
        greeting={"en": "Hello", "zh-hans": "您好"},
        suggestions={"en": ["Sizes?"]},
    )


@pytest.fixture
def widget(widget_and_secret):
    """The widget alone."""
    return widget_and_secret[0]


@pytest.fixture
def secret(widget_and_secret):
    """The widget's secret."""
    return widget_and_secret[1]


@pytest.fixture
def browser():
    """A browser nobody is signed in with."""
    return Client()


@pytest.fixture
def admin(db):
    """Ada's browser, signed in at the admin."""
    client = Client()
    client.force_login(cast.ada())
    return client

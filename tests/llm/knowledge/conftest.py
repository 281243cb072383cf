"""A library of two articles, and a real vector index where a test asks for one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from accounts.viewer import Viewer
from deploy import services
from llm.knowledge import actions, indexing, nearness, vectors
from llm.knowledge.models import Article
from tests import cast

RETURNS = "You can return anything unworn within 60 days of delivery, free of charge."
REFUNDS = "We refund within 3 working days of your return reaching our warehouse."


@pytest.fixture(scope="session")
def chroma_server() -> Iterator[services.Chroma]:
    """One Chroma for the whole run."""
    with tempfile.TemporaryDirectory(prefix="cland-chroma-") as folder:
        server = services.Chroma(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture(autouse=True)
def _no_index(settings: Any) -> None:
    """No vector index unless a test asks for one, whatever the topology of the run."""
    settings.CHROMA_URL, settings.EMBEDDED = "", False
    vectors.index.close()


@pytest.fixture
def chroma(
    _no_index: None, chroma_server: services.Chroma, settings: Any
) -> Iterator[services.Chroma]:
    """An empty vector index that this process uses."""
    settings.CHROMA_URL = chroma_server.url
    vectors.index.close()
    nearness.warm()
    for kind in (vectors.CHUNK, vectors.MEMORY):
        vectors.index.drop(kind, list(vectors.index.everything(kind)))
    vectors.forgive()
    yield chroma_server
    vectors.index.close()


@pytest.fixture
def admin(db: None) -> Viewer:
    """Ada, who may publish."""
    return Viewer.of(cast.ada())


@pytest.fixture
def publish(admin: Viewer) -> Callable[..., Article]:
    """Write and publish an article."""

    def write(title: str, body: str, **fields: Any) -> Article:
        draft = actions.create_article(viewer=admin, title=title, body=body, **fields)
        return actions.publish_article(viewer=admin, article_id=draft.pk)

    return write


@pytest.fixture
def returns(publish: Callable[..., Article]) -> Article:
    """How to send something back."""
    return publish("How do I return something?", RETURNS)


@pytest.fixture
def refunds(publish: Callable[..., Article]) -> Article:
    """When money comes back."""
    return publish("When do I get my refund?", REFUNDS)


def catch_up() -> int:
    """Do every index job there is; returns how many."""
    done = 0
    while some := indexing.do_some():
        done += some
    return done


def viewer(user: User) -> Viewer:
    """Somebody as they are now."""
    return Viewer.of(user)

"""Static files come straight from the packages, whole, and without a warning under ASGI."""

import warnings

import pytest
from django.test import AsyncClient, Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    [
        "/static/unfold/css/styles.css",
        "/static/admin/js/core.js",
        "/static/support/admin/admin.css",
        "/static/support/shop/base.css",
        "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css",
    ],
)
async def test_are_served_without_a_collecting_step(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        response = await AsyncClient().get(path)
    assert response.status_code == 200
    assert not response.streaming
    assert len(response.content) == int(response["Content-Length"]) > 100
    assert response["X-Content-Type-Options"] == "nosniff"


def test_are_not_sent_twice():
    first = Client().get("/static/support/shop/base.css")
    again = Client().get(
        "/static/support/shop/base.css", headers={"If-Modified-Since": first["Last-Modified"]}
    )
    assert again.status_code == 304
    assert again.content == b""


def test_parts_can_be_asked_for():
    part = Client().get("/static/support/shop/base.css", headers={"Range": "bytes=2-9"})
    assert part.status_code == 206
    assert len(part.content) == 8


def test_heads_have_no_body():
    head = Client().head("/static/support/shop/base.css")
    assert head.status_code == 200
    assert head.content == b""


@pytest.mark.parametrize(
    "path", ["/static/nope.css", "/static/../chatsite/settings.py", "/static/..%2fmanage.py"]
)
def test_nothing_else_is_served(path):
    assert Client().get(path).status_code == 404

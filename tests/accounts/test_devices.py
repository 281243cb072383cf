"""GET /auth/devices and DELETE /auth/devices/{id}."""

import datetime as dt

import pytest
from rest_framework.test import APIClient

from accounts.models import RefreshFamily
from chatsite.lib import clock
from tests.accounts.helpers import AUTH, log_in, problem
from tests.cast import eve, vic

pytestmark = pytest.mark.django_db


def test_each_login_is_a_device():
    phone = APIClient(REMOTE_ADDR="203.0.113.7", HTTP_USER_AGENT="Phone\x07/1")
    log_in(vic(), phone)
    client, _ = log_in(vic())
    page = client.get(f"{AUTH}/devices").json()
    here, there = page["results"]
    assert (here["current"], there["current"], page["next"]) == (True, False, None)
    assert (there["user_agent"], there["ip"]) == ("Phone/1", "203.0.113.7")
    assert set(here) == {
        "id",
        "user_agent",
        "ip",
        "issued_at",
        "last_used_at",
        "expires_at",
        "current",
    }


def test_the_list_is_read_in_pages():
    client, _ = log_in(vic())
    for _ in range(4):
        log_in(vic())
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"{AUTH}/devices", query).json()
        seen += [device["id"] for device in page["results"]]
        if (cursor := page["next"]) is None:
            break
    assert len(seen) == len(set(seen)) == 5


def test_ended_and_forgotten_devices_are_not_listed():
    client, _ = log_in(vic())
    for _ in range(3):
        log_in(vic())
    moment = clock.now()
    a, b, c = RefreshFamily.objects.order_by("-created_at")[:3]
    RefreshFamily.objects.filter(pk=a.pk).update(ended_at=moment, ended_why="logout")
    RefreshFamily.objects.filter(pk=b.pk).update(last_used_at=moment - dt.timedelta(days=15))
    RefreshFamily.objects.filter(pk=c.pk).update(expires_at=moment)
    assert len(client.get(f"{AUTH}/devices").json()["results"]) == 1


def test_a_device_is_ended_from_another():
    client, _ = log_in(vic())
    other, _ = log_in(vic())
    there = next(d for d in client.get(f"{AUTH}/devices").json()["results"] if not d["current"])
    assert client.delete(f"{AUTH}/devices/{there['id']}").status_code == 204
    assert problem(other.get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_REVOKED")
    assert client.get(f"{AUTH}/me").status_code == 200
    assert client.delete(f"{AUTH}/devices/{there['id']}").status_code == 404


def test_a_strangers_device_does_not_exist():
    log_in(vic())
    device = RefreshFamily.objects.get()
    eves, _ = log_in(eve())
    assert problem(eves.delete(f"{AUTH}/devices/{device.pk}")) == (404, "NOT_FOUND")
    device.refresh_from_db()
    assert device.ended_at is None
    assert str(device.pk) not in eves.get(f"{AUTH}/devices").content.decode()


def test_nobody_sees_nothing(client):
    assert problem(client.get(f"{AUTH}/devices")) == (401, "AUTH_TOKEN_INVALID")
    assert problem(client.delete(f"{AUTH}/devices/x")) == (401, "AUTH_TOKEN_INVALID")

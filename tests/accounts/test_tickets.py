"""Tickets: one entry, within a minute, for one purpose."""

import datetime as dt
from functools import partial

import pytest

from accounts.actions import end_devices, issue_ticket, redeem_ticket
from accounts.actions.devices import Ended
from accounts.models import Ticket, User
from accounts.tokens import viewer_from_access
from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import AuthTokenExpired, AuthTokenInvalid, AuthTokenRevoked, DomainError
from tests.accounts.helpers import at_once, log_in
from tests.cast import ben, vic


@pytest.mark.django_db
def test_a_ticket_lets_its_viewer_in_once():
    viewer = viewer_from_access(log_in(vic())[1]["access_token"])
    ticket = issue_ticket(viewer=viewer, purpose="ws")
    assert redeem_ticket(ticket=ticket, purpose="ws") == viewer
    with pytest.raises(AuthTokenInvalid):
        redeem_ticket(ticket=ticket, purpose="ws")


@pytest.mark.django_db
def test_a_ticket_is_for_its_purpose_only():
    ticket = issue_ticket(viewer=Viewer.of(vic()), purpose="stream:1")
    with pytest.raises(AuthTokenInvalid):
        redeem_ticket(ticket=ticket, purpose="stream:2")
    assert redeem_ticket(ticket=ticket, purpose="stream:1").user_id == vic().pk


@pytest.mark.django_db
def test_a_ticket_lives_a_minute(monkeypatch):
    ticket = issue_ticket(viewer=Viewer.of(vic()), purpose="ws")
    moment = clock.now() + dt.timedelta(seconds=61)
    monkeypatch.setattr(clock, "now", lambda: moment)
    with pytest.raises(AuthTokenExpired):
        redeem_ticket(ticket=ticket, purpose="ws")


@pytest.mark.django_db
def test_the_viewer_is_the_one_of_now():
    ticket = issue_ticket(viewer=Viewer.of(vic()), purpose="ws")
    User.objects.update(role="agent")
    assert redeem_ticket(ticket=ticket, purpose="ws").is_agent


@pytest.mark.django_db
def test_who_lost_access_gets_in_no_more():
    viewer = viewer_from_access(log_in(vic())[1]["access_token"])
    ticket = issue_ticket(viewer=viewer, purpose="ws")
    end_devices(user_id=viewer.user_id, why=Ended.ENDED)
    with pytest.raises(AuthTokenRevoked):
        redeem_ticket(ticket=ticket, purpose="ws")
    bens = issue_ticket(viewer=Viewer.of(ben()), purpose="ws")
    User.objects.update(is_active=False)
    with pytest.raises(AuthTokenRevoked):
        redeem_ticket(ticket=bens, purpose="ws")


@pytest.mark.django_db
@pytest.mark.parametrize("ticket", ["", "x", "\ud800", "\x00", "a" * 100_000])
def test_what_is_no_ticket_is_refused(ticket):
    with pytest.raises(AuthTokenInvalid):
        redeem_ticket(ticket=ticket, purpose="ws")


@pytest.mark.django_db
def test_the_ticket_is_not_stored():
    ticket = issue_ticket(viewer=Viewer.of(vic()), purpose="ws")
    assert ticket not in str(Ticket.objects.values())


@pytest.mark.django_db(transaction=True)
def test_of_ten_at_once_one_gets_in():
    def enter(ticket: str) -> bool:
        try:
            redeem_ticket(ticket=ticket, purpose="ws")
        except DomainError:
            return False
        return True

    for _ in range(20):
        ticket = issue_ticket(viewer=Viewer.of(vic()), purpose="ws")
        assert sorted(at_once([partial(enter, ticket)] * 10)) == [False] * 9 + [True]

"""The demo: all of it, once, and believable."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Team, User
from sessions_app.models import ChatSession, Message, Presence
from support import demo
from support.actions import seed_demo
from support.models import Widget

pytestmark = pytest.mark.django_db


def test_puts_in_people_teams_a_widget_and_conversations():
    assert seed_demo() is True
    assert {u.email: u.role for u in User.objects.exclude(role="customer")} == {
        "ada@example.com": "admin",
        "ben@example.com": "agent",
        "bea@example.com": "agent",
    }
    assert {t.name for t in User.objects.get(username="bea").teams.all()} == {"Support", "Sales"}
    assert Team.objects.get(is_default=True).slug == "support"
    assert Widget.objects.get().key == "demo"
    assert set(ChatSession.objects.values_list("status", flat=True)) == {
        "bot",
        "queued",
        "assigned",
        "closed",
    }


def test_a_second_time_changes_nothing():
    seed_demo()
    before = (User.objects.count(), Message.objects.count(), Widget.objects.get().secret_encrypted)
    assert seed_demo() is False
    after = (User.objects.count(), Message.objects.count(), Widget.objects.get().secret_encrypted)
    assert after == before


def test_every_conversation_is_whole():
    seed_demo()
    for session in ChatSession.objects.all():
        messages = list(session.messages.order_by("seq"))
        assert [m.seq for m in messages] == list(range(1, session.last_seq + 1))
        times = [m.created_at for m in messages]
        assert times == sorted(times)
        assert session.created_at <= times[0]
        assert times[-1] <= session.updated_at
        assert session.reply_due_at is None
        assert session.live_turn is None
        if session.waiting_since:
            assert session.created_at <= session.waiting_since <= session.updated_at


def test_nobody_seems_to_be_there():
    seed_demo()
    assert not Presence.objects.exists()


def test_the_demo_logins_work(client):
    seed_demo()
    for login in demo.logins():
        answer = client.post(
            "/api/v1/auth/login",
            {"username": login["email"], "password": login["password"]},
            content_type="application/json",
        )
        assert answer.status_code == 200
        assert answer.json()["user"]["role"] == login["role"]


def test_the_command_says_the_logins(capsys):
    call_command("seed")
    call_command("seed")
    said = capsys.readouterr().out
    assert "The demo is in." in said
    assert "The demo was there already." in said
    assert "ada@example.com" in said


def test_known_passwords_do_not_reach_production_by_accident(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError):
        call_command("seed")
    assert not User.objects.exists()
    assert demo.logins() == []

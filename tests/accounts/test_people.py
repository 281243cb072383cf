"""People as the database keeps them: visitors, rules, disabling, old hashes."""

from functools import partial

import bcrypt
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from accounts.actions import disable, make_visitor, sweep
from accounts.models import LoginAttempts, RefreshFamily, RefreshToken, Team, Ticket, User
from accounts.signals import access_revoked
from accounts.tokens import issue_access, verify, viewer_from_access
from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import Conflict
from tests.accounts.helpers import AUTH, at_once, log_in, problem
from tests.cast import PASSWORD, ada, bea, ben, mia, vic


@pytest.mark.django_db
def test_a_visitor_is_a_customer_who_cannot_log_in():
    visitor = make_visitor(name="Mo\x00 ", email="mo@example.com", locale="zh-CN")
    visitor.refresh_from_db()
    assert (visitor.role, visitor.is_visitor, visitor.name) == ("customer", True, "Mo")
    assert (visitor.email, visitor.locale) == ("mo@example.com", "zh-CN")
    assert not visitor.has_usable_password()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "claims",
    [
        {"name": "x" * 5000},
        {"email": "no address"},
        {"email": "x" * 5000 + "@example.com"},
        {"locale": "../../etc"},
        {"locale": "x" * 500},
        {"name": "\u202e\x07", "email": "\x00", "locale": "\x00"},
        {"name": "\ud800", "email": "\ud800@example.com"},
    ],
)
def test_what_a_visitor_claims_is_stored_only_when_it_can_be(claims):
    assert User.objects.filter(pk=make_visitor(**claims).pk, locale="en").exists()


@pytest.mark.django_db
def test_a_visitor_with_a_customers_address_neither_blocks_nor_becomes_them():
    vic()
    for _ in range(2):
        visitor = make_visitor(email="vic@example.com")
        assert visitor.pk != vic().pk
    assert User.objects.by_login("VIC@example.com") == vic()


@pytest.mark.django_db
def test_a_visitors_token_vouches_for_no_address():
    token = issue_access(make_visitor(email="ada@example.com"))
    assert verify(token, typ="access")["email"] == ""


@pytest.mark.django_db
def test_a_visitors_token_is_bound_to_its_widget():
    viewer = viewer_from_access(issue_access(make_visitor(), widget_id=7, ttl=60))
    assert (viewer.widget_id, viewer.is_visitor, viewer.is_customer) == (7, True, True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"role": "owner"},
        {"role": "admin"},
        {"is_superuser": True},
        {"theme": "pink"},
        {"email": ""},
        {"email": "MIA@example.com"},
        {"username": "MIA"},
        {"username": "a@b"},
        {"username": ""},
        {"is_visitor": True, "role": "agent"},
    ],
    ids=str,
)
def test_the_database_refuses_what_the_rules_forbid(changes):
    mia()
    user = vic()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(**changes)


@pytest.mark.django_db
def test_there_is_one_default_team_at_most():
    Team.objects.create(name="Care", slug="care", is_default=True)
    Team.objects.create(name="Sales", slug="sales")
    with pytest.raises(IntegrityError), transaction.atomic():
        Team.objects.filter(slug="sales").update(is_default=True)


@pytest.mark.django_db
def test_a_family_cannot_have_two_live_tokens():
    log_in(vic())
    family = RefreshFamily.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        RefreshToken.objects.create(family=family, hash="x", expires_at=clock.now())


@pytest.mark.django_db
def test_a_viewer_is_read_from_the_person():
    team = Team.objects.create(name="Care", slug="care")
    team.members.add(ben())
    viewer = Viewer.of(ben())
    assert viewer.team_ids == {team.pk}
    assert (viewer.is_agent, viewer.is_staff, viewer.is_admin) == (True, True, False)
    assert Viewer.of(vic()).team_ids == frozenset()


@pytest.mark.django_db
def test_createsuperuser_makes_an_admin(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--noinput", username="root", email="root@example.com")
    root = User.objects.get(username="root")
    assert (root.role, root.is_staff, root.is_superuser) == ("admin", True, True)
    assert root.check_password(PASSWORD)


@pytest.mark.django_db
def test_disabling_ends_everything_at_once(django_capture_on_commit_callbacks):
    heard = []

    def hear(sender, user_id, family_id, **_):
        heard.append((user_id, family_id))

    access_revoked.connect(hear)
    client, _ = log_in(ben())
    with django_capture_on_commit_callbacks(execute=True):
        disable(user_id=ben().pk)
    access_revoked.disconnect(hear)
    assert problem(client.get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_REVOKED")
    assert (ben().pk, None) in heard


@pytest.mark.django_db
def test_the_last_active_admin_stays():
    ada()
    with pytest.raises(Conflict):
        disable(user_id=ada().pk)
    assert ada().is_active


@pytest.mark.django_db(transaction=True)
def test_of_the_last_two_admins_one_stays_also_when_both_go_at_once():
    for _ in range(5):
        User.objects.all().delete()
        admins = [ada().pk, User.objects.create_superuser("root").pk]

        def drop(user_id: int) -> bool:
            try:
                disable(user_id=user_id)
            except Conflict:
                return False
            return True

        done = at_once([partial(drop, pk) for pk in admins])
        assert sorted(done) == [False, True]
        assert User.objects.filter(role="admin", is_active=True).count() == 1


def bcrypted(password: bytes = PASSWORD.encode(), prefix: bytes = b"2b") -> str:
    return bcrypt.hashpw(password[:72], bcrypt.gensalt(4, prefix)).decode()


LONG = "x" * 100
OLD_HASHES = {
    "bcrypt": (lambda: f"bcrypt${bcrypted()}", PASSWORD),
    "bcrypt as exported": (bcrypted, PASSWORD),
    "bcrypt 2a": (lambda: bcrypted(prefix=b"2a"), PASSWORD),
    "bcrypt 2y": (lambda: bcrypted().replace("$2b$", "$2y$"), PASSWORD),
    "bcrypt of a long password": (lambda: bcrypted(LONG.encode()), LONG),
    "bcrypt_sha256": (
        lambda: (
            __import__("django.contrib.auth.hashers", fromlist=["x"])
            .BCryptSHA256PasswordHasher()
            .encode(PASSWORD, bcrypt.gensalt(4))
        ),
        PASSWORD,
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", OLD_HASHES)
def test_an_old_hash_opens_and_is_replaced_at_login(client, kind):
    make, password = OLD_HASHES[kind]
    vic()
    User.objects.update(password=make())
    body = {"username": "vic", "password": "wrong"}
    assert client.post(f"{AUTH}/login", body, "application/json").status_code == 401
    assert "argon2" not in vic().password
    body["password"] = password
    assert client.post(f"{AUTH}/login", body, "application/json").status_code == 200
    assert vic().password.startswith("argon2$argon2id$")
    assert client.post(f"{AUTH}/login", body, "application/json").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("stored", ["", "!", "nonsense", "bcrypt$nonsense", "argon2$x", "$2b$12$x"])
def test_a_hash_that_cannot_be_read_opens_nothing(client, stored):
    vic()
    User.objects.update(password=stored)
    body = {"username": "vic", "password": PASSWORD}
    answer = client.post(f"{AUTH}/login", body, "application/json")
    assert problem(answer) == (401, "AUTH_INVALID_CREDENTIALS")


@pytest.mark.django_db
def test_what_is_over_is_swept():
    log_in(vic())
    log_in(mia())
    log_in(bea())
    moment = clock.now()
    long_ago = moment.replace(year=moment.year - 1)
    RefreshFamily.objects.filter(user=vic()).update(expires_at=long_ago)
    RefreshFamily.objects.filter(user=mia()).update(ended_at=long_ago, ended_why="logout")
    Ticket.objects.create(hash="x", user=vic(), purpose="ws", expires_at=long_ago)
    LoginAttempts.objects.update(updated_at=long_ago)
    sweep()
    assert RefreshFamily.objects.get().user == bea()
    assert not Ticket.objects.exists()
    assert not LoginAttempts.objects.exists()


@pytest.mark.django_db
def test_names_are_looked_up_with_an_index(django_assert_num_queries):
    if connection.vendor != "postgresql":
        pytest.skip("The plan is PostgreSQL's.")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT 1 FROM accounts_user WHERE lower(username) = lower('Ada')")
        assert "accounts_user_username" in str(cursor.fetchall())

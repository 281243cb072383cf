"""POST /auth/change-password."""

import pytest
from rest_framework.test import APIClient

from accounts.actions import issue_ticket, make_visitor
from accounts.models import Ticket
from accounts.tokens import issue_access
from accounts.viewer import Viewer
from tests.accounts.helpers import AUTH, bearer, log_in, problem
from tests.cast import PASSWORD, vic

pytestmark = pytest.mark.django_db
NEW = "a quite different phrase"


def change(client: APIClient, current: str = PASSWORD, new: str = NEW):
    body = {"current_password": current, "new_password": new}
    return client.post(f"{AUTH}/change-password", body, format="json")


def test_every_other_device_ends_and_this_one_goes_on():
    here, _ = log_in(vic())
    there, body = log_in(vic(), token_transport="body")
    issue_ticket(viewer=Viewer.of(vic()), purpose="ws")
    assert change(here).status_code == 204
    assert here.get(f"{AUTH}/me").status_code == 200
    assert problem(there.get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_REVOKED")
    token = {"refresh_token": body["refresh_token"]}
    assert problem(APIClient().post(f"{AUTH}/refresh", token, format="json")) == (
        401,
        "AUTH_TOKEN_REVOKED",
    )
    assert not Ticket.objects.exists()


def test_only_the_new_password_opens():
    client, _ = log_in(vic())
    change(client)
    for password, status in ((PASSWORD, 401), (NEW, 200)):
        answer = APIClient().post(
            f"{AUTH}/login", {"username": "vic", "password": password}, format="json"
        )
        assert answer.status_code == status


def test_without_the_old_password_nothing_changes():
    client, _ = log_in(vic())
    assert problem(change(client, current="wrong")) == (401, "AUTH_INVALID_CREDENTIALS")
    assert vic().check_password(PASSWORD)


@pytest.mark.parametrize("new", ["short", "vic@example.com", "1234567890123"])
def test_a_weak_new_password_is_refused(new):
    client, _ = log_in(vic())
    answer = change(client, new=new)
    assert problem(answer) == (400, "VALIDATION_FAILED")
    assert answer.json()["errors"][0]["field"] == "new_password"


def test_a_visitor_has_no_password():
    client = bearer(issue_access(make_visitor(), widget_id=1))
    assert problem(change(client)) == (401, "AUTH_INVALID_CREDENTIALS")


def test_nobody_changes_nothing():
    assert problem(change(APIClient())) == (401, "AUTH_TOKEN_INVALID")

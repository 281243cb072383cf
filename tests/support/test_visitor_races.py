"""Eight tabs of one person arrive at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from support import proofs
from support.actions import Claim, start_visit
from support.models import VisitorCredential, VisitorIdentity


@pytest.mark.django_db(transaction=True)
def test_eight_tabs_at_once_make_one_identity(widget, secret):
    proof = proofs.sign_identity(secret=secret, external_id="mara")

    def come(_tab):
        try:
            claim = Claim(external_id="mara", proof=proof, name="Mara")
            return start_visit(widget=widget, claim=claim).user.pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as tabs:
        people = set(tabs.map(come, range(8)))
    assert people == {VisitorIdentity.objects.get().user_id}
    assert VisitorCredential.objects.count() == 8

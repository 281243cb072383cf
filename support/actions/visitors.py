"""Who a browser with the widget is: anonymous, returning, or vouched for by its host site.

History opens by exactly two things: a visitor token of this widget, or the host site's signature
under its own user id. Names and e-mails are decoration. People are never merged: a browser that is
told another identity gets that identity's user; what was said before stays with who said it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.actions import make_visitor
from accounts.models import User
from accounts.signals import announce_revoked
from chatsite.lib import clock, crypto
from chatsite.lib.errors import PermissionDenied
from support import proofs
from support.models import VisitorCredential, VisitorIdentity, Widget

LIFETIME = timedelta(days=180)
# A credential in use is pushed on once a day, not with every page that is looked at.
SLIDE_AFTER = timedelta(days=1)
# So long an ended credential can still be looked up in the admin.
KEPT_AFTER_END = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a host site says of the person in front of it; `proof` is its signature of the id."""

    external_id: str
    proof: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """The user behind a visit, and the token with which the browser comes back as them."""

    user: User
    visitor_token: str

    @property
    def identified(self) -> bool:
        """Did a host site vouch for this person?"""
        return VisitorIdentity.objects.filter(user=self.user).exists()


def start_visit(
    *, widget: Widget, visitor_token: str = "", claim: Claim | None = None, locale: str = ""
) -> Visit:
    """Find or make the visitor. Raises PermissionDenied when `claim` is not signed by the widget.

    An unknown, foreign, expired or revoked token is not an error: the visitor starts anew.
    """
    now = clock.now()
    if claim is not None:
        _check(widget, claim)
    with transaction.atomic():
        held = _find(widget, visitor_token, at=now)
        if claim is None:
            if held is not None:
                return _again(held, visitor_token, at=now)
            return _issue(widget, make_visitor(locale=locale), at=now)
        user = _identified(widget, claim, locale)
        if held is not None and held.user_id == user.pk:
            return _again(held, visitor_token, at=now)
        if held is not None and VisitorIdentity.objects.filter(user_id=held.user_id).exists():
            # The browser now belongs to someone else: the previous person's token ends here.
            revoke(credential=held)
        return _issue(widget, user, at=now)


def end_visit(*, widget: Widget, visitor_token: str) -> None:
    """Revoke a visitor token (the host site logged its user out). Unknown tokens are ignored."""
    held = _find(widget, visitor_token, at=clock.now())
    if held is not None:
        revoke(credential=held)


def revoke(*, credential: VisitorCredential) -> None:
    """End a credential now, and close its sockets and streams.

    Those of the same person's other browsers close too, and come back by themselves.
    """
    with transaction.atomic():
        credential.revoked_at = clock.now()
        credential.save(update_fields=["revoked_at"])
        announce_revoked(user_id=credential.user_id)


def sweep() -> int:
    """Delete credentials that ended more than KEPT_AFTER_END ago; returns how many."""
    before = clock.now() - KEPT_AFTER_END
    ended = Q(expires_at__lt=before) | Q(revoked_at__lt=before)
    return VisitorCredential.objects.filter(ended).delete()[0]


def _check(widget: Widget, claim: Claim) -> None:
    secret = crypto.decrypt(widget.secret_encrypted)
    if not proofs.identity_is_signed(
        secret=secret, external_id=claim.external_id, proof=claim.proof
    ):
        raise PermissionDenied("The identity is not signed with this widget's secret")


def _find(widget: Widget, token: str, *, at: datetime) -> VisitorCredential | None:
    if not token:
        return None
    return (
        VisitorCredential.objects.usable(at=at)
        .select_related("user")
        .filter(widget=widget, token_hash=proofs.fingerprint(token))
        .first()
    )


def _again(held: VisitorCredential, token: str, *, at: datetime) -> Visit:
    if at - held.used_at > SLIDE_AFTER:
        held.used_at, held.expires_at = at, at + LIFETIME
        held.save(update_fields=["used_at", "expires_at"])
    return Visit(held.user, token)


def _issue(widget: Widget, user: User, *, at: datetime) -> Visit:
    token = proofs.new_visitor_token()
    VisitorCredential.objects.create(
        widget=widget,
        user=user,
        token_hash=proofs.fingerprint(token),
        used_at=at,
        expires_at=at + LIFETIME,
    )
    return Visit(user, token)


def _identified(widget: Widget, claim: Claim, locale: str) -> User:
    known = VisitorIdentity.objects.select_related("user")
    identity = known.filter(widget=widget, external_id=claim.external_id).first()
    if identity is None:
        try:
            with transaction.atomic():
                user = make_visitor(name=claim.name, email=claim.email, locale=locale)
                identity = VisitorIdentity.objects.create(
                    widget=widget, external_id=claim.external_id, user=user, email=claim.email
                )
        except IntegrityError:
            # Two tabs arrived at once: the other one made the identity.
            identity = known.get(widget=widget, external_id=claim.external_id)
    if not identity.user.is_active:
        raise PermissionDenied("This visitor was blocked")
    return identity.user

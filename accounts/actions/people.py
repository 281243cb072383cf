"""Making people and changing them."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from accounts.actions.devices import Ended, LoggedIn, end_devices, start_device
from accounts.actions.login import prove_password
from accounts.client import Client
from accounts.models import Role, Ticket, User
from accounts.signals import announce_revoked
from accounts.viewer import Viewer
from chatsite.lib import ratelimit
from chatsite.lib.errors import (
    AuthInvalidCredentials,
    AuthRegisterDisabled,
    Conflict,
    FieldError,
    ValidationFailed,
)

log = logging.getLogger(__name__)

PROFILE_FIELDS = ("display_name", "email", "avatar", "locale", "timezone", "theme")


def register(
    *, email: str, password: str, client: Client, username: str = "", display_name: str = ""
) -> LoggedIn:
    """Sign a customer up and log them in.

    Raises AuthRegisterDisabled, ValidationFailed, and Conflict when a name is taken.
    """
    if not settings.AUTH_ALLOW_SELF_REGISTER:
        raise AuthRegisterDisabled
    ratelimit.hit("register_ip", client.network)
    user = User(username=username or _username_from(email), email=email, display_name=display_name)
    _check_password(password, user, field="password")
    _check_fields(user)
    user.set_password(password)
    with _names_may_be_taken():
        user.save(force_insert=True)
    log.info("registered", extra={"user_id": user.pk, "ip": client.ip})
    return start_device(user=user, client=client)


def change_password(
    *, viewer: Viewer, current_password: str, new_password: str, client: Client
) -> None:
    """Replace the viewer's own password; every other device is logged out.

    Raises AuthInvalidCredentials (counted like a failed login) and ValidationFailed.
    """
    user = User.objects.get(pk=viewer.user_id)
    if user.is_visitor:
        raise AuthInvalidCredentials
    prove_password(name=user.username, password=current_password, client=client)
    _check_password(new_password, user, field="new_password")
    user.set_password(new_password)
    with transaction.atomic():
        user.save(update_fields=["password"])
        kept = UUID(viewer.family_id) if viewer.family_id else None
        end_devices(user_id=user.pk, why=Ended.PASSWORD, except_id=kept)
        Ticket.objects.filter(user=user).delete()
    log.info("password changed", extra={"user_id": user.pk, "ip": client.ip})


def update_profile(*, user: User, changes: Mapping[str, Any]) -> User:
    """Change what people may change about themselves; other names in `changes` are ignored.

    Raises ValidationFailed, and Conflict when the e-mail is taken.
    """
    fields = [field for field in PROFILE_FIELDS if field in changes]
    for field in fields:
        setattr(user, field, changes[field])
    _check_fields(user)
    if fields:
        with _names_may_be_taken():
            user.save(update_fields=fields)
    return user


def make_visitor(*, name: str = "", email: str = "", locale: str = "") -> User:
    """An anonymous widget visitor. What cannot be stored of the claims is left out."""
    visitor = User(
        username=f"visitor-{secrets.token_hex(8)}",
        display_name="".join(char for char in name if char.isprintable()).strip()[:120],
        is_visitor=True,
        email=_email_or_none(email),
        locale=locale
        if re.fullmatch(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,3}", locale)
        else "en",
    )
    visitor.set_unusable_password()
    visitor.save(force_insert=True)
    return visitor


def disable(*, user_id: int) -> None:
    """Refuse this person everywhere at once; raises Conflict for the last active admin."""
    with transaction.atomic():
        user = User.objects.get(pk=user_id)
        user.is_active = False
        edit_person(user=user, fields=["is_active"])


def edit_person(*, user: User, fields: list[str] | None = None) -> None:
    """Store an administrator's changes (all, or some `fields`); lost access ends at once.

    Raises Conflict when a name is taken, and when no active admin would be left, also when two
    are removed in parallel.
    """
    with transaction.atomic():
        # Whoever takes an admin away passes here one after the other, in one order of locks.
        admins = set(
            User.objects.select_for_update()
            .filter(role=Role.ADMIN, is_active=True)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        stays_admin = user.is_active and user.role == Role.ADMIN
        if admins == {user.pk} and not stays_admin:
            raise Conflict("This is the last active admin.")
        before = User.objects.select_for_update().filter(pk=user.pk).first()
        with _names_may_be_taken():
            user.save(update_fields=fields)
        if before is None:
            return
        if not user.is_active:
            end_devices(user_id=user.pk, why=Ended.DISABLED)
            Ticket.objects.filter(user=user).delete()
        if (before.is_active and not user.is_active) or before.role != user.role:
            announce_revoked(user_id=user.pk)


@contextmanager
def _names_may_be_taken() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        field = "email" if "accounts_user_email" in str(error) else "username"
        taken = FieldError(field, "unique", "It is taken.")
        raise Conflict(f"{field}: it is taken.", errors=[taken]) from error


def _check_password(password: str, user: User, *, field: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        problems = [
            FieldError(field, problem.code or "invalid", " ".join(problem.messages))
            for problem in error.error_list
        ]
        raise ValidationFailed(problems[0].detail, errors=problems) from error


def _check_fields(user: User) -> None:
    try:
        user.clean()
        user.clean_fields(exclude=["password"])
        if user.timezone not in available_timezones():
            raise ValidationError({"timezone": "There is no time zone of this name."})
    except ValidationError as error:
        problems = [
            FieldError(field, problem.code or "invalid", " ".join(problem.messages))
            for field, found in error.error_dict.items()
            for problem in found
        ]
        raise ValidationFailed(problems[0].detail, errors=problems) from error


def _username_from(email: str) -> str:
    local = re.sub(r"[^\w.+-]", "", email.split("@")[0])[:100] or "customer"
    taken = User.objects.by_login(local) is not None
    return f"{local}-{secrets.token_hex(4)}" if taken else local


def _email_or_none(email: str) -> str | None:
    try:
        validate_email(email)
    except ValidationError:
        return None
    return email

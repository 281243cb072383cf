"""Forms of the admin pages."""

from __future__ import annotations

import math
from typing import Any

from django import forms
from django.contrib.auth import forms as auth_forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.forms import (
    AdminOwnPasswordChangeForm,
    AdminPasswordChangeForm,
    AuthenticationForm,
    UserCreationForm,
)

from accounts import actions
from accounts.models import ApiKey, User
from accounts.names import tidy_name


def locked(wait_s: float) -> ValidationError:
    """What is said to somebody who guessed too often, and may try again in `wait_s` seconds."""
    minutes = math.ceil(wait_s / 60)
    return ValidationError(
        ngettext(
            "Too many failed sign-ins. Try again in %(minutes)d minute.",
            "Too many failed sign-ins. Try again in %(minutes)d minutes.",
            minutes,
        )
        % {"minutes": minutes},
        code="locked",
    )


class GuardedLoginForm(AuthenticationForm):  # type: ignore[misc]
    """The admin's log-in form; says when a name is locked, whether or not anybody has it."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("The name or the password is wrong, or this is no admin's account."),
    }

    def get_invalid_login_error(self) -> ValidationError:
        """The usual words, or how long to wait."""
        wait_s = getattr(self.request, "login_retry_after", None)
        if wait_s is None:
            usual: ValidationError = super().get_invalid_login_error()
            return usual
        return locked(wait_s)


class FreeEmail:
    """An e-mail that nobody else has. Django does not look at a constraint with a condition."""

    cleaned_data: dict[str, Any]
    instance: User

    def clean_email(self) -> str | None:
        """The address as it will be stored."""
        email = tidy_name(self.cleaned_data.get("email") or "")
        owner = User.objects.by_login(email) if email and not self.instance.is_visitor else None
        if owner is not None and owner.pk != self.instance.pk:
            raise ValidationError(_("This e-mail is taken."), code="unique")
        return email or None


class PersonCreationForm(FreeEmail, UserCreationForm):  # type: ignore[misc]
    """A new person, with a password typed twice."""

    class Meta(auth_forms.BaseUserCreationForm.Meta):
        model = User
        fields = ("username", "email", "display_name", "role")


class PersonChangeForm(FreeEmail, forms.ModelForm):  # type: ignore[type-arg]
    """A person without the password: that has a form of its own."""

    class Meta:
        model = User
        fields = "__all__"  # noqa: DJ007 - the page's fieldsets choose

    def clean(self) -> dict[str, object]:
        """Keep somebody who can still do everything."""
        cleaned: dict[str, object] = super().clean() or self.cleaned_data
        stays = (
            cleaned.get("is_active", True) and cleaned.get("role", self.instance.role) == "admin"
        )
        others = User.objects.filter(role="admin", is_active=True).exclude(pk=self.instance.pk)
        was = User.objects.filter(pk=self.instance.pk, role="admin", is_active=True)
        if not stays and was.exists() and not others.exists():
            raise ValidationError(_("This is the last active admin."))
        return cleaned


class PersonPasswordForm(AdminPasswordChangeForm):  # type: ignore[misc]
    """A new password set by an admin; the person is logged out everywhere else."""

    def save(self, commit: bool = True) -> User:
        """Store the password and end every device, but the one an admin changes their own on."""
        user: User = super().save(commit)
        actions.end_devices(
            user_id=user.pk, why=actions.Ended.PASSWORD, except_id=self.user.device_id
        )
        return user


class OwnPasswordForm(AdminOwnPasswordChangeForm):  # type: ignore[misc]
    """An admin's own new password."""

    def clean_old_password(self) -> str:
        """As typed: who saves it proves it, at the one door where guesses count."""
        old: str = self.cleaned_data["old_password"]
        return old


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new key; the secret is made on saving and shown once."""

    class Meta:
        model = ApiKey
        fields = ("name", "user", "scope", "expires_at")

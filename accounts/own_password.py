"""The page on which an admin changes their own password."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse_lazy

from accounts import actions
from accounts.client import client_of
from accounts.forms import OwnPasswordForm, locked
from accounts.models import User
from accounts.viewer import Viewer
from chatsite.lib.errors import AuthAccountLocked, AuthInvalidCredentials, RateLimited


class OwnPasswordView(PasswordChangeView):
    """Through the same door as the API: guesses count, and every other device is logged out."""

    form_class = OwnPasswordForm
    success_url = reverse_lazy("admin:password_change_done")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what every page of the admin shows."""
        return {**super().get_context_data(**kwargs), **admin.site.each_context(self.request)}

    def form_valid(self, form: OwnPasswordForm) -> HttpResponse:  # type: ignore[override]
        """Change it, or say what was wrong with the old one."""
        given = form.cleaned_data
        person: User = form.user
        try:
            actions.change_password(
                viewer=Viewer.of(person, family_id=str(person.device_id)),
                current_password=given["old_password"],
                new_password=given["new_password1"],
                client=client_of(self.request),
            )
        except AuthInvalidCredentials:
            wrong = form.error_messages["password_incorrect"]
            form.add_error("old_password", ValidationError(wrong, code="password_incorrect"))
            return self.form_invalid(form)
        except (AuthAccountLocked, RateLimited) as error:
            form.add_error("old_password", locked(error.retry_after or 60))
            return self.form_invalid(form)
        update_session_auth_hash(self.request, User.objects.get(pk=person.pk))
        return HttpResponseRedirect(str(self.success_url))

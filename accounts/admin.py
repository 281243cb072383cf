"""Admin pages for people, teams, devices and integrators' keys.

Nobody is deleted here: people are disabled, which ends their access and keeps their messages.
No hash and no secret is shown, except a new key's once.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin

from accounts import actions, lockout
from accounts.forms import (
    ApiKeyForm,
    GuardedLoginForm,
    PersonChangeForm,
    PersonCreationForm,
    PersonPasswordForm,
)
from accounts.models import ApiKey, RefreshFamily, Team, User
from chatsite.lib.errors import DomainError

admin.site.login_form = GuardedLoginForm
admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(UserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """People of every role."""

    form = PersonChangeForm
    add_form = PersonCreationForm
    change_password_form = PersonPasswordForm
    list_display = ("name", "username", "email", "role", "is_active", "created_at")
    list_display_links = ("name", "username")
    list_filter = ("role", "is_active", "is_visitor", "teams")
    search_fields = ("username", "email", "display_name")
    ordering = ("-created_at", "-id")
    date_hierarchy = "created_at"
    list_per_page = 50
    show_full_result_count = False
    filter_horizontal = ()
    readonly_fields = ("new_password", "is_visitor", "created_at", "last_login")
    actions = ("disable", "log_out_everywhere", "unlock")
    fieldsets = (
        (
            None,
            {"fields": ("username", "email", "display_name", "role", "is_active", "new_password")},
        ),
        (_("Preferences"), {"fields": ("avatar", "locale", "timezone", "theme")}),
        (_("History"), {"fields": ("is_visitor", "created_at", "last_login")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("username", "email", "display_name", "role", "password1", "password2"),
            },
        ),
    )

    @admin.display(description=_("name"), ordering="display_name")
    def name(self, person: User) -> str:
        """What others see."""
        return person.name

    @admin.display(description=_("password"))
    def new_password(self, person: User) -> str:
        """A way to the form for it; what is stored is shown nowhere."""
        address = reverse("admin:auth_user_password_change", args=[person.pk])
        return format_html(
            '<a class="text-primary-600 underline" href="{}">{}</a>',
            address,
            _("Set a new password"),
        )

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> User | None:
        """The person; an admin's own row knows the device that must outlive a new password."""
        person: User | None = super().get_object(request, object_id, from_field)
        if person is not None and person.pk == request.user.pk:
            person.device_id = request.user.device_id
        return person

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are disabled instead: their messages stay theirs."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Store by the same action as everywhere, so that lost access ends at once."""
        try:
            actions.edit_person(user=obj)
        except DomainError as error:
            self.message_user(request, error.detail, messages.ERROR)

    @admin.action(description=_("Disable and log out"))
    def disable(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Refuse the chosen people everywhere, at once."""
        done = 0
        for person in people.filter(is_active=True):
            try:
                actions.disable(user_id=person.pk)
                done += 1
            except DomainError as error:
                self.message_user(request, f"{person}: {error.detail}", messages.ERROR)
        _tell(self, request, ngettext("%d person disabled.", "%d people disabled.", done) % done)

    @admin.action(description=_("Log out everywhere"))
    def log_out_everywhere(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """End every device of the chosen people."""
        ended = sum(
            actions.end_devices(user_id=person.pk, why=actions.Ended.ENDED) for person in people
        )
        _tell(self, request, ngettext("%d device ended.", "%d devices ended.", ended) % ended)

    @admin.action(description=_("Unlock after failed sign-ins"))
    def unlock(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Forget failed sign-ins by either name of the chosen people."""
        for person in people:
            for name in filter(None, (person.username, person.email)):
                lockout.unlock(name)
        _tell(self, request, str(_("Unlocked.")))


@admin.register(Team)
class TeamAdmin(ModelAdmin):  # type: ignore[misc]
    """Teams and who is in them."""

    list_display = ("name", "slug", "is_default")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    autocomplete_fields = ("members",)


@admin.register(RefreshFamily)
class DeviceAdmin(ModelAdmin):  # type: ignore[misc]
    """Devices that are or were logged in; they can only be ended."""

    list_display = ("user", "user_agent", "ip", "created_at", "last_used_at", "ended_why")
    list_filter = ("ended_why",)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email", "ip")
    date_hierarchy = "created_at"
    show_full_result_count = False
    actions = ("end",)

    @admin.action(description=_("End these devices"))
    def end(self, request: HttpRequest, devices: QuerySet[RefreshFamily]) -> None:
        """Log the chosen devices out."""
        live = list(devices.filter(ended_at=None))
        for device in live:
            actions.end_device(user_id=device.user_id, device_id=device.pk)
        done = len(live)
        _tell(self, request, ngettext("%d device ended.", "%d devices ended.", done) % done)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Devices come from logging in."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is nothing to change, but the list has an action."""
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ended ones are swept by themselves."""
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):  # type: ignore[misc]
    """Keys of integrators: made, shown once, revoked."""

    form = ApiKeyForm
    list_display = (
        "name",
        "prefix",
        "user",
        "scope",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__username")
    autocomplete_fields = ("user",)
    actions = ("revoke",)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """A key keeps its person and scope for life."""
        return () if obj is None else ("user", "scope", "prefix", "last_used_at", "revoked_at")

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: ModelForm[ApiKey], change: bool
    ) -> None:
        """Make the secret with a new key, and show it this once."""
        if change:
            super().save_model(request, obj, form, change)
            return
        made, secret = actions.make_api_key(
            name=obj.name, user=obj.user, scope=obj.scope, expires_at=obj.expires_at
        )
        obj.__dict__.update(made.__dict__)
        self.message_user(
            request,
            _("The key is %(secret)s — copy it now, it is not shown again.") % {"secret": secret},
            messages.WARNING,
        )

    @admin.action(description=_("Revoke"))
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        """Refuse the chosen keys from now on."""
        for key in keys:
            actions.revoke_api_key(key_id=key.pk)
        _tell(self, request, str(_("Revoked.")))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Revoked keys stay, so that their last use can be looked up."""
        return False


def _tell(page: Any, request: HttpRequest, text: str) -> None:
    page.message_user(request, text, messages.SUCCESS)

"""Admin pages for widgets and their visitors. All writing goes through support.actions."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from sessions_app.admin import LookOnly
from support.actions import create_widget, rotate_secret, update_widget
from support.actions.visitors import revoke
from support.actions.widgets import FIELDS
from support.forms import HOURS_FIELDS, WidgetForm, by_language
from support.models import VisitorCredential, VisitorIdentity, Widget

_BY_LANGUAGE = [
    (by_language("greeting", code), by_language("suggestions", code))
    for code, _name in settings.LANGUAGES
]


@admin.register(Widget)
class WidgetAdmin(ModelAdmin):  # type: ignore[misc]
    """Widgets: made, changed, switched off; never deleted, because chats point at them."""

    form = WidgetForm
    list_display = ("name", "key", "team", "sites", "assistant_enabled", "enabled", "created_at")
    list_filter = ("enabled", "team")
    list_select_related = ("team",)
    search_fields = ("name", "key")
    list_per_page = 50
    readonly_fields = ("install", "key", "created_at")
    actions_detail = ("new_secret",)
    fieldsets = (
        (None, {"fields": ("name", "team", "enabled", "assistant_enabled")}),
        (_("Install"), {"fields": ("install", "allowed_origins")}),
        (_("Look"), {"fields": ("color", "position")}),
        (_("Texts"), {"fields": [name for pair in _BY_LANGUAGE for name in pair]}),
        (_("Opening"), {"fields": HOURS_FIELDS}),
        (_("Details"), {"classes": ("collapse",), "fields": ("key", "created_at")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Widget | None = None) -> Any:
        """A new widget has no key to install yet."""
        if obj is not None:
            return self.fieldsets
        hidden = {"install", "key", "created_at"}
        shown = [
            (title, {**options, "fields": [f for f in options["fields"] if f not in hidden]})
            for title, options in self.fieldsets
        ]
        return [(title, options) for title, options in shown if options["fields"]]

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The form adds its fields by language itself."""
        kwargs["fields"] = list(WidgetForm.Meta.fields)
        return super().get_form(request, obj, **kwargs)

    @display(description=_("Sites"))
    def sites(self, widget: Widget) -> str:
        """The first site, and how many more."""
        if not widget.allowed_origins:
            return str(_("this site only"))
        first, *more = widget.allowed_origins
        return f"{first} +{len(more)}" if more else str(first)

    @display(description=_("Script tag"))
    def install(self, widget: Widget) -> SafeString:
        """What to paste into every page, before </body>."""
        return format_html('<code class="code">{}</code>', snippet(self.site_url, widget))

    site_url = ""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Remember for the script tag under which address this site was asked."""
        self.site_url = _site(request)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Widget, form: Any, change: bool) -> None:
        """Make or change the widget by its action; a new one's secret is shown by response_add."""
        fields = {name: form.cleaned_data[name] for name in FIELDS}
        if change:
            update_widget(widget=obj, **fields)
            return
        made, secret = create_widget(**fields)
        obj.__dict__.update(made.__dict__)
        request.new_secret = secret  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: Widget, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret in this one response: it is kept in no message, cookie or log."""
        return self._show_once(request, obj, request.new_secret)  # type: ignore[attr-defined]

    @action(description=_("New secret…"), url_path="new-secret", permissions=["change"])
    def new_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, and then replace the secret and show the new one."""
        widget = self.get_object(request, object_id)
        if widget is None:
            return HttpResponseRedirect(reverse("admin:support_widget_changelist"))
        if request.method != "POST":
            return self._page(request, "new_secret", widget)
        secret = rotate_secret(widget=widget)
        self.log_change(request, widget, "Replaced the secret.")
        return self._show_once(request, widget, secret)

    def _show_once(self, request: HttpRequest, widget: Widget, secret: str) -> HttpResponse:
        response = self._page(request, "secret", widget, secret=secret)
        response["Cache-Control"] = "no-store"
        return response

    def _page(
        self, request: HttpRequest, name: str, widget: Widget, **context: Any
    ) -> HttpResponse:
        context |= {
            **self.admin_site.each_context(request),
            "title": widget.name,
            "opts": self.model._meta,
            "widget": widget,
            "snippet": snippet(_site(request), widget),
        }
        return render(request, f"admin/support/{name}.html", context)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A widget is switched off instead."""
        return False


def _site(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


def snippet(site: str, widget: Widget) -> str:
    """The one line a host page needs."""
    return f'<script async src="{site}/widget.js" data-widget="{widget.key}"></script>'


@admin.register(VisitorIdentity)
class VisitorIdentityAdmin(LookOnly, ModelAdmin):  # type: ignore[misc]
    """People host sites vouched for."""

    list_display = ("external_id", "person", "email", "widget", "created_at")
    list_filter = ("widget",)
    list_select_related = ("user", "widget")
    search_fields = ("external_id", "email", "user__display_name")
    ordering = ("-created_at", "-pk")
    list_per_page = 50
    show_full_result_count = False

    @display(description=_("Name"), ordering="user__display_name")
    def person(self, identity: VisitorIdentity) -> str:
        """As the host site said."""
        return identity.user.name


@admin.register(VisitorCredential)
class VisitorCredentialAdmin(LookOnly, ModelAdmin):  # type: ignore[misc]
    """Browsers that may come back. They can only be ended; no token or hash is shown."""

    list_display = ("person", "widget", "used_at", "expires_at", "revoked_at")
    list_filter = ("widget", "revoked_at")
    list_select_related = ("user", "widget")
    search_fields = ("user__display_name", "user__email")
    ordering = ("-used_at", "-pk")
    list_per_page = 50
    show_full_result_count = False
    exclude = ("token_hash",)
    actions = ("end",)

    @display(description=_("Visitor"), ordering="user__display_name")
    def person(self, credential: VisitorCredential) -> str:
        """Whom it brings back."""
        return credential.user.name

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is nothing to change, but the list has an action."""
        return obj is None and bool(request.user.is_staff)

    @admin.action(description=_("End these browsers"))
    def end(self, request: HttpRequest, credentials: QuerySet[VisitorCredential]) -> None:
        """Revoke the chosen ones: they start anew as strangers."""
        live = list(credentials.filter(revoked_at=None))
        for credential in live:
            revoke(credential=credential)
        text = ngettext("%d browser ended.", "%d browsers ended.", len(live)) % len(live)
        self.message_user(request, text, messages.SUCCESS)

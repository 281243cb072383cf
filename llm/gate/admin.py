"""Admin pages of the gate: cases, releases with their replays, and what is live.

All writing goes through ``llm.gate.actions``. Buttons that change something are forms, so that a
link cannot press them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.viewer import Viewer
from chatsite.lib.errors import DomainError
from llm.gate import actions
from llm.gate.actions.releases import passing_replay
from llm.gate.changes import changes_of
from llm.gate.forms import CaseForm, ReleaseForm
from llm.gate.models import Case, Publication, Release, Replay
from llm.gate.queries import current, report

#: The colour of each state; what is not here would be shown by its key.
STATES = {"live": "success", "used": "info", "new": "warning"}


def viewer_of(request: HttpRequest) -> Viewer:
    """Return who is signed in to the admin."""
    return Viewer.of(request.user)  # type: ignore[arg-type]


@admin.register(Case)
class CaseAdmin(ModelAdmin):  # type: ignore[misc]
    """Cases."""

    form = CaseForm
    list_display = ("name", "kind", "expects", "handoff", "enabled")
    list_filter = ("is_red_team", "enabled", "handoff")
    search_fields = ("name", "talk")
    autocomplete_fields = ("cites",)
    list_per_page = 100

    @display(
        description=gettext_lazy("Kind"),
        ordering="is_red_team",
        label={"attack": "warning", "question": "info"},
    )
    def kind(self, case: Case) -> tuple[str, str]:
        """Whether it is an attack or what customers ask every day."""
        return ("attack", _("Attack")) if case.is_red_team else ("question", _("Question"))

    @display(description=gettext_lazy("Expects"))
    def expects(self, case: Case) -> str:
        """How much is checked."""
        found = len(case.must_say) + len(case.must_not_say)
        return ngettext("%d phrase", "%d phrases", found) % found if found else "–"

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the talk of a conversation that the address names."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        if session_id := given.pop("session", None):
            with suppress(DomainError):
                given["talk"] = actions.talk_of(viewer_of(request), session_id)
        return given

    def save_model(self, request: HttpRequest, obj: Case, form: Any, change: bool) -> None:
        """Store it by its action."""
        actions.save_case(viewer=viewer_of(request), case=obj)

    def has_delete_permission(self, request: HttpRequest, obj: Case | None = None) -> bool:
        """Not while a replay asks it."""
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and not Replay.objects.filter(status=Replay.Status.RUNNING).exists()

    def delete_model(self, request: HttpRequest, obj: Case) -> None:
        """Delete it by its action."""
        actions.delete_case(viewer=viewer_of(request), case=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> None:
        """Delete each by its action."""
        for case in queryset:
            self.delete_model(request, case)


@admin.register(Release)
class ReleaseAdmin(ModelAdmin):  # type: ignore[misc]
    """Releases: made, tried, published, taken back."""

    form = ReleaseForm
    list_display = ("name", "state", "model", "last_replay", "created_by", "created_at")
    list_select_related = ("model", "created_by")
    search_fields = ("name", "notes", "system_prompt")
    autocomplete_fields = ("articles",)
    list_before_template = "admin/gate/live.html"
    change_form_outer_before_template = "admin/gate/release.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what the list says of each."""
        return super().get_queryset(request).prefetch_related("publications", "replays")

    @display(description=gettext_lazy("State"), label=STATES)
    def state(self, release: Release) -> tuple[str, str]:
        """Live, used before, or a candidate."""
        all_of_it = list(release.publications.all())
        if any(one.is_current for one in all_of_it):
            return "live", _("live")
        return ("used", _("was live")) if all_of_it else ("new", _("candidate"))

    @display(description=gettext_lazy("Last replay"))
    def last_replay(self, release: Release) -> str:
        """How the newest replay ended, with a link to it."""
        newest = next(iter(release.replays.all()), None)
        if newest is None:
            return "–"
        link = reverse("admin:gate_replay_change", args=[newest.pk])
        return format_html('<a href="{}">{}</a>', link, outcome(newest))

    def has_change_permission(self, request: HttpRequest, obj: Release | None = None) -> bool:
        """One that was ever live stays as it was."""
        allowed: bool = super().has_change_permission(request, obj)
        return allowed and (obj is None or not obj.publications.exists())

    def has_delete_permission(self, request: HttpRequest, obj: Release | None = None) -> bool:
        """History is kept."""
        allowed: bool = super().has_delete_permission(request, obj)
        if not allowed or obj is None or obj.publications.exists():
            return False
        return not obj.replays.filter(status=Replay.Status.RUNNING).exists()

    def delete_model(self, request: HttpRequest, obj: Release) -> None:
        """Delete it by its action."""
        actions.delete_release(viewer=viewer_of(request), release=obj)

    def save_model(self, request: HttpRequest, obj: Release, form: Any, change: bool) -> None:
        """Store it by its action."""
        actions.save_release(viewer=viewer_of(request), release=obj)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Above the list: what is live, since when and by whom, and the way back."""
        history = Publication.objects.select_related("release", "published_by", "previous__release")
        context = {"live": current(), "history": history[:10], **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Above the form: its replays, and the buttons."""
        release = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if release is not None:
            context |= {
                "release": release,
                "replays": [(one, outcome(one)) for one in release.replays.all()[:10]],
                "passing": passing_replay(release),
                "changes": changes_of(release),
                "is_live": release.publications.filter(is_current=True).exists(),
                "is_open": release.replays.filter(status=Replay.Status.RUNNING).exists(),
            }
        response: HttpResponse = super().change_view(request, object_id, form_url, context)
        return response

    def get_urls(self) -> list[Any]:
        """The buttons' addresses, beside the theme's own."""
        doors: dict[str, Callable[..., Any]] = {
            "<int:pk>/replay/": self.replay,
            "<int:pk>/publish/": self.publish,
            "<int:pk>/copy/": self.copy,
            "roll-back/": self.roll_back,
        }
        own = [
            path(
                route,
                self.admin_site.admin_view(require_POST(view)),
                name=f"gate_release_{view.__name__}",
            )
            for route, view in doors.items()
        ]
        return [*own, *super().get_urls()]

    def replay(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Try it on all cases."""
        return self._do(
            request,
            lambda viewer: actions.ask_for_replay(viewer=viewer, release=self._release(pk)),
            lambda made: reverse("admin:gate_replay_change", args=[made.pk]),
        )

    def publish(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let customers be answered by it."""
        reason = request.POST.get("reason", "")
        return self._do(
            request,
            lambda viewer: actions.publish(
                viewer=viewer, release=self._release(pk), override_reason=reason
            ),
            lambda _made: reverse("admin:gate_release_changelist"),
        )

    def copy(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Begin a candidate that is like it."""
        return self._do(
            request,
            lambda viewer: actions.copy_release(viewer=viewer, release=self._release(pk)),
            lambda made: reverse("admin:gate_release_change", args=[made.pk]),
        )

    def roll_back(self, request: HttpRequest) -> HttpResponse:
        """Go back to what was live before."""
        return self._do(
            request,
            lambda viewer: actions.roll_back(viewer=viewer),
            lambda _made: reverse("admin:gate_release_changelist"),
        )

    def _do(
        self,
        request: HttpRequest,
        deed: Callable[[Viewer], Any],
        next_page: Callable[[Any], str],
    ) -> HttpResponse:
        try:
            made = deed(viewer_of(request))
        except DomainError as error:
            said = "; ".join([error.detail, *(one.detail for one in error.errors)])
            self.message_user(request, said, messages.ERROR)
            back = request.headers.get("Referer", "")
            here = request.build_absolute_uri("/")
            fallback = reverse("admin:gate_release_changelist")
            return HttpResponseRedirect(back if back.startswith(here) else fallback)
        return HttpResponseRedirect(next_page(made))

    def _release(self, pk: int) -> Release:
        found = Release.objects.filter(pk=pk).select_related("model").first()
        if found is None:
            raise Http404
        return found


def outcome(replay: Replay) -> str:
    """Return in words how a replay ended, or that it has not."""
    if replay.status == Replay.Status.DONE:
        return _("passed") if replay.passed else _("not passed")
    return str(replay.get_status_display()).lower()


@admin.register(Replay)
class ReplayAdmin(ModelAdmin):  # type: ignore[misc]
    """Replays, to look at; they are asked for on their release's page."""

    list_display = ("created_at", "release", "against", "status", "passed", "asked_by")
    list_filter = ("status", "passed")
    list_select_related = ("release", "against", "asked_by")
    change_form_template = "admin/gate/replay.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A release is tried from its own page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Replay | None = None) -> bool:
        """History is not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Replay | None = None) -> bool:
        """History is not deleted."""
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the report; while it runs the page looks again by itself."""
        replay = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if replay is not None:
            context |= {"report": report(replay), "outcome": outcome(replay)}
        response: HttpResponse = super().change_view(request, object_id, form_url, context)
        if replay is not None and replay.status == Replay.Status.RUNNING:
            response["Refresh"] = "3"
        return response

    def get_urls(self) -> list[Any]:
        """Beside the theme's own: the button that ends it."""
        stop = self.admin_site.admin_view(require_POST(self.stop))
        return [path("<uuid:pk>/stop/", stop, name="gate_replay_stop"), *super().get_urls()]

    def stop(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """End it where it is."""
        replay = Replay.objects.filter(pk=pk).first()
        if replay is None:
            raise Http404
        actions.stop_replay(viewer=viewer_of(request), replay=replay)
        return HttpResponseRedirect(reverse("admin:gate_replay_change", args=[pk]))

"""The admin page of models: found, switched, tried, and set up."""

from __future__ import annotations

from typing import Any, TypeGuard

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms.widgets import Media, Script
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.viewer import Viewer
from chatsite.lib.errors import DomainError
from llm import actions
from llm.admin.forms import ModelConfigForm
from llm.admin.standing import Standing, standing
from llm.models import ModelConfig
from llm.providers import ProviderFailure
from llm.providers.words import sentence

# Objects are newer than the stubs.
DISCOVERY = Media(js=[Script("llm/admin/discover.js", type="module")])  # type: ignore[list-item]
MOST_TRIED = 5
TOO_LONG = 300


@admin.register(ModelConfig)
class ModelConfigAdmin(ModelAdmin):  # type: ignore[misc]
    """Models. Every change goes through the actions that REST calls."""

    form = ModelConfigForm
    list_display = ("name", "model", "base_url", "enabled", "answers", "key", "last_try")
    list_display_links = ("name",)
    list_editable = ("enabled",)
    list_filter = ("enabled", "provider_name", "is_demo")
    search_fields = ("name", "model", "base_url", "notes")
    search_help_text = _("Name, model, address or remarks.")
    readonly_fields = ("api_key_hint", "created_at", "updated_at")
    change_form_outer_before_template = "admin/llm/standing.html"
    actions = ("try_them", "make_default")
    fieldsets = (
        (None, {"fields": ("name", "enabled", "answers_customers")}),
        (
            _("Endpoint"),
            {
                "fields": (
                    "provider_name",
                    "base_url",
                    ("api_key", "api_key_hint"),
                    "forget_api_key",
                    "model",
                ),
                "description": _("Another scheme, host or port deletes the stored key."),
            },
        ),
        (
            _("Answers"),
            {"fields": ("system_prompt", ("temperature", "top_p"), ("max_tokens", "timeout_ms"))},
        ),
        (
            _("Cost and limits"),
            {
                "fields": (
                    ("price_prompt", "price_completion"),
                    ("price_currency", "daily_budget"),
                    ("max_parallel", "draft_weight"),
                )
            },
        ),
        (_("More"), {"fields": ("notes", ("created_at", "updated_at"))}),
    )

    @property
    def media(self) -> Any:
        """With the script that lists the names an endpoint has."""
        return super().media + DISCOVERY

    def get_urls(self) -> list[Any]:
        """The page's own two deeds, both by POST."""
        site = self.admin_site.admin_view
        own = [
            path("discover/", site(require_POST(self.discover)), name="llm_modelconfig_discover"),
            path("<path:pk>/test/", site(require_POST(self.test)), name="llm_modelconfig_test"),
        ]
        return own + list(super().get_urls())

    # --- The list ---

    @display(description=_("Default"), boolean=True, ordering="is_default")
    def answers(self, model: ModelConfig) -> bool:
        """Whether it answers customers."""
        return model.is_default

    @display(description=_("API key"), label={"none": "", "stored": "", "enter_again": "danger"})
    def key(self, model: ModelConfig) -> tuple[str, str]:
        """The end of its key, or that it has to be entered again."""
        state = model.api_key_state()
        hint = f"…{model.api_key_hint}" if model.api_key_hint else gettext("stored")
        words = {"none": "–", "stored": hint, "enter_again": gettext("enter again")}
        return state, words[state]

    @display(description=_("Last try"), label={True: "success", False: "danger", None: ""})
    def last_try(self, model: ModelConfig) -> tuple[bool | None, str]:
        """What the last try said."""
        tried = model.capabilities.get("tested")
        if not tried:
            return None, "–"
        return tried["reason"] == "ok", f"{tried['reason']}, {tried['latency_ms']} ms"

    @admin.action(description=_("Try the chosen models"))
    def try_them(self, request: HttpRequest, models: QuerySet[ModelConfig]) -> None:
        """Ask each of them one small question."""
        for model in models[:MOST_TRIED]:
            self._try(request, model.pk)
        if models.count() > MOST_TRIED:
            messages.info(request, gettext("Only the first %d were tried.") % MOST_TRIED)

    @admin.action(description=_("Let the chosen model answer customers"))
    def make_default(self, request: HttpRequest, models: QuerySet[ModelConfig]) -> None:
        """Make one the default."""
        if models.count() != 1:
            messages.error(request, gettext("Choose one model."))
            return
        viewer = _viewer(request)
        actions.update_model(viewer=viewer, model_id=models[0].pk, enabled=True, is_default=True)

    # --- One model ---

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The form, below how the model stands."""
        pk = int(object_id) if _is_id(object_id) else 0
        model = ModelConfig.objects.filter(pk=pk).first()
        found: Standing | None = standing(model) if model is not None else None
        context = {**(extra_context or {}), "standing": found}
        return super().changeform_view(request, object_id, form_url, context)

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The model's field offers the names that its endpoint has."""
        form = super().get_form(request, obj, **kwargs)
        if field := form.base_fields.get("model"):
            field.widget.attrs |= {
                "list": "model-names",
                "data-discover": reverse("admin:llm_modelconfig_discover"),
                "data-discover-pk": obj.pk if obj else "",
                "data-discover-label": gettext("List the endpoint's models"),
                "data-discover-choose": gettext("Choose one…"),
                "data-discover-none": gettext("The endpoint names no models."),
                "data-discover-failed": gettext("That did not work. Try again."),
            }
        return form

    def save_model(self, request: HttpRequest, obj: ModelConfig, form: Any, change: bool) -> None:
        """Do what REST does; a form of the list holds only what it shows."""
        viewer = _viewer(request)
        if not isinstance(form, ModelConfigForm):
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            actions.update_model(viewer=viewer, model_id=obj.pk, **changes)
        elif change:
            actions.update_model(viewer=viewer, model_id=obj.pk, **form.changes())
        else:
            obj.pk = actions.create_model(viewer=viewer, **form.changes()).pk

    def delete_model(self, request: HttpRequest, obj: ModelConfig) -> None:
        """Take it away; its answers stay."""
        actions.delete_model(viewer=_viewer(request), model_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ModelConfig]) -> None:
        """Take them away one by one."""
        for model in queryset:
            self.delete_model(request, model)

    def test(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Try the model, and show its page again."""
        self._try(request, pk)
        return redirect("admin:llm_modelconfig_change", pk)

    def discover(self, request: HttpRequest) -> HttpResponse:
        """Names of an endpoint's models, for the script of the form."""
        try:
            names = actions.discover(
                viewer=_viewer(request),
                base_url=request.POST.get("base_url", "").strip(),
                api_key=request.POST.get("api_key", ""),
                provider_name=request.POST.get("provider_name", ""),
                model_id=request.POST.get("model_id") or None,
            )
        except ProviderFailure as failure:
            return JsonResponse({"error": sentence(failure.reason)}, status=502)
        except DomainError as error:
            return JsonResponse({"error": error.detail[:TOO_LONG]}, status=error.status)
        return JsonResponse({"results": names})

    def _try(self, request: HttpRequest, model_id: object) -> None:
        try:
            probe = actions.probe_model(viewer=_viewer(request), model_id=model_id)
            name = ModelConfig.objects.values_list("name", flat=True).get(pk=int(str(model_id)))
        except DomainError as error:
            messages.error(request, error.detail)
            return
        tell = messages.success if probe.ok else messages.error
        tell(request, f"{name}: {sentence(probe.reason)} ({probe.latency_ms} ms)")


def _is_id(raw: str | None) -> TypeGuard[str]:
    return raw is not None and raw.isascii() and raw.isdigit() and len(raw) < 19


def _viewer(request: HttpRequest) -> Viewer:
    if not request.user.is_authenticated:
        raise PermissionDenied
    return Viewer.of(request.user)

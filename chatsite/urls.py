"""Where everything is mounted."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)

from accounts.api import jwks
from accounts.own_password import OwnPasswordView
from chatsite import health

handler400 = "chatsite.api.bad_request"
handler403 = "chatsite.api.denied"
handler404 = "chatsite.api.not_found"
handler500 = "chatsite.api.server_error"

urlpatterns = [
    path(
        "api/v1/",
        include(
            [
                path("", include("accounts.urls")),
                path("", include("sessions_app.api.urls")),
                path("", include("support.urls")),
                path("", include("llm.api.urls")),
                path("", include("llm.knowledge.urls")),
                path("", include("llm.playground.urls")),
            ]
        ),
    ),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("api/redoc", SpectacularRedocView.as_view(url_name="schema"), name="redoc"),
    path(".well-known/jwks.json", jwks, name="jwks"),
    path("health", health.health, name="health"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/password_change/", admin.site.admin_view(OwnPasswordView.as_view())),
    path("admin/", admin.site.urls),
    path("", include("llm.playground.page_urls")),
    path("", include("llm.stats.page_urls")),
    path("", include("llm.knowledge.page.urls")),
    path("", include("support.page_urls")),
]

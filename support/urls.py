"""REST addresses of the support product, below /api/v1/."""

from django.urls import path

from support.api.team import SupportTeamView
from support.api.widget import WidgetConfigView, WidgetVisitorView

urlpatterns = [
    path("widget/<str:key>/config", WidgetConfigView.as_view(), name="widget-config"),
    path("widget/<str:key>/visitor", WidgetVisitorView.as_view(), name="widget-visitor"),
    path("support/team", SupportTeamView.as_view(), name="support-team"),
]

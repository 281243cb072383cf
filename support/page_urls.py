"""Addresses of pages, at the site's root."""

from django.urls import path

from support import views

urlpatterns = [
    path("", views.home, name="home"),
    path("console/", views.console, name="console"),
    path("widget.js", views.widget_loader, name="widget-loader"),
    path("widget/<str:key>/frame", views.widget_frame, name="widget-frame"),
]

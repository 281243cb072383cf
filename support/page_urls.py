"""Addresses of pages, at the site's root."""

from django.urls import path

from support import views, widget_files

urlpatterns = [
    path("", views.home, name="home"),
    path("console/", views.console, name="console"),
    path("widget.js", widget_files.widget_loader, name="widget-loader"),
    path("widget/app.js", widget_files.widget_script, name="widget-script"),
    path("widget/more.js", widget_files.more_script, name="widget-more-script"),
    path("widget/more.css", widget_files.more_style, name="widget-more-style"),
    path("widget/more", views.widget_more, name="widget-more"),
    path("widget/app.css", widget_files.widget_style, name="widget-style"),
    path("widget/<str:key>/frame", views.widget_frame, name="widget-frame"),
]

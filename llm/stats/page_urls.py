"""The address of the page of statistics, at the site's root."""

from django.urls import path

from llm.stats import views

urlpatterns = [path("console/stats/", views.page, name="stats")]

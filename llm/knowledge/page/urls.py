"""The address of the page of the knowledge, at the site's root."""

from django.urls import path

from llm.knowledge.page import views

urlpatterns = [path("console/knowledge/", views.page, name="knowledge")]

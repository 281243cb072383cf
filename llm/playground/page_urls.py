"""Addresses of the playground's page, at the site's root."""

from django.urls import path

from llm.playground import views

urlpatterns = [
    path("playground/", views.playground, name="playground"),
    path("playground/<uuid:conversation_id>", views.playground, name="playground-conversation"),
]

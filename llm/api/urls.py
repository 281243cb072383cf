"""REST addresses of the assistant, below /api/v1/."""

from django.urls import path

from llm.api import models

urlpatterns = [
    path("models", models.ModelListView.as_view(), name="models"),
    path("models/discover", models.DiscoverView.as_view(), name="models-discover"),
    path("models/<str:model_id>", models.ModelView.as_view(), name="model"),
    path("models/<str:model_id>/test", models.TestModelView.as_view(), name="model-test"),
]

"""REST addresses that only the playground needs, below /api/v1/."""

from django.urls import path

from llm.playground.api import CodeHighlightView

urlpatterns = [path("code/highlight", CodeHighlightView.as_view(), name="code-highlight")]

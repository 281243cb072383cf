"""REST addresses of the statistics, below /api/v1/."""

from django.urls import path

from llm.stats import api, views

urlpatterns = [
    path("stats/usage", api.UsageView.as_view(), name="stats-usage"),
    path("stats/answers", api.AnswerRowsView.as_view(), name="stats-answers"),
    path("stats/conversations", api.ConversationStatsView.as_view(), name="stats-conversations"),
    path("stats/chats", api.ChatRowsView.as_view(), name="stats-chats"),
    path("stats/panel", views.PanelView.as_view(), name="stats-panel"),
]

"""REST addresses of everything that talks to models, below /api/v1/."""

from django.urls import include, path

from llm.api import conversations, help, models, streams, turns

talk = "conversations/<str:conversation_id>"

urlpatterns = [
    path("", include("llm.stats.urls")),
    path("", include("llm.gate.urls")),
    path("models", models.ModelListView.as_view(), name="models"),
    path("models/discover", models.DiscoverView.as_view(), name="models-discover"),
    path("models/<str:model_id>", models.ModelView.as_view(), name="model"),
    path("models/<str:model_id>/test", models.TestModelView.as_view(), name="model-test"),
    path("conversations", conversations.ConversationListView.as_view(), name="conversations"),
    path(talk, conversations.ConversationView.as_view(), name="conversation"),
    path(
        f"{talk}/messages",
        conversations.ConversationMessagesView.as_view(),
        name="conversation-messages",
    ),
    path("turns/<str:turn_id>", turns.TurnView.as_view(), name="turn"),
    path("turns/<str:turn_id>/stop", turns.StopTurnView.as_view(), name="turn-stop"),
    path("turns/<str:turn_id>/pick", turns.PickTurnView.as_view(), name="turn-pick"),
    path("turns/<str:turn_id>/retry", turns.RetryTurnView.as_view(), name="turn-retry"),
    path("turns/<str:turn_id>/use", help.UseDraftView.as_view(), name="turn-use"),
    path("chat/sessions/<str:session_id>/help", help.HelpView.as_view(), name="session-help"),
    path("streams/ticket", streams.StreamTicketView.as_view(), name="stream-ticket"),
    path("streams/turn/<str:turn_id>", streams.TurnStreamView.as_view(), name="stream-turn"),
]

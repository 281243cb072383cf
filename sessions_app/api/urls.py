"""REST addresses of the kernel, below /api/v1/."""

from django.urls import path

from sessions_app.api import own_chat, uploads
from sessions_app.api import sessions as views

one = "chat/sessions/<str:session_id>"

urlpatterns = [
    path("chat/sessions", views.SessionListView.as_view(), name="sessions"),
    path("chat/sessions/counts", views.SessionCountsView.as_view(), name="session-counts"),
    path(one, views.SessionView.as_view(), name="session"),
    path(f"{one}/messages", views.MessageListView.as_view(), name="messages"),
    path(f"{one}/messages/<str:message_id>", views.MessageView.as_view(), name="message"),
    path(f"{one}/changes", views.ChangesView.as_view(), name="changes"),
    path(f"{one}/claim", views.ClaimView.as_view(), name="claim"),
    path(f"{one}/release", views.ReleaseView.as_view(), name="release"),
    path(f"{one}/assign", views.AssignView.as_view(), name="assign"),
    path(f"{one}/transfer", views.TransferView.as_view(), name="transfer"),
    path(f"{one}/close", views.CloseView.as_view(), name="close"),
    path(f"{one}/reopen", views.ReopenView.as_view(), name="reopen"),
    path(f"{one}/contact", views.ContactView.as_view(), name="contact"),
    path(f"{one}/rating", views.RatingView.as_view(), name="rating"),
    path(f"{one}/handoff", views.HandoffView.as_view(), name="handoff"),
    path(f"{one}/retry-reply", views.RetryReplyView.as_view(), name="retry-reply"),
    path(f"{one}/reply/stop", views.StopReplyView.as_view(), name="reply-stop"),
    path(f"{one}/read", views.ReadView.as_view(), name="read"),
    path(f"{one}/tags", views.TagsView.as_view(), name="tags"),
    path(f"{one}/transcript", views.TranscriptView.as_view(), name="transcript"),
    path("chat/send", own_chat.SendView.as_view(), name="chat-send"),
    path("chat/history", own_chat.HistoryView.as_view(), name="chat-history"),
    path("chat/clear", own_chat.ClearView.as_view(), name="chat-clear"),
    path("upload/image", uploads.UploadImageView.as_view(), name="upload-image"),
    path("upload/file", uploads.UploadFileView.as_view(), name="upload-file"),
    path("files/<str:file_id>", uploads.FileView.as_view(), name="file"),
    path("ws/ticket", views.SocketTicketView.as_view(), name="ws-ticket"),
]

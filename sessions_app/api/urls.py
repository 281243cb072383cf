"""REST addresses of the kernel, below /api/v1/."""

from django.urls import path

from sessions_app.api import deeds, messages, own_chat, sessions, uploads

one = "chat/sessions/<str:session_id>"

urlpatterns = [
    path("chat/sessions", sessions.SessionListView.as_view(), name="sessions"),
    path("chat/sessions/counts", sessions.SessionCountsView.as_view(), name="session-counts"),
    path(one, sessions.SessionView.as_view(), name="session"),
    path(f"{one}/messages", messages.MessageListView.as_view(), name="messages"),
    path(f"{one}/messages/<str:message_id>", messages.MessageView.as_view(), name="message"),
    path(f"{one}/changes", messages.ChangesView.as_view(), name="changes"),
    path(f"{one}/claim", deeds.ClaimView.as_view(), name="claim"),
    path(f"{one}/release", deeds.ReleaseView.as_view(), name="release"),
    path(f"{one}/assign", deeds.AssignView.as_view(), name="assign"),
    path(f"{one}/transfer", deeds.TransferView.as_view(), name="transfer"),
    path(f"{one}/close", deeds.CloseView.as_view(), name="close"),
    path(f"{one}/reopen", deeds.ReopenView.as_view(), name="reopen"),
    path(f"{one}/contact", deeds.ContactView.as_view(), name="contact"),
    path(f"{one}/rating", deeds.RatingView.as_view(), name="rating"),
    path(f"{one}/handoff", deeds.HandoffView.as_view(), name="handoff"),
    path(f"{one}/retry-reply", deeds.RetryReplyView.as_view(), name="retry-reply"),
    path(f"{one}/reply/stop", deeds.StopReplyView.as_view(), name="reply-stop"),
    path(f"{one}/read", messages.ReadView.as_view(), name="read"),
    path(f"{one}/tags", deeds.TagsView.as_view(), name="tags"),
    path(f"{one}/transcript", messages.TranscriptView.as_view(), name="transcript"),
    path("chat/send", own_chat.SendView.as_view(), name="chat-send"),
    path("chat/history", own_chat.HistoryView.as_view(), name="chat-history"),
    path("chat/clear", own_chat.ClearView.as_view(), name="chat-clear"),
    path("upload/image", uploads.UploadImageView.as_view(), name="upload-image"),
    path("upload/file", uploads.UploadFileView.as_view(), name="upload-file"),
    path("files/<str:file_id>", uploads.FileView.as_view(), name="file"),
    path("ws/ticket", sessions.SocketTicketView.as_view(), name="ws-ticket"),
]

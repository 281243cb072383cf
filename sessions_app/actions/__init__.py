"""Every change of the kernel's state, one verb per function; every edge calls these."""

from sessions_app.actions.assignment import assign, claim, release, request_human, transfer
from sessions_app.actions.contact import leave_contact
from sessions_app.actions.editing import delete_message, edit_message
from sessions_app.actions.lifecycle import (
    close,
    describe,
    forget,
    note_change,
    open_session,
    open_talk,
    rate,
    reopen,
    set_tags,
)
from sessions_app.actions.own_chat import clear_own_chat, say
from sessions_app.actions.posting import Posted, post_message
from sessions_app.actions.reading import mark_read, set_presence
from sessions_app.actions.replies import retry_reply, stop_reply
from sessions_app.actions.uploading import discard_uploads, upload_file, upload_image

__all__ = [
    "Posted",
    "assign",
    "claim",
    "clear_own_chat",
    "close",
    "delete_message",
    "describe",
    "discard_uploads",
    "edit_message",
    "forget",
    "leave_contact",
    "mark_read",
    "note_change",
    "open_session",
    "open_talk",
    "post_message",
    "rate",
    "release",
    "reopen",
    "request_human",
    "retry_reply",
    "say",
    "set_presence",
    "set_tags",
    "stop_reply",
    "transfer",
    "upload_file",
    "upload_image",
]

"""Shapes of requests, checked here, and of answers, described for the schema."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions_app.models import (
    Floor,
    MessageKind,
    ParticipantRole,
    SenderKind,
    SessionKind,
    SessionStatus,
)

MAX_ID = 2**63 - 1
MAX_SEQ = 2**31 - 1


class PersonSerializer(serializers.Serializer[Any]):
    """Someone who takes part."""

    id = serializers.IntegerField(allow_null=True)
    kind = serializers.ChoiceField(SenderKind.choices)
    name = serializers.CharField()
    avatar = serializers.CharField(allow_null=True)


class AttachmentSerializer(serializers.Serializer[Any]):
    """An uploaded file."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    kind = serializers.ChoiceField(["image", "file"])
    name = serializers.CharField()
    mime = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    width = serializers.IntegerField(required=False)
    height = serializers.IntegerField(required=False)


class MessageSerializer(serializers.Serializer[Any]):
    """A message as the caller may see it."""

    id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    seq = serializers.IntegerField(help_text="Dense number in the session, from 1.")
    prev_seq = serializers.IntegerField(
        help_text="Number of the message before it that the caller can see; 0 for the first."
    )
    kind = serializers.ChoiceField(MessageKind.choices)
    sender = PersonSerializer()
    content = serializers.CharField()
    attachments = AttachmentSerializer(many=True)
    client_msg_id = serializers.CharField(allow_null=True)
    reply_to = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    deleted_at = serializers.DateTimeField(allow_null=True)
    metadata = serializers.DictField()


class ParticipantSerializer(serializers.Serializer[Any]):
    """Someone's place in a session."""

    user = PersonSerializer()
    role = serializers.ChoiceField(ParticipantRole.choices)
    read_seq = serializers.IntegerField()
    online = serializers.BooleanField()


class TeamRefSerializer(serializers.Serializer[Any]):
    """A team."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class RatingSerializer(serializers.Serializer[Any]):
    """What the customer thought of it."""

    score = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField()


class CustomerSerializer(PersonSerializer):
    """The customer of a session, as staff see them."""

    email = serializers.EmailField(allow_null=True)
    is_visitor = serializers.BooleanField(help_text="Anonymous; the e-mail is not proved.")
    online = serializers.BooleanField()


class SessionSerializer(serializers.Serializer[Any]):
    """A session as the caller may see it.  Staff get ``customer``, ``waiting_since``, ``source``
    and tags besides."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(SessionKind.choices)
    status = serializers.ChoiceField(SessionStatus.choices)
    title = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    last_seq = serializers.IntegerField()
    version = serializers.IntegerField(help_text="Counts every visible change; a cursor.")
    last_message = MessageSerializer(allow_null=True)
    unread = serializers.IntegerField()
    participants = ParticipantSerializer(many=True)
    assignee = PersonSerializer(allow_null=True)
    team = TeamRefSerializer(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    metadata = serializers.DictField()
    archived_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    floor = serializers.ChoiceField(Floor.choices, help_text="Who may speak to the customer.")
    live_turn = serializers.UUIDField(allow_null=True, help_text="The answer being written.")
    rating = RatingSerializer(allow_null=True)
    waiting_since = serializers.DateTimeField(allow_null=True, required=False)
    source = serializers.CharField(required=False)  # type: ignore[assignment]
    customer = CustomerSerializer(allow_null=True, required=False)


class SessionPageSerializer(serializers.Serializer[Any]):
    """A page of sessions."""

    results = SessionSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Give it as `cursor` for more.")


class MessagePageSerializer(serializers.Serializer[Any]):
    """A page of messages, ascending by ``seq``."""

    results = MessageSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ChangesSerializer(serializers.Serializer[Any]):
    """What changed after a version, in the order of the changes."""

    results = MessageSerializer(many=True)
    version = serializers.IntegerField(help_text="Ask again after this one.")
    more = serializers.BooleanField()


class TranscriptSerializer(serializers.Serializer[Any]):
    """A whole conversation."""

    session = SessionSerializer()
    messages = MessageSerializer(many=True)


class SessionCountsSerializer(serializers.Serializer[Any]):
    """How many sessions each view of the console holds."""

    waiting = serializers.IntegerField()
    mine = serializers.IntegerField()
    bot = serializers.IntegerField()
    open = serializers.IntegerField()
    closed = serializers.IntegerField()
    unread = serializers.IntegerField()


class SentSerializer(serializers.Serializer[Any]):
    """What was said, and the whole reply to it."""

    session_id = serializers.UUIDField()
    message = MessageSerializer()
    reply = MessageSerializer()


class ReplyErrorSerializer(serializers.Serializer[Any]):
    """Why the assistant gave no reply."""

    code = serializers.CharField()
    message = serializers.CharField()


class SentUnansweredSerializer(serializers.Serializer[Any]):
    """What was said, and who will reply."""

    session_id = serializers.UUIDField()
    message = MessageSerializer()
    reply = MessageSerializer(allow_null=True, help_text="Null.")
    status = serializers.ChoiceField(SessionStatus.choices)
    error = ReplyErrorSerializer(allow_null=True)


class HistorySerializer(MessagePageSerializer):
    """A page of the caller's own talk."""

    session_id = serializers.UUIDField(allow_null=True)


class ClearedSerializer(serializers.Serializer[Any]):
    """What was archived; null for nothing."""

    session_id = serializers.UUIDField(allow_null=True)
    archived_at = serializers.DateTimeField(allow_null=True)


class TicketSerializer(serializers.Serializer[Any]):
    """Entry to the socket, once, within a minute."""

    ticket = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")


# --- Requests -----------------------------------------------------------------------------------


@extend_schema_field({"type": "object", "additionalProperties": True})
class AnyObject(serializers.JSONField):
    """A JSON object; its bounds are checked by the action."""


class OpenSessionRequest(serializers.Serializer[Any]):
    """A new session."""

    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    widget_key = serializers.CharField(required=False, max_length=64)
    team_id = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    metadata = AnyObject(required=False)


class PostMessageRequest(serializers.Serializer[Any]):
    """Something to say.  Repeat with the same ``client_msg_id`` until it is answered."""

    content = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, default=""
    )
    client_msg_id = serializers.CharField(required=False, allow_null=True, max_length=64)
    kind = serializers.ChoiceField(["text", "image", "file", "note"], default="text")
    attachment_ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=10
    )
    reply_to = serializers.UUIDField(required=False, allow_null=True)


class SendRequest(serializers.Serializer[Any]):
    """Something to say to the assistant."""

    message = serializers.CharField(trim_whitespace=False)
    session_id = serializers.CharField(
        required=False, allow_null=True, max_length=64, help_text="One of the caller's own."
    )
    client_msg_id = serializers.CharField(required=False, allow_null=True, max_length=64)


class EditMessageRequest(serializers.Serializer[Any]):
    """New words for a message."""

    content = serializers.CharField(trim_whitespace=False)


class CloseRequest(serializers.Serializer[Any]):
    """Why a session ends."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=200)


class AssignRequest(serializers.Serializer[Any]):
    """To whom a session is given; neither means back to the queue."""

    agent_id = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_ID
    )
    team_id = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_ID
    )


class TransferRequest(AssignRequest):
    """To whom a session is handed on, with a note that only staff see."""

    note = serializers.CharField(required=False, allow_blank=True, max_length=4000)


class ReadRequest(serializers.Serializer[Any]):
    """How far the caller has read."""

    seq = serializers.IntegerField(min_value=0, max_value=MAX_SEQ)


class RateRequest(serializers.Serializer[Any]):
    """A rating."""

    score = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class ContactRequest(serializers.Serializer[Any]):
    """Where the customer can be reached."""

    email = serializers.EmailField(max_length=254)


class TagsRequest(serializers.Serializer[Any]):
    """All tags of a session."""

    tags = serializers.ListField(child=serializers.CharField(max_length=40), max_length=20)


class HandoffRequest(serializers.Serializer[Any]):
    """Why a person is wanted."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=60)


# --- Query parameters ---------------------------------------------------------------------------


class PageQuery(serializers.Serializer[Any]):
    """A keyset page."""

    cursor = serializers.CharField(required=False, max_length=200)
    limit = serializers.IntegerField(required=False, default=50, min_value=1, max_value=200)


class SessionListQuery(PageQuery):
    """Which sessions."""

    status = serializers.CharField(
        required=False, help_text="One or more of bot, queued, assigned, closed; by comma."
    )
    assignee = serializers.CharField(
        required=False, max_length=20, help_text="A user id, `me` or `none`."
    )
    team = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    tag = serializers.CharField(required=False, max_length=40)
    customer = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    q = serializers.CharField(required=False, max_length=200, help_text="Words to look for.")
    unread = serializers.BooleanField(required=False, allow_null=True, default=None)
    ordering = serializers.ChoiceField(
        ["recent", "waiting"],
        default="recent",
        help_text="`recent`: the last changed first; `waiting`: who waits longest first.",
    )

    def validate_status(self, value: str) -> list[str]:
        """Return the statuses in a comma-separated list."""
        wanted = [part for part in value.split(",") if part]
        if unknown := set(wanted) - set(SessionStatus.values):
            raise serializers.ValidationError(f"Unknown status: {sorted(unknown)[0]}")
        return wanted

    def validate_assignee(self, value: str) -> str:
        """Return `me`, `none` or a number."""
        is_id = value.isascii() and value.isdigit() and int(value) <= MAX_ID
        if value not in {"me", "none"} and not is_id:
            raise serializers.ValidationError("A user id, me or none")
        return value


class MessageListQuery(serializers.Serializer[Any]):
    """Which messages: after or before a number."""

    after_seq = serializers.IntegerField(required=False, min_value=0, max_value=MAX_SEQ)
    before_seq = serializers.IntegerField(required=False, min_value=0, max_value=MAX_SEQ)
    cursor = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SEQ,
        help_text="`next` of the page before, with the same other parameters.",
    )
    limit = serializers.IntegerField(required=False, default=50, min_value=1, max_value=200)


class SendQuery(serializers.Serializer[Any]):
    """How long to wait for the reply."""

    wait = serializers.FloatField(
        required=False, default=30, min_value=0, max_value=60, help_text="Seconds, 0 to 60."
    )


class HistoryQuery(serializers.Serializer[Any]):
    """A page of the history."""

    cursor = serializers.IntegerField(required=False, min_value=0, max_value=MAX_SEQ)
    limit = serializers.IntegerField(required=False, default=50, min_value=1, max_value=200)
    order = serializers.ChoiceField(["asc", "desc"], default="asc")


class ChangesQuery(serializers.Serializer[Any]):
    """After which version."""

    after_version = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=MAX_SEQ
    )
    limit = serializers.IntegerField(required=False, default=200, min_value=1, max_value=500)


class TranscriptQuery(serializers.Serializer[Any]):
    """In which form."""

    format = serializers.ChoiceField(["txt", "json", "html"], default="txt")

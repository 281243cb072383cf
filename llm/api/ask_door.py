"""Questions to models, answered beside Django when they are plain (:mod:`chatsite.lib.plain`).

What Django's view does (:class:`llm.api.conversations.ConversationMessagesView`) is done here for
all questions of the moment together; the rules are the same functions.
"""

from __future__ import annotations

import re
from typing import Any

import orjson
from rest_framework import serializers

from accounts import tokens
from accounts.callers import callers
from chatsite.lib import ratelimit
from chatsite.lib.errors import DomainError
from chatsite.lib.plain import App, Plain, Receive, Refuse, Scope, Send, again, whole_body
from llm.api.turn_shapes import AskRequest
from llm.streams import rows
from llm.streams.feeds import feeds
from llm.turns.at_once import ask_at_once
from sessions_app import payloads
from sessions_app.api.base import checked

PATH = re.compile(r"/api/v1/conversations/([0-9a-fA-F-]{36})/messages")
VIEW = "conversation-messages"
ALLOW = "GET, POST, HEAD, OPTIONS"
MOST_BYTES = 128 * 1024
"""Longer ones, and what is in them, are for the view's parser to judge."""


class AskDoor:
    """Answers plain questions; everything else is the next application's."""

    def __init__(self, app: App, refuse: Refuse) -> None:
        self.app = app
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        found = PATH.fullmatch(scope["path"]) if scope["method"] == "POST" else None
        plain = Plain.of(scope, VIEW) if found else None
        if found is None or plain is None or not _is_json(plain):
            await self.app(scope, receive, send)
            return
        raw, events = await whole_body(receive)
        if events[-1]["type"] == "http.request":
            with plain.being_answered() as answered:
                if status := await self._answer(plain, found[1], raw, scope, send):
                    answered(status)
                    return
        await self.app(scope, again(events, receive), send)

    async def _answer(
        self, plain: Plain, conversation_id: str, raw: bytes, scope: Scope, send: Send
    ) -> int:
        """Answer and return with which status; 0 leaves it to Django."""
        wanted = _wanted(raw)
        token = plain.bearer()
        if wanted is None or token is None:
            return 0
        try:
            viewer = await callers.viewer(tokens.holder_of(token))
        except DomainError:
            return 0
        if viewer is None or not viewer.is_staff:
            return 0
        plain.user_id = viewer.user_id
        key = str(viewer.user_id)
        try:
            await ratelimit.hit_all(("api_user", key), ("turn_user", key))
            asked = await ask_at_once(viewer=viewer, conversation_id=conversation_id, **wanted)
            if asked.slots:
                await feeds.expect(
                    asked.turn.pk,
                    [rows.row_of(slot, hidden=asked.turn.blind) for slot in asked.slots],
                )
        except Exception as error:  # noqa: BLE001 - whatever it was, the caller is told
            return await self.refuse(scope, send, error)
        message = payloads.message(asked.message, staff=True, attachments=[])
        body = {"turn_id": str(asked.turn.pk), "message": message}
        await plain.answer(send, 202, body, allow=ALLOW)
        return 202


def _is_json(plain: Plain) -> bool:
    kind = plain.header(b"content-type").partition(";")[0].strip().lower()
    return kind == "application/json" and len(plain.header(b"content-length")) < 7


def _wanted(raw: bytes) -> dict[str, Any] | None:
    """Return a valid question; what is none, the view refuses."""
    if len(raw) > MOST_BYTES:
        return None
    try:
        body = orjson.loads(raw)
        return body if _is_only_text(body) else checked(AskRequest, body)
    except (serializers.ValidationError, ValueError, TypeError, RecursionError):
        return None


def _is_only_text(body: Any) -> bool:
    """Say whether the serializer could add nothing to what every message is checked for."""
    if not isinstance(body, dict) or not body.keys() <= {"content", "client_msg_id"}:
        return False
    content, client_msg_id = body.get("content"), body.get("client_msg_id", "-")
    texts = isinstance(content, str) and isinstance(client_msg_id, str)
    return texts and bool(content and client_msg_id)

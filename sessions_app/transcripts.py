"""A conversation as a file: text, JSON or HTML, with only what the viewer may see."""

import orjson
from django.template.loader import render_to_string

from chatsite.lib import jsons
from chatsite.lib.clock import rfc3339
from sessions_app import payloads, queries
from sessions_app.models import ChatSession


def render(session: ChatSession, *, staff: bool, form: str) -> tuple[bytes, str]:
    """Return the transcript's bytes and media type; ``form`` is txt, json or html."""
    messages = list(queries.messages_of(session.id, staff=staff))
    if form == "json":
        body = {
            "session": queries.shown_one(session.id, staff=staff),
            "messages": [payloads.message(item, staff=staff) for item in messages],
        }
        return jsons.dumps(body, option=orjson.OPT_INDENT_2), "application/json"
    lines = [
        {
            "at": rfc3339(item.created_at),
            "who": item.sender_name or item.sender_kind,
            "kind": item.kind,
            "text": "(deleted)" if item.deleted_at else item.content,
            "files": [] if item.deleted_at else [file.name for file in item.attachments.all()],
        }
        for item in messages
    ]
    if form == "html":
        context = {"session": session, "lines": lines}
        return render_to_string("sessions_app/transcript.html", context).encode(), "text/html"
    text = [f"{session}\n"]
    for line in lines:
        mark = " (note)" if line["kind"] == "note" else ""
        text.append(f"[{line['at']}] {line['who']}{mark}: {line['text']}")
        text.extend(f"    attached: {name}" for name in line["files"])
    return "\n".join(text).encode() + b"\n", "text/plain; charset=utf-8"

"""The protocol, its documentation and its clients say the same."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from chatsite.lib.errors import ValidationFailed
from sessions_app.management.commands.describe_protocol import CLOSE_MEANINGS, describe
from sessions_app.protocol import COMMANDS, FRAMES, Ack, Close, parse

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "sessions_app" / "static" / "sessions_app" / "models"


def test_the_documentation_is_current() -> None:
    assert describe() in (ROOT / "docs" / "realtime.md").read_text()
    assert set(CLOSE_MEANINGS) == set(Close)


def test_the_client_knows_every_frame() -> None:
    code = "\n".join(path.read_text() for path in CLIENT.glob("*.js"))
    unknown = [frame.wire for frame in FRAMES if not re.search(f"[\"']{frame.wire}[\"']", code)]
    # A pong is a sign of life like any frame; presence is the console's own business.
    assert set(unknown) <= {"pong", "presence"}


def test_a_frame_is_its_type_and_fields_and_no_more() -> None:
    frame = Ack(client_msg_id="a", session_id="s", id="i", seq=1, created_at="t")
    assert orjson.loads(frame.encode()) == {
        "type": "ack", "client_msg_id": "a", "session_id": "s", "id": "i", "seq": 1,
        "created_at": "t",
    }  # fmt: skip


def test_every_command_is_parsed_from_the_contract() -> None:
    session = '"session_id":"01a1fdb8-9738-7f83-97a6-bbd2073f6cdd"'
    for raw in (
        '{"type":"ping","content":"ping"}',
        f'{{"type":"subscribe",{session},"after_seq":17}}',
        f'{{"type":"unsubscribe",{session}}}',
        f'{{"type":"message.send",{session},"client_msg_id":"a","content":"b","kind":"text",'
        '"attachment_ids":[]}',
        f'{{"type":"typing",{session},"active":true}}',
        f'{{"type":"read",{session},"seq":18}}',
        '{"type":"presence","status":"away"}',
        f'{{"type":"reply.stop",{session}}}',
    ):
        assert type(parse(raw)) is COMMANDS[orjson.loads(raw)["type"]]
    with pytest.raises(ValidationFailed):
        parse('{"type":"message.send"}')

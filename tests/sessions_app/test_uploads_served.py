"""Uploads and downloads through the real server: bodies that lie, stop or never end."""

from __future__ import annotations

import http.client
import json
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from accounts.tokens import issue_access
from sessions_app import pictures
from sessions_app.models import Attachment
from tests import cast
from tests.sessions_app.samples import picture

pytestmark = pytest.mark.django_db(transaction=True)

MIB = 1024 * 1024
EDGE = "edge"


def form(content: bytes, name: str = "a.txt") -> bytes:
    """A multipart body with one file."""
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + content + f"\r\n--{EDGE}--\r\n".encode()


def headers(**more: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {issue_access(cast.vic())}",
        "Content-Type": f"multipart/form-data; boundary={EDGE}",
        **more,
    }


def post(
    address: str, kind: str, body: Any, given: dict[str, str] | None = None, **more: Any
) -> tuple[int, dict[str, Any]]:
    """POST and return status and body."""
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.request("POST", f"/api/v1/upload/{kind}", body, given or headers(), **more)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_a_file_goes_up_and_comes_down_again(address: str) -> None:
    content = b"0123456789abcdef" * (19 * MIB // 16)
    status, made = post(address, "file", form(content))
    assert (status, made["size"]) == (201, len(content))
    connection = http.client.HTTPConnection(address, timeout=20)
    connection.request("GET", made["url"])
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.read() == content
    connection.request("HEAD", made["url"])
    head = connection.getresponse()
    assert (head.status, head.read()) == (200, b"")
    connection.close()
    assert post(address, "image", form(picture(), "a.png"))[0] == 201


def test_the_sender_of_too_much_is_told_so(address: str) -> None:
    for size in (20 * MIB + 1, 30 * MIB):
        status, problem = post(address, "file", form(b"x" * size))
        assert (status, problem["code"]) == (413, "UPLOAD_TOO_LARGE")
    pieces = iter([b"x" * MIB] * 40)
    status, problem = post(address, "file", pieces, encode_chunked=True)
    assert (status, problem["code"]) == (413, "UPLOAD_TOO_LARGE")
    assert not Attachment.objects.exists()


def test_an_upload_that_is_cut_off_leaves_nothing(address: str) -> None:
    before = set(Path(tempfile.gettempdir()).glob("*.upload"))
    body = form(b"x" * 2 * MIB)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers().items())
    start = f"POST /api/v1/upload/file HTTP/1.1\r\nHost: localhost\r\n{lines}".encode()
    for _ in range(20):
        host, port = address.split(":")
        with socket.create_connection((host, int(port)), timeout=10) as wire:
            wire.sendall(start + f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:-100])
    assert post(address, "file", form(b"after"))[0] == 201
    assert Attachment.objects.get().size == 5
    assert set(Path(tempfile.gettempdir()).glob("*.upload")) == before


def test_a_body_without_a_length_is_a_bad_request(address: str) -> None:
    status, problem = post(address, "file", iter([form(b"words")]), encode_chunked=True)
    assert (status, problem["code"]) == (400, "VALIDATION_FAILED")


def test_waiting_pictures_hold_no_database_connection(address: str) -> None:
    """More wait for their turn to be drawn than the process has connections."""
    body, vic = form(picture(), "a.png"), headers()
    with ThreadPoolExecutor(16) as pool, pictures._slot():
        waiting = [pool.submit(post, address, "image", body, vic) for _ in range(16)]
        done, _ = wait(waiting, timeout=1.5)
        assert not done
        assert answers_soon(address)
    assert {upload.result()[0] for upload in waiting} == {201}


def test_slow_downloads_hold_no_database_connection(address: str) -> None:
    """More read slowly than the process has connections."""
    _, made = post(address, "file", form(b"x" * 19 * MIB))
    host, port = address.split(":")
    with ExitStack() as open_ones:
        for _ in range(16):
            wire = open_ones.enter_context(socket.create_connection((host, int(port)), timeout=10))
            wire.sendall(f"GET {made['url']} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert wire.recv(15) == b"HTTP/1.1 200 OK"
        assert answers_soon(address)


def answers_soon(address: str) -> bool:
    """Ask for something that needs the database."""
    connection = http.client.HTTPConnection(address, timeout=3)
    connection.request("GET", "/api/v1/chat/sessions", headers=headers())
    return connection.getresponse().status == 200

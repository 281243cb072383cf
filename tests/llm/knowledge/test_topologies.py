"""The index where it lives: in the folder of one process, or at a server for all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.viewer import Viewer
from deploy import services
from llm.knowledge import health, search, vectors
from llm.knowledge.models import Article
from llm.knowledge.scope import Scope
from tests.llm.knowledge.conftest import catch_up


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """One process with its index in a folder, as `make run` has it."""
    settings.CHROMA_URL, settings.EMBEDDED, settings.DATA_DIR = "", True, tmp_path
    settings.KNOWLEDGE_BUDGET_S = 20.0
    vectors.index.close()
    vectors.forgive()
    yield tmp_path
    vectors.index.close()


def test_an_index_in_a_folder_finds_by_meaning(folder: Path, returns: Article) -> None:
    assert catch_up() == 1
    found = search.find("send something back", Scope.of_customer(None), k=3)
    assert (found.by_meaning, len(found.passages)) == (True, 1)
    assert (folder / "chroma").is_dir()
    assert health.report()["search"] == "words and meaning"


def test_a_second_process_leaves_the_folder_alone(folder: Path, returns: Article) -> None:
    vectors.index.ping()
    program = (
        "import fcntl, sys\n"
        "try: fcntl.flock(open(sys.argv[1], 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except OSError: sys.exit(7)\n"
    )
    other = [sys.executable, "-c", program, str(folder / "chroma.lock")]
    assert subprocess.run(other, check=False).returncode == 7
    second = vectors.VectorIndex()
    with pytest.raises(vectors.IndexElsewhere):
        second.ping()


def test_many_processes_without_a_server_search_by_words_and_say_so(
    db: None, settings: Any
) -> None:
    settings.CHROMA_URL, settings.EMBEDDED = "", False
    vectors.index.close()
    report = Client().get("/health").json()["parts"]["knowledge"]
    assert report == {"ok": True, "search": "words", "detail": "CHROMA_URL is not set"}


def test_a_server_that_is_away_is_said_without_its_address(db: None, settings: Any) -> None:
    settings.CHROMA_URL = "http://user:secret@127.0.0.1:9"
    vectors.index.close()
    vectors.forgive()
    answer = Client().get("/health")
    report = answer.json()["parts"]["knowledge"]
    assert (report["ok"], report["search"]) == (False, "words")
    assert "secret" not in answer.content.decode()
    vectors.index.close()
    vectors.forgive()


def test_another_process_sees_a_write_at_once(
    chroma: services.Chroma, admin: Viewer, returns: Article
) -> None:
    catch_up()
    program = (
        "import sys, chromadb\n"
        "host, port, name = sys.argv[1:]\n"
        "client = chromadb.HttpClient(host=host, port=int(port))\n"
        "found = client.get_collection(name, embedding_function=None)"
        ".query(query_embeddings=[[0.1] * 384], n_results=5, include=[])\n"
        "print(len(found['ids'][0]))\n"
    )
    arguments = ["127.0.0.1", str(chroma.port), vectors._name(vectors.CHUNK)]
    other = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(other, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "1"

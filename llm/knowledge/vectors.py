"""The vector index: the only module that talks to Chroma, and the only one that filters there.

Vectors can always be made again from the rows, so nothing here is a truth. A collection holds the
vectors of one kind of object by one embedding model: vectors of two models never meet.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings

from chatsite.lib import dbpool
from llm.knowledge.embedding import EmbeddingUnavailable, Vector, embedder
from llm.knowledge.scope import Scope

log = logging.getLogger(__name__)

T = TypeVar("T")
Metadata = dict[str, str | int]

CHUNK, MEMORY = "chunk", "memory"
NO_TEAM = 0
LARGEST_BATCH = 500
LARGEST_PAGE = 5_000
HTTP_TIMEOUT_S = 5.0
REST_AFTER_FAILURE_S = 2.0


class IndexUnavailable(Exception):
    """There is no vector index now; the message is one plain line for operators."""


class IndexElsewhere(IndexUnavailable):
    """Another process has the folder of the index, and does its jobs."""


class VectorIndex:
    """Chroma, as this process reaches it. Its methods block, and raise IndexUnavailable."""

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._client: Any = None
        self._lock_file: IO[str] | None = None
        self._collections: dict[str, Any] = {}

    # --- Finding ------------------------------------------------------------------------------

    def chunks_near(self, vector: Vector, scope: Scope, k: int) -> list[tuple[int, float]]:
        """Ids of the passages nearest to a question, with their cosine similarity."""
        return self._query(CHUNK, vector, _where(scope), k)

    def memories_near(self, vector: Vector, customer_id: int, k: int) -> list[tuple[int, float]]:
        """Ids of what one customer said that is nearest to a question, with the similarity."""
        return self._query(MEMORY, vector, {"customer": int(customer_id)}, k)

    def _query(
        self, kind: str, vector: Vector, where: Mapping[str, Any] | None, k: int
    ) -> list[tuple[int, float]]:
        found = self._call(
            kind,
            lambda chosen: chosen.query(
                query_embeddings=[vector],
                n_results=max(1, k),
                where=where,
                include=["distances"],
            ),
        )
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return [(int(key), 1.0 - float(distance)) for key, distance in pairs]

    # --- Keeping ------------------------------------------------------------------------------

    def known(self, kind: str, ids: Sequence[int]) -> dict[int, Metadata]:
        """What the index has of these objects."""
        if not ids:
            return {}
        found = self._call(
            kind, lambda chosen: chosen.get(ids=[str(key) for key in ids], include=["metadatas"])
        )
        return {
            int(key): dict(metadata or {})
            for key, metadata in zip(found["ids"], found["metadatas"], strict=True)
        }

    def put(self, kind: str, rows: Sequence[tuple[int, Vector, Metadata]]) -> None:
        """Add or replace objects."""
        for batch in _batches(rows):
            # ``add`` ignores an id that is there already, without a word.
            self._do(
                kind,
                "upsert",
                ids=[str(key) for key, _, _ in batch],
                embeddings=[vector for _, vector, _ in batch],
                metadatas=[metadata for _, _, metadata in batch],
            )

    def describe(self, kind: str, rows: Sequence[tuple[int, Metadata]]) -> None:
        """Replace what is known of objects whose vectors stay the same."""
        for batch in _batches(rows):
            self._do(
                kind,
                "update",
                ids=[str(key) for key, _ in batch],
                metadatas=[metadata for _, metadata in batch],
            )

    def drop(self, kind: str, ids: Sequence[int]) -> None:
        """Take objects out; unknown ones do not matter."""
        for batch in _batches(ids):
            self._do(kind, "delete", ids=[str(key) for key in batch])

    # --- Looking after ------------------------------------------------------------------------

    def count(self, kind: str) -> int:
        """How many objects of a kind it holds."""
        return int(self._call(kind, lambda chosen: chosen.count()))

    def everything(self, kind: str) -> dict[int, str]:
        """All ids of a kind with the digest of what was indexed."""
        found: dict[int, str] = {}
        while True:
            page = self._call(
                kind,
                lambda chosen: chosen.get(
                    limit=LARGEST_PAGE, offset=len(found), include=["metadatas"]
                ),
            )
            for key, metadata in zip(page["ids"], page["metadatas"], strict=True):
                found[int(key)] = str((metadata or {}).get("hash", ""))
            if len(page["ids"]) < LARGEST_PAGE:
                return found

    def drop_other_models(self) -> list[str]:
        """Delete the collections of models no longer used; returns their names."""
        with self._guard:
            client = self._opened()
            keep = {_name(kind) for kind in (CHUNK, MEMORY)}
            old = [
                one.name
                for one in client.list_collections()
                if one.name not in keep and one.name.partition("__")[0] in (CHUNK, MEMORY)
            ]
            for name in old:
                client.delete_collection(name)
            return old

    def ping(self) -> None:
        """Raise IndexUnavailable unless the index can be asked."""
        self._call(CHUNK, lambda chosen: chosen.count())

    def close(self) -> None:
        """Let go of the index, so that another process, or another setting, may have it."""
        with self._guard:
            self._client, self._collections = None, {}
            if self._lock_file is not None:
                self._lock_file.close()
                self._lock_file = None

    # --- Reaching it --------------------------------------------------------------------------

    def _call(self, kind: str, ask: Callable[[Any], T]) -> T:
        try:
            return ask(self._collection(kind))
        except (IndexUnavailable, EmbeddingUnavailable):
            raise
        except Exception as error:
            # A server that lost its data knows the collection no more: it is made anew next time.
            self._collections.pop(kind, None)
            raise IndexUnavailable(f"The vector index failed ({type(error).__name__}).") from error

    def _do(self, kind: str, deed: str, **what: Any) -> None:
        self._call(kind, lambda chosen: getattr(chosen, deed)(**what))

    def _collection(self, kind: str) -> Any:
        name = _name(kind)
        held = self._collections.get(kind)
        if held is not None and held.name == name:
            return held
        with self._guard:
            made = self._opened().get_or_create_collection(
                name,
                # Its default one would download a model.
                embedding_function=None,
                metadata={"hnsw:space": "cosine"},
            )
            self._collections[kind] = made
            return made

    def _opened(self) -> Any:
        if self._client is None:
            self._client = self._open_server() if settings.CHROMA_URL else self._open_folder()
        return self._client

    def _open_server(self) -> Any:
        import chromadb

        address = urlsplit(settings.CHROMA_URL)
        client: Any = chromadb.HttpClient(
            host=address.hostname or "",
            port=address.port or (443 if address.scheme == "https" else 8000),
            ssl=address.scheme == "https",
            settings=_quiet(),
        )
        # Its own client waits for ever.
        client._server._session.timeout = HTTP_TIMEOUT_S
        return client

    def _open_folder(self) -> Any:
        if not settings.EMBEDDED:
            raise IndexUnavailable("CHROMA_URL is not set: keyword search only.")
        lock = (settings.DATA_DIR / "chroma.lock").open("w")
        try:
            # A second process would never see what the first one writes.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise IndexElsewhere("Another process has the vector index open.") from None
        import chromadb

        self._lock_file = lock
        return chromadb.PersistentClient(path=str(settings.DATA_DIR / "chroma"), settings=_quiet())


def _quiet() -> Any:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


def _name(kind: str) -> str:
    model = embedder()
    digest = hashlib.sha256(model.model_id.encode()).hexdigest()[:8]
    slug = re.sub(r"[^a-z0-9]+", "-", model.model_id.casefold()).strip("-")[:40] or "model"
    return f"{kind}__{slug}-{digest}__{model.dimension()}"


def _where(scope: Scope) -> dict[str, Any] | None:
    wanted: list[dict[str, Any]] = []
    if not scope.internal:
        wanted.append({"audience": "public"})
    if scope.teams is not None:
        wanted.append({"team": {"$in": [NO_TEAM, *sorted(scope.teams)]}})
    if not wanted:
        return None
    return wanted[0] if len(wanted) == 1 else {"$and": wanted}


def _batches(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for begin in range(0, len(rows), LARGEST_BATCH):
        yield rows[begin : begin + LARGEST_BATCH]


index = VectorIndex()


# --- Asking without waiting for long ---------------------------------------------------------

_pool = ThreadPoolExecutor(4, thread_name_prefix="vectors")
_resting_until = 0.0


def ask(work: Callable[[], T]) -> Future[T]:
    """Do ``work`` beside the caller, who waits for its result as long as it likes.

    After a failure the index is left alone for a moment, so that one that hangs does not hold
    every thread.
    """
    if time.monotonic() < _resting_until:
        failed: Future[T] = Future()
        failed.set_exception(IndexUnavailable("The vector index failed a moment ago."))
        return failed
    return _pool.submit(_and_give_back, work)


def _and_give_back(work: Callable[[], T]) -> T:
    try:
        return work()
    finally:
        dbpool.give_back()


def rest() -> None:
    """Leave the index alone for a moment: it failed, or took too long."""
    global _resting_until  # noqa: PLW0603 - one index per process
    _resting_until = time.monotonic() + REST_AFTER_FAILURE_S


def forgive() -> None:
    """Ask the index again at once, whatever happened (tests)."""
    global _resting_until  # noqa: PLW0603
    _resting_until = 0.0

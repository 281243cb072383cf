"""Does the jobs of the outbox: brings the vector index to what the rows say."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from chatsite.lib import dbpool
from llm.knowledge import outbox, vectors
from llm.knowledge.embedding import EmbeddingUnavailable, embedder
from llm.knowledge.metrics import INDEXED, PENDING
from llm.knowledge.models import Chunk, IndexJob, Memory
from llm.knowledge.vectors import Metadata, index

# A vector takes a tenth of a second; jobs are small so that a deletion never waits for long.
BATCH = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """An object as the index is to know it."""

    pk: int
    text: str
    metadata: Metadata


def do_some() -> int:
    """Do the next few jobs; returns how many.

    Raises IndexUnavailable or EmbeddingUnavailable; the jobs are then tried again later.
    """
    jobs = outbox.claim(BATCH)
    PENDING.set(outbox.pending())
    if not jobs:
        return 0
    try:
        _bring_up_to_date(jobs)
    except (vectors.IndexUnavailable, EmbeddingUnavailable):
        outbox.put_off(jobs)
        raise
    outbox.finish(jobs)
    INDEXED.labels(jobs[0].kind).inc(len(jobs))
    return len(jobs)


def _bring_up_to_date(jobs: Sequence[IndexJob]) -> None:
    kind, wanted = jobs[0].kind, [job.object_id for job in jobs]
    entries = {entry.pk: entry for entry in entries_of(kind, wanted)}
    dbpool.give_back()  # vectors take their time
    index.drop(kind, [key for key in wanted if key not in entries])
    known = index.known(kind, list(entries))
    anew = {job.object_id for job in jobs if job.again}
    changed, described = [], []
    for key, entry in entries.items():
        had = known.get(key)
        if key in anew or had is None or had.get("hash") != entry.metadata["hash"]:
            changed.append(entry)
        elif had != entry.metadata:
            described.append((key, entry.metadata))
    index.describe(kind, described)
    if changed:
        made = embedder().passages([entry.text for entry in changed])
        index.put(
            kind,
            [
                (entry.pk, vector, entry.metadata)
                for entry, vector in zip(changed, made, strict=True)
            ],
        )


def entries_of(kind: str, ids: Sequence[int] | None = None) -> list[Entry]:
    """What the index should hold of a kind, or of some of its objects."""
    if kind == vectors.CHUNK:
        chunks = Chunk.objects.filter(article__status="published").select_related(
            "article__published"
        )
        return [_of_chunk(one) for one in (chunks if ids is None else chunks.filter(pk__in=ids))]
    memories = Memory.objects.all()
    return [_of_memory(one) for one in (memories if ids is None else memories.filter(pk__in=ids))]


def _of_chunk(chunk: Chunk) -> Entry:
    published = chunk.article.published
    assert published is not None  # by a constraint
    text = as_compared(published.title, chunk.heading, chunk.text)
    return Entry(
        chunk.pk,
        text,
        {
            "hash": _digest(text),
            "article": chunk.article_id,
            "audience": published.audience,
            "team": published.team_id or vectors.NO_TEAM,
        },
    )


def as_compared(title: str, heading: str, text: str) -> str:
    """What of a passage is made into its vector."""
    return "\n".join(part for part in (title, heading, text) if part)


def _of_memory(memory: Memory) -> Entry:
    return Entry(
        memory.pk, memory.text, {"hash": _digest(memory.text), "customer": memory.customer_id}
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the index of a kind is not what the rows say, jobs that wait not counted."""

    missing: list[int]
    stale: list[int]
    surplus: list[int]

    def __bool__(self) -> bool:
        return bool(self.missing or self.stale or self.surplus)


def compare(kind: str) -> Difference:
    """Compare rows and index of a kind. Raises IndexUnavailable or EmbeddingUnavailable."""
    waiting = set(IndexJob.objects.filter(kind=kind).values_list("object_id", flat=True))
    wanted = {entry.pk: str(entry.metadata["hash"]) for entry in entries_of(kind)}
    dbpool.give_back()
    held = index.everything(kind)
    missing = [pk for pk in wanted if pk not in held and pk not in waiting]
    stale = [pk for pk, digest in held.items() if wanted.get(pk, digest) != digest]
    surplus = [pk for pk in held if pk not in wanted and pk not in waiting]
    return Difference(missing, [pk for pk in stale if pk not in waiting], surplus)


def repair(kind: str) -> Difference:
    """Write jobs for whatever differs; returns what did."""
    found = compare(kind)
    outbox.touch(kind, [*found.missing, *found.stale, *found.surplus])
    return found


def seems_complete(kind: str) -> bool:
    """Say, by counting alone, whether the index holds as many objects of a kind as it should."""
    rows = (
        Chunk.objects.filter(article__status="published")
        if kind == vectors.CHUNK
        else Memory.objects.all()
    )
    return rows.count() == index.count(kind)

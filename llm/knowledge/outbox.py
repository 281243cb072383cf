"""How the vector index learns of changes: jobs in the database, written with the change itself."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence

from django.db import connection, transaction
from django.db.models import F, Q

from chatsite.lib import clock
from llm.knowledge.models import IndexJob
from llm.knowledge.signals import index_wanted
from sessions_app.signals import announce

LEASE_S = 60
LONGEST_PAUSE_S = 15


def touch(kind: str, ids: Iterable[int], *, again: bool = False) -> None:
    """Have the index look at these objects again, after the caller's transaction."""
    change = uuid.uuid4()
    jobs = [
        IndexJob(kind=kind, object_id=key, touched=change, again=again)
        for key in dict.fromkeys(ids)
    ]
    if not jobs:
        return
    IndexJob.objects.bulk_create(
        jobs,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["kind", "object_id"],
        update_fields=["touched", "again"] if again else ["touched"],
    )
    announce(index_wanted)


def claim(limit: int) -> list[IndexJob]:
    """Take the oldest jobs that nobody has, for LEASE_S seconds; all of one kind."""
    now = clock.now()
    free = IndexJob.objects.filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now))
    if not free.exists():  # on SQLite a transaction would keep every other writer waiting
        return []
    with transaction.atomic():
        skip = connection.features.has_select_for_update_skip_locked
        jobs = list(free.select_for_update(skip_locked=skip).order_by("id")[:limit])
        jobs = [job for job in jobs if job.kind == jobs[0].kind]
        IndexJob.objects.filter(pk__in=[job.pk for job in jobs]).update(
            lease_until=now + dt.timedelta(seconds=LEASE_S), attempts=F("attempts") + 1
        )
    return jobs


def finish(jobs: Sequence[IndexJob]) -> None:
    """Delete jobs that were done; one that was touched meanwhile is free to be done again."""
    with transaction.atomic():
        for job in jobs:
            same = IndexJob.objects.filter(pk=job.pk, touched=job.touched)
            if not same.delete()[0]:
                IndexJob.objects.filter(pk=job.pk).update(lease_until=None)


def put_off(jobs: Sequence[IndexJob]) -> None:
    """Give jobs back that could not be done, to be tried after a pause that grows."""
    for job in jobs:
        pause = min(2.0 ** min(job.attempts, 8), LONGEST_PAUSE_S)
        IndexJob.objects.filter(pk=job.pk).update(
            lease_until=clock.now() + dt.timedelta(seconds=pause)
        )


def pending() -> int:
    """How many jobs are not done yet."""
    return IndexJob.objects.count()

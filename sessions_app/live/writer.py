"""The group-commit writer: one per process, for what comes in by socket.

All sends that wait while a transaction is on its way go into the next one.  A commit costs one
fsync whether it holds one message or fifty, so this is what makes durable acks cheap.  What can be
posted without locks is posted from the loop, in two transactions at a time, so that one is worked
on here while the other waits for the disk; the rest takes a thread.  The second begins when as much
waits as the first has: a commit has a price of its own, and small ones are dear.
"""

import asyncio
import contextvars
import logging
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import DatabaseError, InterfaceError, connection, connections

from chatsite.lib import dbpool
from chatsite.lib.errors import DomainError, InternalError, ServiceUnavailable
from sessions_app.actions.drafts import Draft
from sessions_app.actions.optimistic import OptimisticPosting
from sessions_app.actions.posting import Posted, post_batch

log = logging.getLogger(__name__)

MOST_PER_COMMIT = 200
MOST_COMMITS = 2
Result = Posted | DomainError
Done = Callable[[Result], None]
Send = tuple[Draft, Done]


class GroupCommit:
    """Takes drafts in the event loop and calls back with each one's result after the commit."""

    def __init__(self) -> None:
        self._waiting: list[Send] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._working = 0
        self._under_way: set[uuid.UUID] = set()
        self._optimistic = OptimisticPosting()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    def submit(self, item: Draft, done: Done) -> None:
        """Post ``item`` with the next commit.  A session's results come in their order."""
        self._waiting.append((item, done))
        self._begin()

    def _begin(self) -> None:
        most = MOST_COMMITS if self._optimistic.is_possible() else 1
        if self._working < most and self._is_enough():
            self._working += 1
            # Of its own context: a batch is no part of the request that happened to begin it.
            work = asyncio.get_running_loop().create_task
            task = work(self._work(), context=contextvars.Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Finish, and let go of the loop's connections; the next send starts anew."""
        await asyncio.gather(*self._tasks)
        await self._optimistic.close()

    def close(self) -> None:
        """End the thread and its connection (tests and shutdown); the next send starts anew."""
        self._thread.submit(connections.close_all)
        self._thread.shutdown(wait=True)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    async def _work(self) -> None:
        try:
            while self._is_enough() and (batch := self._take()):
                sessions = {item.session_id for item, _ in batch}
                self._under_way |= sessions
                try:
                    await self._commit(batch, sessions)
                finally:
                    self._under_way -= sessions
        finally:
            self._working -= 1

    def _is_enough(self) -> bool:
        """Say whether a commit is due: of two at a time neither is to be a small one."""
        return len(self._waiting) >= len(self._under_way)

    def _take(self) -> list[Send]:
        """Return what waits, but nothing of a session that has a commit under way."""
        batch: list[Send] = []
        later: list[Send] = []
        for send in self._waiting:
            free = send[0].session_id not in self._under_way
            (batch if free and len(batch) < MOST_PER_COMMIT else later).append(send)
        self._waiting = later
        return batch

    async def _commit(self, batch: list[Send], sessions: set[uuid.UUID]) -> None:
        results = await self._optimistic.post([item for item, _ in batch])
        left = []
        for (item, done), result in zip(batch, results, strict=True):
            if result is None:
                left.append((item, done))
            else:
                done(result)
        if left:
            # One that waits for a lock holds up nobody else.
            settled = sessions - {item.session_id for item, _ in left}
            sessions -= settled
            self._under_way -= settled
            self._begin()
            loop, drafts = asyncio.get_running_loop(), [item for item, _ in left]
            locked = await loop.run_in_executor(self._thread, commit, drafts)
            for (_, done), outcome in zip(left, locked, strict=True):
                done(outcome)


def commit(drafts: list[Draft]) -> list[Result]:
    """Post the drafts together; if that fails, each by itself, so that one cannot spoil the rest.

    Never raises: with the database away every draft gets :class:`ServiceUnavailable`, and its
    sender repeats it with the same id.
    """
    try:
        return dbpool.guarded(post_batch, drafts)
    except (DatabaseError, InterfaceError) as error:
        log.warning("commit failed", extra={"messages": len(drafts), "error": repr(error)})
        if len(drafts) == 1 or not _reachable():
            return [ServiceUnavailable(retry_after=2)] * len(drafts)
    except Exception:
        log.exception("commit failed")
        if len(drafts) == 1:
            return [InternalError()]
    return [result for item in drafts for result in commit([item])]


def _reachable() -> bool:
    try:
        connection.ensure_connection()
    except (DatabaseError, InterfaceError):
        return False
    return True


writer = GroupCommit()
